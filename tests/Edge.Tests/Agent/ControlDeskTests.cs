using System.Diagnostics;
using Edge.Agent.Config;
using Edge.Agent.Service;
using Edge.Mqtt;
using Edge.Tests.EndToEnd;
using Edge.Tests.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>The desk in this process, on a wire that only collects: what it says when.</summary>
public sealed class ControlDeskTests : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Wire _wire = new();
    private readonly ModelSeat _seat = new();
    private readonly ChatIntake _intake = new(8, isDurable: false);
    private readonly NodeOptions _options = new() { NodeId = "desk", Version = "1" };
    private readonly ControlDesk _desk;
    private readonly NodeLink _link;
    private readonly Task _running;
    private int _lastId;

    public ControlDeskTests()
    {
        var config = new AgentConfig(
            Model: NativeEdge.Model,
            Inference: new InferenceConfig(Threads: 1),
            Control: new ControlConfig(Models: [new ModelChoice("exact", NativeEdge.Model.Replace("q4_0", "q8_0"))]));
        _desk = new ControlDesk(config, _options, _seat, _intake, NullLogger.Instance);
        _link = new NodeLink(
            _options, new() { OnChat = _ => { }, OnCancel = _ => { } }, (_, _) => _wire);
        _desk.Open(_desk.Start(_link));
        _running = _desk.RunAsync(_stop.Token);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _running.Wait();
        _intake.Dispose();
        _seat.Dispose();
        _link.Dispose();
        _stop.Dispose();
    }

    private Inbox<MqttMessage> Send(ControlRequest request)
    {
        var replies = new Inbox<MqttMessage>();
        var reply = new ReplyStream(
            new($"id{++_lastId}", "desk", "clients/ops/rsp", default, null, 0), null, _options, m =>
            {
                replies.Add(m);
                return true;
            });
        _desk.OnControl(new(request, reply, Stopwatch.GetTimestamp() + 600 * Stopwatch.Frequency));
        return replies;
    }

    private static Task<MqttMessage> End(Inbox<MqttMessage> replies) =>
        replies.Next(m => m.Property("edge-kind") is "final" or "error");

    [Fact]
    public async Task Load_WhenItIsTold_TheDoorIsOpen()
    {
        var seen = new Inbox<(bool Ready, string LastStatus)>();
        _wire.OnPublish = m =>
        {
            if (m.Topic == _link.Topics.Event && m.Text().Contains("model_loaded"))
                seen.Add((_desk.IsReady, _wire.LastOf(_link.Topics.Status)));
        };
        var end = await End(Send(new ControlRequest(ControlCommand.Load, "exact")));
        Assert.Equal("final", end.Property("edge-kind"));
        var (ready, status) = await seen.Next();
        Assert.True(ready);
        Assert.Contains("\"ready\":true", status);
    }

    [Fact]
    public async Task Status_ToldFromTwoThreads_TheLastIsTrue()
    {
        using var done = new CancellationTokenSource();
        var other = Task.Run(() =>
        {
            while (!done.IsCancellationRequested) _desk.TellStatus();
        });
        for (int i = 0; i < 300; i++)
        {
            await End(Send(new ControlRequest(ControlCommand.Drain, Drain: true)));
            Assert.Contains("\"ready\":false", _wire.LastOf(_link.Topics.Status));
            await End(Send(new ControlRequest(ControlCommand.Drain, Drain: false)));
            Assert.Contains("\"ready\":true", _wire.LastOf(_link.Topics.Status));
        }
        await done.CancelAsync();
        await other;
        _desk.TellStopping();
        Assert.Contains("\"ready\":false", _wire.LastOf(_link.Topics.Status));
    }

    private sealed class Wire : IMqttTransport
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, string> _last = [];

        public Action<MqttMessage> OnPublish { get; set; } = _ => { };
        public bool IsOnline => true;
        public MqttCounters Counters => default;

        public string LastOf(string topic)
        {
            lock (_gate) return _last.GetValueOrDefault(topic, "");
        }

        public void Start() { }

        public bool TryPublish(MqttMessage message)
        {
            lock (_gate) _last[message.Topic] = message.Text();
            OnPublish(message);
            return true;
        }

        public bool Stop(MqttMessage? farewell, TimeSpan limit) => true;
        public void Dispose() { }
    }
}
