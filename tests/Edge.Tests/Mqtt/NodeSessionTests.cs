using Edge.Mqtt;
using Edge.Tests.Mqtt.Journal;
using Xunit;

namespace Edge.Tests.Mqtt;

/// <summary>What the broker keeps of a node from one run to the next, and what it does not take.</summary>
public sealed class NodeSessionTests(Broker broker) : IClassFixture<Broker>, IDisposable
{
    private const string Hello = """{"messages":[{"role":"user","content":"hello"}]}""";
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private Task<Node> Start(string id, params string[] filters) => Node.Start(broker, o => o with
    {
        NodeId = id, SessionFile = _place.Path + ".session",
        MoreSubscriptions = [.. filters.Select(filter => new MqttSubscription(filter, 1))],
    });

    // The messages so far are with the node when it has heard the marker behind them.
    private static async Task<IReadOnlyCollection<MqttMessage>> Delivered(Node node, string topic)
    {
        node.Asker.Transport.TryPublish(new() { Topic = topic, Payload = "x"u8.ToArray(), Qos = 1 });
        node.Asker.Transport.TryPublish(new() { Topic = node.Link.Topics.Rebirth, Qos = 1 });
        await node.Rebirths.Next();
        return node.Others.Seen;
    }

    [Fact]
    public async Task Filter_Changed_TheOldOneIsUnsubscribed()
    {
        using (var first = await Start("changes", "farm/+/t"))
            Assert.Single(await Delivered(first, "farm/a/t"));
        using (var second = await Start("changes", "farm/#"))
            Assert.Single(await Delivered(second, "farm/a/t"));
        using var third = await Start("changes");
        Assert.Empty(await Delivered(third, "farm/a/t"));
        await broker.Logged("Received UNSUBSCRIBE from edge-changes", times: 2);
        Assert.DoesNotContain("farm", await File.ReadAllTextAsync(_place.Path + ".session"));
    }

    [Fact]
    public async Task Filter_LeftInTheSessionWithoutAFile_ReachesNobody()
    {
        using (var first = await Start("forgets", "yard/#"))
            Assert.Single(await Delivered(first, "yard/a"));
        File.Delete(_place.Path + ".session");
        using var second = await Start("forgets");
        Assert.Empty(await Delivered(second, "yard/a"));
    }

    [Fact]
    public void SessionFile_WithRubbish_GivesOnlyFilters()
    {
        string path = _place.Path + ".session";
        File.WriteAllText(path, "farm/+/t\n\na/#/b\nyard/#\n");
        var log = new List<string>();
        var session = new SessionFilters(path, log.Add);
        Assert.Equal(["farm/+/t", "yard/#"], session.Read());
        session.Write(["a", "b"]);
        Assert.Equal(["a", "b"], session.Read());
        Assert.Empty(log);
        // A folder that cannot be made: said, and no reason not to start.
        var nowhere = new SessionFilters(path + "/under/a/file", log.Add);
        nowhere.Write(["a"]);
        Assert.Contains("cannot be written", Assert.Single(log));
        Assert.Empty(nowhere.Read());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_LargerThanTheBrokerTakes_IsAProblemThatNamesTheLimit(bool durable)
    {
        using var small = new Broker("max_packet_size 3000");
        using var node = await Node.Start(small, o => o with { Journal = durable ? _place.Options : null });
        for (int i = 0; i < 2; i++)
        {
            // The second time it is a repetition, which gets the same.
            node.Ask(Hello);
            if (i == 0) (await node.Calls.Next()).Reply.Final(Node.Result(new string('x', 5000)));
            var refusal = await node.Refusal("internal", 500);
            Assert.Contains("at most 3000", refusal.Text());
            Assert.Equal("c1"u8.ToArray(), refusal.Correlation.ToArray());
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while (node.Link.LiveCalls > 0)
            {
                Assert.True(clock.Elapsed < Broker.Limit, "the call is still open");
                await Task.Delay(10);
            }
        }
        Assert.Single(node.Calls.Seen);
        Assert.Contains(node.Logs.Seen, text => text.Contains("more than the broker takes (3000)"));
    }
}
