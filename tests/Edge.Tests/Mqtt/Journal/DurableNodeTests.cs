using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt.Journal;

/// <summary>A node with a journal on a real broker. The same with kill -9 and the native binary:
/// EndToEnd/DurabilityTests.</summary>
public sealed class DurableNodeTests(Broker broker) : IClassFixture<Broker>, IDisposable
{
    private const string Hello = """{"messages":[{"role":"user","content":"hello"}]}""";
    private const string Other = """{"messages":[{"role":"user","content":"other"}]}""";
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private Task<Node> Start(Func<NodeOptions, NodeOptions>? more = null, Action<ChatCall>? onChat = null) =>
        Node.Start(broker, o => more?.Invoke(o with { Journal = _place.Options }) ??
            o with { Journal = _place.Options }, onChat);

    [Fact]
    public async Task Chat_Handed_IsInTheJournalAlready()
    {
        long bytes = 0;
        using var node = await Start(onChat: _ => bytes = new FileInfo(_place.Path).Length);
        node.Ask(Hello);
        (await node.Calls.Next()).Reply.Final(Node.Result("x"));
        Assert.True(bytes > Hello.Length);
        await node.Reply("final");
    }

    [Fact]
    public async Task Repetition_Answered_GetsTheCachedReplyAndAnotherBodyARefusal()
    {
        using var node = await Start(onChat: call => call.Reply.Final(Node.Result("only once")));
        node.Ask(Hello);
        var first = await node.Reply("final");
        await Done(node);
        node.Ask(Hello);
        var second = await node.Reply("final");
        Assert.Equal(first.Text(), second.Text());
        Assert.Equal(first.UserProperties, second.UserProperties);
        node.Ask(Other);
        Assert.Contains("was answered", (await node.Refusal("invalid_payload", 400)).Text());
        Assert.Single(node.Calls.Seen);
    }

    [Fact]
    public async Task Restart_WithACallUnanswered_RunsItAgainUnderItsId()
    {
        string id;
        using (var node = await Start())
        {
            node.Ask(Hello, "r");
            id = (await node.Calls.Next()).Id;
        }
        using var after = await Start();
        Assert.Empty(after.Calls.Seen);
        after.Link.Resume();
        var call = await after.Calls.Next();
        Assert.Equal((id, true, "hello"), (call.Id, call.IsResumed, call.Request.Messages[0].Content));
        Assert.False(call.Reply.Accepted(0));
        call.Reply.Final(Node.Result("after all"));
        await Done(after);
    }

    [Fact]
    public async Task Restart_PastTheDeadline_IsAnsweredWithTimeout()
    {
        using (var node = await Start())
        {
            node.Ask("""{"messages":[{"role":"user","content":"x"}],"timeout_s":0.1}""", "late",
                m => m with { ResponseTopic = "clients/late/rsp" });
            await node.Calls.Next();
        }
        using var asker = await Client.Connect(static (o, e) => new Edge.Mqtt.Libmosquitto.MosquittoTransport(o, e),
            new() { Port = broker.Port, ClientId = "late", Subscriptions = [new("clients/late/rsp", 1)] });
        // The deadline is a tenth of a second; the restart waits it out.
        await Task.Delay(150);
        using var after = await Start();
        after.Link.Resume();
        Assert.Equal("timeout", (await asker.Messages.Next()).Json().GetProperty("code").GetString());
        Assert.Empty(after.Calls.Seen);
    }

    [Fact]
    public async Task Requests_InOneBurst_ShareSyncs()
    {
        using var node = await Start(o => o with { CallsMax = 1000 });
        for (int i = 0; i < 300; i++) node.Ask(Hello, $"b{i}");
        for (int i = 0; i < 300; i++) await node.Calls.Next();
        Assert.Equal(300, node.Link.LiveCalls);
        Assert.InRange(node.Link.Ledger.Syncs, 1, 300);
        foreach (var call in node.Calls.Seen) call.Reply.Final(Node.Result(call.Id));
        for (int i = 0; i < 300; i++) await node.Reply("final");
        await Done(node);
    }

    [Fact]
    public async Task Pool_Request_IsServedByAMemberAndAnsweredFromIt()
    {
        using var first = await Start(o => o with { Pools = ["farm"] });
        using var second = await Node.Start(broker, o => o with { Pools = ["farm"] });
        foreach (var node in new[] { first, second }) node.Link.Resume();
        await broker.Logged($"Sending SUBACK to edge-{first.Name}-pool");
        await broker.Logged($"Sending SUBACK to edge-{second.Name}-pool");
        for (int i = 0; i < 6; i++)
            first.Ask(Hello, $"p{i}", m => m with { Topic = first.Link.Topics.PoolRequest("farm", "chat") });
        // mosquitto goes round: both get work.
        foreach (var node in new[] { first, second })
            for (int i = 0; i < 3; i++) (await node.Calls.Next()).Reply.Final(Node.Result(node.Name));
        for (int i = 0; i < 6; i++) await first.Reply("final");
        // Who leaves gets nothing more.
        second.Link.LeavePools(Broker.Limit);
        for (int i = 0; i < 4; i++)
            first.Ask(Hello, $"q{i}", m => m with { Topic = first.Link.Topics.PoolRequest("farm", "chat") });
        for (int i = 0; i < 4; i++) (await first.Calls.Next()).Reply.Final(Node.Result("first"));
        for (int i = 0; i < 4; i++) await first.Reply("final");
        Assert.Equal(3, second.Calls.Seen.Count);
    }

    [Fact]
    public async Task Requester_OverItsRate_IsRefusedWithRetryAfterAndOthersAreNot()
    {
        using var node = await Start(o => o with { Requesters = [new("clients/", PerMinute: 1, Burst: 2)] });
        for (int i = 0; i < 3; i++) node.Ask(Hello, $"r{i}");
        var refusal = await node.Refusal("queue_full", 429);
        Assert.InRange(refusal.Json().GetProperty("retry_after_s").GetDouble(), 30, 60);
        node.Ask(Hello, "s", m => m with { ResponseTopic = node.Link.Topics.Response("chat") });
        for (int i = 0; i < 3; i++) (await node.Calls.Next()).Reply.Final(Node.Result("x"));
        for (int i = 0; i < 3; i++) await node.Reply("final");
    }

    private static async Task Done(Node node)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (node.Link.LiveCalls > 0)
        {
            Assert.True(clock.Elapsed < Broker.Limit, $"{node.Link.LiveCalls} calls are still open");
            await Task.Yield();
        }
    }
}
