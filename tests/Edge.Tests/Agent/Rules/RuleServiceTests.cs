using Edge.Agent.Config;
using Edge.Agent.Rules;
using Edge.Agent.Service;
using Edge.Engine;
using Edge.Mqtt;
using Edge.Tests.Mqtt;
using Xunit;

namespace Edge.Tests.Agent.Rules;

/// <summary>The loop of the rules and its inbox.</summary>
public sealed class RuleServiceTests
{
    private static readonly RuleConfig Farm = new(
        "farm", new TriggerConfig(Topic: "farm/+/telemetry"), new() { ["temp"] = "temperature" },
        "{{ topic[1] }}: temp {{ temp }}C", Publish: new("verdicts/{{ topic[1] }}"));

    private readonly RuleInbox _inbox = new();
    private readonly Inbox<string> _asked = new(), _log = new();

    private static MqttMessage Message(string topic, string payload) => new()
    {
        Topic = topic, Payload = payload.Utf8(), WireBytes = payload.Utf8().Length,
    };

    // The encoder hears every question; the engine takes none.
    private RuleService Start(Func<IReadOnlyList<int>>? encode = null)
    {
        var (rules, problem) = RuleBench.Compile(Farm);
        Assert.Null(problem);
        var asker = new RuleAsker("shed", "edgeai/v1", (messages, _) =>
        {
            _asked.Add(messages[^1].Content);
            return encode?.Invoke() ?? [];
        }, _ => new AdmissionResult(Admission.Draining, 0, 0, "test"));
        return new RuleService(tell => new RuleBook(rules, "shed", () => [], TimeProvider.System, tell), asker, _inbox,
            _ => true, _log.Add);
    }

    [Theory]
    [InlineData("""{"temperature":21,"x":"\ud800"}""")]
    [InlineData("""{"temperature":21,"\udc00":1}""")]
    [InlineData("""{"temperature":"\ud83d"}""")]
    public async Task Message_WithHalfACharacter_IsLeftOutAndTheNextIsAsked(string payload)
    {
        using var service = Start();
        _inbox.TryAdd(Message("farm/a/telemetry", payload));
        _inbox.TryAdd(Message("farm/b/telemetry", """{"temperature":22,"x":"\ud83d\ude00"}"""));
        Assert.Equal("b: temp 22C", await _asked.Next());
        Assert.Single(_asked.Seen);
        Assert.Contains("half a character", await _log.Next(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Loop_Fault_IsToldByLoopAndDisposeStillWorks()
    {
        var service = Start(() => throw new InvalidOperationException("a bug"));
        _inbox.TryAdd(Message("farm/a/telemetry", """{"temperature":1}"""));
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => service.Loop.WaitAsync(Broker.Limit));
        Assert.Equal("a bug", fault.Message);
        Assert.True(service.IsBusy); // What it died of is not done: the look for life sees that too.
        service.Dispose();
    }

    [Fact]
    public async Task WhileAllLive_ALoopEndsInAFault_TheWorkEndsAndTheFaultComesOut()
    {
        var loop = new TaskCompletionSource();
        var running = NodeService.WhileAllLive(async ending =>
        {
            var told = new TaskCompletionSource();
            using var registration = ending.Register(told.SetResult);
            await told.Task;
        }, CancellationToken.None, Task.Delay(Timeout.Infinite), loop.Task);
        Assert.False(running.IsCompleted);
        loop.SetException(new InvalidOperationException("a bug"));
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => running.WaitAsync(Broker.Limit));
        Assert.Equal("a bug", fault.Message);
    }

    [Fact]
    public void Inbox_ManyLargeMessages_IsBoundedInBytes()
    {
        string large = new('x', PayloadPath.PayloadBytesMax);
        int taken = Enumerable.Range(0, RuleInbox.MessagesMax).Count(_ => _inbox.TryAdd(Message("t", large)));
        Assert.Equal(RuleInbox.BytesMax / large.Length, taken);
        Assert.Equal(RuleInbox.BytesMax, _inbox.Bytes);
        Assert.Equal(RuleInbox.MessagesMax - taken, _inbox.Dropped);
        while (_inbox.TryTake(out _)) { }
        Assert.Equal((0L, 0), (_inbox.Bytes, _inbox.Count));
    }

    [Fact]
    public void Inbox_MessageThatNoRuleReads_WaitsWithoutItsPayload()
    {
        Assert.True(_inbox.TryAdd(Message("farm/a/telemetry", new string('x', PayloadPath.PayloadBytesMax + 1))));
        Assert.True(_inbox.TryTake(out var message));
        Assert.True(message!.IsOversized);
        Assert.Equal(0, _inbox.Bytes);
        var bench = new RuleBench([Farm]);
        Assert.Empty(bench.Book.Take(message));
        Assert.Contains("65537 bytes", Assert.Single(bench.Problems), StringComparison.Ordinal);
    }
}
