using System.Text.Json;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class NodePresenceTests(Broker broker) : IClassFixture<Broker>
{
    private static string State(MqttMessage message) => message.Json().GetProperty("state").GetString()!;

    private static bool IsStatus(MqttMessage message) => message.Topic.EndsWith("/status", StringComparison.Ordinal);

    [Fact]
    public async Task Status_OverANodesLife_IsBirthChangesAndOffline()
    {
        using var node = await Node.Start(broker);
        var birth = await node.Asker.Messages.Next(IsStatus);
        Assert.True(birth.Retain);
        Assert.Equal($$"""
            {"state":"online","bootId":"{{node.Link.BootId}}","version":"0.1.0","ready":false,"queue":0}
            """, birth.Text());
        node.Link.SetStatus(true, 0);
        node.Link.SetStatus(true, 0);
        node.Link.SetStatus(true, 2);
        Assert.True((await node.Asker.Messages.Next(IsStatus)).Json().GetProperty("ready").GetBoolean());
        Assert.Equal(2, (await node.Asker.Messages.Next(IsStatus)).Json().GetProperty("queue").GetInt32());
        Assert.True(node.Link.Stop(Broker.Limit));
        var offline = await node.Asker.Messages.Next(IsStatus);
        Assert.Equal($$"""{"state":"offline","bootId":"{{node.Link.BootId}}"}""", offline.Text());
        var (_, kept) = await node.Run("mosquitto_sub", "-t", node.Link.Topics.Status, "-C", "1");
        Assert.Equal(offline.Text(), kept.Trim());
    }

    [Fact]
    public async Task Will_ConnectionCut_SaysOfflineAndTheNextBirthOnline()
    {
        using var cut = new TcpCut(broker.Port);
        using var node = await Node.Start(broker, o => o with
        {
            Connection = o.Connection with
            {
                Port = cut.Port, ReconnectMin = TimeSpan.FromSeconds(1), ReconnectMax = TimeSpan.FromSeconds(1),
            },
        });
        Assert.Equal("online", State(await node.Asker.Messages.Next(IsStatus)));
        cut.Cut();
        Assert.Equal("offline", State(await node.Asker.Messages.Next(IsStatus)));
        Assert.Equal("online", State(await node.Asker.Messages.Next(IsStatus)));
    }

    [Fact]
    public async Task Broker_LostWhileStreaming_KeepsTheFinalAndSendsItAfterwards()
    {
        using var own = new Broker();
        using var node = await Node.Start(own);
        node.Ask("""{"messages":[{"role":"user","content":"x"}],"stream":true}""");
        var call = await node.Calls.Next();
        call.Reply.Delta("before");
        await node.Reply("delta");
        own.Stop();
        await node.Offline.Next();
        for (int i = 0; i < 1000; i++) call.Reply.Delta("lost");
        Assert.True(call.Reply.Final(Node.Result("whole")));
        own.Start();
        await node.Online.Next();
        await node.Asker.Online.Next();
        // The requester's session was lost with the broker, so only a reply that comes after both are back can be
        // seen: ask again.
        node.Ask("""{"messages":[{"role":"user","content":"y"}]}""", "c2");
        (await node.Calls.Next()).Reply.Final(Node.Result("second"));
        await node.Asker.Messages.Next(m => m.Text().Contains("second"));
        await own.Logged("'" + node.ReplyTopic + "'");
        Assert.Equal((0, 0), (node.Link.Counters.Waiting, node.Link.LiveCalls));
        Assert.DoesNotContain(node.Logs.Seen, text => text.Contains("is lost"));
    }

    [Fact]
    public async Task Update_SetAndSetAgain_IsRetainedAndComesWithEveryBirth()
    {
        using var node = await Node.Start(broker);
        node.Link.SetUpdate(new("0.1.0", "0.1.0", "current"));
        node.Link.SetUpdate(new("0.1.0", "0.2.0", "rolled_back", "0.2.0 failed"));
        const string last = """
            {"installed_version":"0.1.0","latest_version":"0.2.0","state":"rolled_back","detail":"0.2.0 failed"}
            """;
        bool IsUpdate(MqttMessage m) => m.Topic == node.Link.Topics.Update;
        var first = await node.Asker.Messages.Next(IsUpdate);
        Assert.Equal("""{"installed_version":"0.1.0","latest_version":"0.1.0","state":"current"}""", first.Text());
        Assert.True(first.Retain);
        Assert.Equal(last, (await node.Asker.Messages.Next(IsUpdate)).Text());
        node.Asker.Transport.TryPublish(new MqttMessage { Topic = node.Link.Topics.Rebirth, Qos = 1 });
        Assert.Equal(last, (await node.Asker.Messages.Next(IsUpdate)).Text());
        var (_, kept) = await node.Run("mosquitto_sub", "-t", node.Link.Topics.Update, "-C", "1", "-W", "5");
        Assert.Equal(last, kept.Trim());
    }

    [Fact]
    public async Task Rebirth_PublishesStatusAndInfoAgain()
    {
        using var node = await Node.Start(broker);
        node.Link.SetInfo(new()
        {
            Version = "0.1.0", Limits = new(4000, 256, 32, 1024, 3600),
                Models = [new("demo", "llama", "Q4_0", 512, 4_300_000)],
        });
        var info = (await node.Asker.Messages.Next(m => m.Topic == node.Link.Topics.Info)).Json();
        Assert.Equal("demo", info.GetProperty("models")[0].GetProperty("name").GetString());
        Assert.Equal(512, info.GetProperty("models")[0].GetProperty("context_length").GetInt32());
        Assert.Equal("chat", info.GetProperty("commands")[0].GetString());
        node.Asker.Transport.TryPublish(new() { Topic = node.Link.Topics.Rebirth, Qos = 1 });
        Assert.Equal("online", State(await node.Asker.Messages.Next(IsStatus)));
        await node.Asker.Messages.Next(m => m.Topic == node.Link.Topics.Info);
        await node.Rebirths.Next();
        Assert.Single(node.Rebirths.Seen);
    }

    [Fact]
    public async Task Dispose_WithoutStop_SaysOffline()
    {
        using var node = await Node.Start(broker);
        Assert.Equal("online", State(await node.Asker.Messages.Next(IsStatus)));
        node.Link.Dispose();
        var offline = await node.Asker.Messages.Next(IsStatus);
        Assert.Equal(("offline", true), (State(offline), offline.Retain));
    }

    [Fact]
    public async Task Telemetry_EveryGroup_HasTimeSequenceAndCloudEventAttributes()
    {
        using var node = await Node.Start(broker);
        for (int i = 1; i <= 2; i++)
        {
            node.Link.Publish(new SystemTelemetry { UptimeS = 1.5, RssBytes = 42, TemperatureC = 51.2 });
            var message = await node.Asker.Messages.Next(m => m.Topic == node.Link.Topics.Telemetry("system"));
            var body = message.Json();
            Assert.Equal(i, body.GetProperty("seq").GetInt32());
            Assert.Equal(TimeSpan.Zero, body.GetProperty("time").GetDateTimeOffset().Offset);
            Assert.Equal("""{"uptime_s":1.5,"rss_bytes":42,"temperature_c":51.2}""",
                body.GetProperty("values").GetRawText());
            Assert.Equal(("1.0", "edge.telemetry.system"), (message.Property("specversion"), message.Property("type")));
            Assert.Equal($"/edgeai/v1/node/{node.Name}", message.Property("source"));
        }
        node.Link.Publish(new InferenceTelemetry { TokS = 12.5, Completed = 3 });
        node.Link.Publish(new WeightsTelemetry { Model = "demo", BytesPerToken = 7 });
        node.Link.Publish(new SensorsTelemetry([new("shed", 21.5, "°C", DateTimeOffset.UnixEpoch)]));
        node.Link.Publish(new NodeEvent("model_loaded", "demo"));
        Assert.Equal(12.5, Values(await Next("inference")).GetProperty("tok_s").GetDouble());
        Assert.Equal(7, Values(await Next("weights")).GetProperty("bytes_per_token").GetInt32());
        Assert.Equal("°C", Values(await Next("sensors")).GetProperty("readings")[0].GetProperty("unit").GetString());
        var happened = await node.Asker.Messages.Next(m => m.Topic == node.Link.Topics.Event);
        Assert.Equal((1, "model_loaded"), (happened.Qos, Values(happened).GetProperty("kind").GetString()));

        Task<MqttMessage> Next(string group) => node.Asker.Messages.Next(m =>
            m.Topic == node.Link.Topics.Telemetry(group));
        static JsonElement Values(MqttMessage message) => message.Json().GetProperty("values");
    }

    [Fact]
    public void NodeLink_WrongOptions_NameTheRemedy()
    {
        var handlers = new NodeHandlers { OnChat = _ => { }, OnCancel = _ => { } };
        NodeLink Make(NodeOptions o) => new(o, handlers, static (c, e) => new MosquittoTransport(c, e));
        var good = new NodeOptions { NodeId = "n", Version = "1" };
        Make(good).Dispose();
        Assert.Contains("node id", Assert.Throws<ArgumentException>(() => Make(good with { NodeId = "a/b" })).Message);
        Assert.Contains("root", Assert.Throws<ArgumentException>(() => Make(good with { Root = "#" })).Message);
        Assert.Contains("reply prefix", Assert.Throws<ArgumentException>(() =>
            Make(good with { ReplyPrefixes = ["x"] })).Message);
        Assert.Contains("port", Assert.Throws<ArgumentException>(() =>
            Make(good with { Connection = good.Connection with { Port = 0 } })).Message);
    }
}
