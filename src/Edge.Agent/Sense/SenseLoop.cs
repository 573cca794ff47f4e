using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Edge.Agent.Config;
using Edge.Agent.Fleet;
using Edge.Devices.Simulated;
using Edge.Mqtt;

namespace Edge.Agent.Sense;

/// <summary>A client of one node: sends a reading, waits for its final reply, sends the next.</summary>
internal sealed class SenseLoop : IDisposable
{
    private const int RepliesMax = 64;
    private const int RefusalsInARowMax = 10;

    private readonly NodeTopics _topics;
    private readonly TimeSpan _timeout;
    private readonly Action<string, string> _onTelemetry;
    private readonly string _replyTopic;
    private readonly BrokerClient _client;
    private readonly ManualResetEventSlim _nodeReady = new();
    // A reply that nobody waits for any more is dropped, oldest first.
    private readonly Channel<MqttMessage> _replies = Channel.CreateBounded<MqttMessage>(
        new BoundedChannelOptions(RepliesMax) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <param name="topics">The node's.</param>
    /// <param name="broker">Where, and as whom.</param>
    /// <param name="timeout">For broker, node and each reply.</param>
    /// <param name="onTelemetry">Hears (group, JSON) on the network thread.</param>
    public SenseLoop(NodeTopics topics, MqttConfig broker, TimeSpan timeout, Action<string, string> onTelemetry)
    {
        _onTelemetry = onTelemetry;
        _topics = topics;
        _timeout = timeout;
        string client = $"edge-sense-{Environment.ProcessId}-{Random.Shared.Next():x8}";
        _replyTopic = $"clients/{client}/rsp";
        _client = new BrokerClient(
            broker, client, [new(_replyTopic, 1), new(topics.Status, 1), new(topics.Telemetry("+"), 0)], OnMessage);
    }

    /// <summary>True when every reading got a verdict that satisfies the schema. Errors: UserErrorException when broker
    /// or node stay away.</summary>
    public bool Run(int seed, int count, TimeSpan interval, Action<SenseReport> print, CancellationToken stop)
    {
        var site = new SimulatedSite(seed);
        int sent = 0, valid = 0, missingInARow = 0;
        try
        {
            if (_client.Connect(_timeout, stop) is { } why)
                throw new UserErrorException($"{why}; start one or give --broker HOST:PORT");
            if (!_nodeReady.Wait(_timeout, stop))
                throw new UserErrorException(
                    $"node '{_topics.NodeId}' is not ready on {_client.Address}; start 'edge run' or give --node ID");
            while (count == 0 || sent < count)
            {
                long started = Stopwatch.GetTimestamp();
                var report = Ask(site.Next().Line, stop);
                sent++;
                if (report.Valid) valid++;
                missingInARow = report.Reply is null ? missingInARow + 1 : 0;
                print(report);
                if (missingInARow == RefusalsInARowMax)
                    throw new UserErrorException(
                        $"node '{_topics.NodeId}' gave no verdict {RefusalsInARowMax} times in a row");
                var rest = interval - Stopwatch.GetElapsedTime(started);
                if (rest > TimeSpan.Zero && sent != count && stop.WaitHandle.WaitOne(rest)) break;
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C: what came so far counts.
        }
        Console.Error.WriteLine($"{valid} of {sent} readings got a valid verdict");
        return valid == sent && sent >= count;
    }

    public void Dispose()
    {
        _client.Dispose();
        _nodeReady.Dispose();
    }

    private SenseReport Ask(string line, CancellationToken stop)
    {
        byte[] correlation = Guid.NewGuid().ToByteArray();
        long started = Stopwatch.GetTimestamp();
        bool taken = _client.TryPublish(new MqttMessage
        {
            Topic = _topics.Request("chat"),
            Qos = 1,
            Payload = SenseRequest.Body(line),
            ContentType = "application/json",
            ResponseTopic = _replyTopic,
            Correlation = correlation,
            ExpirySeconds = (uint)Math.Ceiling(_timeout.TotalSeconds),
        });
        var reply = taken ? WaitForFinal(correlation, stop) : null;
        double latency = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        if (reply is null)
            return new SenseReport(line, null, false, $"no reply within {_timeout.TotalSeconds} s", null, latency);
        var (text, rate, problem) = SenseReply.Read(reply);
        problem ??= SenseRequest.Violation(text!);
        return new SenseReport(line, text, problem is null, problem, rate, latency);
    }

    private MqttMessage? WaitForFinal(byte[] correlation, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_timeout);
        try
        {
            while (true)
            {
                var message = _replies.Reader.ReadAsync(limit.Token).AsTask().GetAwaiter().GetResult();
                if (message.Correlation.Span.SequenceEqual(correlation) && SenseReply.IsLast(message)) return message;
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private void OnMessage(MqttMessage message)
    {
        if (message.Topic == _replyTopic) _replies.Writer.TryWrite(message);
        else if (message.Topic == _topics.Status) OnStatus(message.Payload);
        else OnTelemetry(message);
    }

    private void OnTelemetry(MqttMessage message)
    {
        string group = message.Topic[(message.Topic.LastIndexOf('/') + 1)..];
        _onTelemetry(group, Encoding.UTF8.GetString(message.Payload.Span));
    }

    private void OnStatus(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var status = JsonDocument.Parse(payload);
            bool isReady = status.RootElement.TryGetProperty("ready", out var ready)
                && ready.ValueKind == JsonValueKind.True;
            if (isReady) _nodeReady.Set();
            else _nodeReady.Reset();
        }
        catch (JsonException)
        {
            _nodeReady.Reset(); // Not a node of ours.
        }
    }
}
