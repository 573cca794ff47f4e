using System.Text.Json;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class WireRulesTests
{
    [Theory]
    [InlineData("clients/a", true)]
    [InlineData("clients/a/b", true)]
    [InlineData("clients/", false)]
    [InlineData("clientsx/a", false)]
    [InlineData("edgeai/v1/node/n1/cmd/chat/rsp", true)]
    [InlineData("edgeai/v1/node/n1/cmd/chat/req", false)]
    [InlineData("edgeai/v1/pool/p/cmd/chat/req", false)]
    [InlineData("edgeai/v1/cancel", false)]
    [InlineData("edgeai/v1/node/n1/status", false)]
    [InlineData("farm/answers/x", true)]
    [InlineData("farm/other", false)]
    [InlineData("homeassistant/device/x/config", false)]
    [InlineData("clients/+", false)]
    [InlineData("clients/a/#", false)]
    [InlineData("$SYS/broker", false)]
    [InlineData("$share/g/clients/a", false)]
    [InlineData("clients/a\0b", false)]
    [InlineData("clients/a\nb", false)]
    [InlineData("", false)]
    public void WhyRefused_ReplyTopics_FollowTheRules(string topic, bool allowed)
    {
        string? why = new ReplyTopics("edgeai/v1", ["farm/answers/"]).WhyRefused(topic);
        Assert.Equal(allowed, why is null);
    }

    [Fact]
    public void WhyRefused_PrefixAboveTheRoot_StillProtectsTheNodesOwnTopics()
    {
        var rules = new ReplyTopics("edgeai/v1", ["edgeai/"]);
        Assert.NotNull(rules.WhyRefused("edgeai/v1/node/n/cmd/chat/req"));
        Assert.NotNull(rules.WhyRefused(new string('x', 300)));
        Assert.Null(rules.WhyRefused("edgeai/other"));
    }

    [Theory]
    [InlineData("edgeai/v1/node/n1/cmd/chat/req", NodeTopicKind.Command, "chat")]
    [InlineData("edgeai/v1/node/n1/cmd/model.load/req", NodeTopicKind.Command, "model.load")]
    [InlineData("edgeai/v1/node/n1/cmd/a/b/req", NodeTopicKind.Unknown, "")]
    [InlineData("edgeai/v1/node/n1/cmd//req", NodeTopicKind.Unknown, "")]
    [InlineData("edgeai/v1/node/n2/cmd/chat/req", NodeTopicKind.Unknown, "")]
    [InlineData("edgeai/v1/cancel", NodeTopicKind.Cancel, "")]
    [InlineData("edgeai/v1/node/n1/rebirth", NodeTopicKind.Rebirth, "")]
    public void Match_Topics_FindTheirRow(string topic, NodeTopicKind kind, string command)
    {
        Assert.Equal(kind, new NodeTopics("edgeai/v1", "n1").Match(topic, out string name));
        Assert.Equal(command, name);
    }

    [Theory]
    [InlineData("edgeai/v1", "n1", true)]
    [InlineData("a", "n_1-x.y", true)]
    [InlineData("", "n1", false)]
    [InlineData("/a", "n1", false)]
    [InlineData("a/", "n1", false)]
    [InlineData("a/+", "n1", false)]
    [InlineData("$SYS", "n1", false)]
    [InlineData("a", "n/1", false)]
    [InlineData("a", "", false)]
    public void Validate_RootAndId_FollowTheRules(string root, string id, bool valid) =>
        Assert.Equal(valid, new NodeTopics(root, id).Validate() is null);

    [Fact]
    public void ProblemTable_EveryCode_IsInItsPlaceWithTheContractsNameAndStatus()
    {
        (string, int)[] contract =
        [
            ("invalid_payload", 400), ("unsupported_media", 415), ("model_not_found", 404), ("context_overflow", 413),
            ("queue_full", 429), ("not_ready", 503), ("deadline_unreachable", 504), ("timeout", 408),
                ("cancelled", 499),
            ("schema_unsupported", 422), ("internal", 500), ("version", 505),
            // Of operators' commands; the contract's list is that of requests.
            ("forbidden", 403), ("conflict", 409), ("load_failed", 500),
        ];
        Assert.Equal(contract, ProblemTable.Rows.Select(r => (r.Name, r.Status)));
        foreach (var code in Enum.GetValues<ProblemCode>()) Assert.Equal(code, ProblemTable.Of(code).Code);
        foreach (var row in ProblemTable.Rows)
            Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName($"{row.Code}"), row.Name);
    }

    [Fact]
    public void Validate_MqttOptions_NameTheFaultAndTheRemedy()
    {
        var good = new MqttOptions { ClientId = "x" };
        Assert.Null(good.Validate());
        foreach (var (options, says) in new (MqttOptions, string)[]
        {
            (good with { Port = 0 }, "port"), (good with { Host = "" }, "host"), (good with { Password = "p" }, "user"),
            (good with { Tls = new("/does/not/exist") }, "/does/not/exist"),
            (good with { Tls = new("ca", "cert") }, "keyFile"),
            (good with { KeepAliveSeconds = 1 }, "mqtt.keepAliveSeconds"),
            (good with { PacketBytesMax = 2000 }, "mqtt.payloadBytesMax"),
            (good with { OutboxMessagesMax = 0 }, "outbox"),
        })
            Assert.Contains(says, options.Validate());
    }

    [Fact]
    public void Backoff_Next_GrowsToItsMaximumAndStartsAgain()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8), new Random(1));
        double[] ceilings = [1, 2, 4, 8, 8, 8];
        foreach (double ceiling in ceilings) Assert.InRange(backoff.Next().TotalSeconds, ceiling / 2, ceiling);
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.5, 1);
    }

    [Fact]
    public void Outbox_Full_GivesQos1TheRoomOfQos0AndKeepsOrder()
    {
        var outbox = new Outbox(3, 10_000);
        MqttMessage Make(string name, int qos) => new() { Topic = name, Qos = qos };
        Assert.True(outbox.TryAdd(Make("a", 0), out _));
        Assert.True(outbox.TryAdd(Make("b", 1), out _));
        Assert.True(outbox.TryAdd(Make("c", 0), out _));
        Assert.True(outbox.TryAdd(Make("d", 1), out var displaced));
        Assert.Equal(["a"], displaced.Select(m => m.Topic));
        Assert.True(outbox.TryAdd(Make("e", 1), out displaced));
        Assert.Equal(["c"], displaced.Select(m => m.Topic));
        Assert.False(outbox.TryAdd(Make("f", 1), out displaced));
        Assert.Empty(displaced);
        Assert.Null(outbox.Take(mayStartQos1: false));
        Assert.Equal(["b", "d", "e"], Enumerable.Range(0, 3).Select(_ => outbox.Take(true)!.Topic));
        Assert.Equal(0, outbox.Count);
    }

    [Fact]
    public void Outbox_BytesBound_HoldsAndAMessageLargerThanItDisplacesNothing()
    {
        var outbox = new Outbox(100, 2000);
        Assert.True(outbox.TryAdd(new() { Topic = "small", Payload = new byte[1000] }, out _));
        Assert.False(outbox.TryAdd(new() { Topic = "huge", Payload = new byte[3000], Qos = 1 }, out var displaced));
        Assert.Empty(displaced);
        Assert.True(outbox.TryAdd(new() { Topic = "next", Payload = new byte[1000], Qos = 1 }, out displaced));
        Assert.Equal(["small"], displaced.Select(m => m.Topic));
    }
}
