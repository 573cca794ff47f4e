using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

/// <summary>What every transport promises, against a real broker. A new transport is a new subclass with one
/// line.</summary>
public abstract partial class TransportContract(Broker broker)
{
    private static int s_id;

    protected abstract IMqttTransport Make(MqttOptions options, MqttEvents events);

    private MqttOptions Options(params MqttSubscription[] subscriptions) => new()
    {
        Port = broker.Port,
        ClientId = $"contract-{Interlocked.Increment(ref s_id)}",
        Subscriptions = subscriptions,
        ReconnectMin = TimeSpan.FromMilliseconds(50),
        ReconnectMax = TimeSpan.FromMilliseconds(200),
        SessionExpirySeconds = 60,
    };

    private static string NewTopic(string name) => $"clients/{name}/{Interlocked.Increment(ref s_id)}";

    [Fact]
    public async Task OnOnline_PublishedThere_ComesAfterSuback()
    {
        string topic = NewTopic("birth");
        var options = Options(new MqttSubscription(topic, 1, NoLocal: false));
        IMqttTransport? transport = null;
        var got = new Inbox<MqttMessage>();
        using var made = transport = Make(options, new()
        {
            OnMessage = got.Add,
            OnOnline = () => transport!.TryPublish(new() { Topic = topic, Payload = "birth"u8.ToArray(), Qos = 1 }),
        });
        made.Start();
        Assert.Equal("birth", (await got.Next()).Text());
        string log = broker.Log[broker.Log.IndexOf(options.ClientId, StringComparison.Ordinal)..];
        int suback = log.IndexOf($"Sending SUBACK to {options.ClientId}", StringComparison.Ordinal);
        int birth = log.IndexOf($"Received PUBLISH from {options.ClientId}", StringComparison.Ordinal);
        Assert.InRange(suback, 0, birth);
    }

    [Fact]
    public async Task Message_WithAllProperties_ArrivesWhole()
    {
        string topic = NewTopic("properties");
        using var to = await Client.Connect(Make, Options(new MqttSubscription(topic, 1)));
        using var from = await Client.Connect(Make, Options());
        byte[] correlation = [0, 1, 2, 255, 0];
        Assert.True(from.Transport.TryPublish(new()
        {
            Topic = topic, Payload = "grüße"u8.ToArray(), Qos = 1, ResponseTopic = "clients/a/b",
                Correlation = correlation,
            ContentType = "application/json", ExpirySeconds = 100,
                UserProperties = [new("a", "1"), new("a", "2"), new("ü", "")],
        }));
        var m = await to.Messages.Next();
        Assert.Equal((topic, "grüße", 1, false), (m.Topic, m.Text(), m.Qos, m.Retain));
        Assert.Equal(("clients/a/b", "application/json"), (m.ResponseTopic, m.ContentType));
        Assert.Equal(correlation, m.Correlation.ToArray());
        Assert.InRange(m.ExpirySeconds!.Value, 98u, 100u);
        Assert.Equal([new("a", "1"), new("a", "2"), new("ü", "")], m.UserProperties);
        Assert.True(m.ReceivedAt > 0);
    }

    [Fact]
    public async Task Request_AnsweredFromTheHandler_ReachesTheRequesterWithItsCorrelation()
    {
        string topic = NewTopic("ask"), reply = NewTopic("answer");
        Client? server = null;
        using var s = server = await Client.Connect(Make, Options(new MqttSubscription(topic, 1)), m =>
            server!.Transport.TryPublish(new() { Topic = m.ResponseTopic!, Correlation = m.Correlation,
                Payload = m.Payload, Qos = 1 }));
        using var client = await Client.Connect(Make, Options(new MqttSubscription(reply, 1)));
        for (int i = 0; i < 100; i++)
            client.Transport.TryPublish(new()
            {
                Topic = topic, ResponseTopic = reply, Correlation = BitConverter.GetBytes(i), Payload = $"{i}".Utf8(),
                    Qos = 1,
            });
        for (int i = 0; i < 100; i++)
        {
            var m = await client.Messages.Next();
            Assert.Equal($"{i}", m.Text());
            Assert.Equal(i, BitConverter.ToInt32(m.Correlation.Span));
        }
    }

    [Fact]
    public async Task Handler_StillRunning_HoldsThePubackBack()
    {
        string topic = NewTopic("ack");
        using var inHandler = new ManualResetEventSlim();
        using var mayReturn = new ManualResetEventSlim();
        var options = Options(new MqttSubscription(topic, 1));
        using var to = await Client.Connect(Make, options, _ =>
        {
            inHandler.Set();
            mayReturn.Wait(Broker.Limit);
        });
        string marker = NewTopic("marker");
        using var other = await Client.Connect(Make, Options(new MqttSubscription(marker, 1, NoLocal: false)));
        other.Transport.TryPublish(new() { Topic = topic, Payload = "x"u8.ToArray(), Qos = 1 });
        Assert.True(inHandler.Wait(Broker.Limit));
        // Three whole round trips of another client: a PUBACK that had left would have been seen by then.
        for (int i = 0; i < 3; i++)
        {
            other.Transport.TryPublish(new() { Topic = marker, Payload = $"{i}".Utf8(), Qos = 1 });
            await other.Messages.Next();
        }
        Assert.DoesNotContain($"Received PUBACK from {options.ClientId}", broker.Log);
        mayReturn.Set();
        await broker.Logged($"Received PUBACK from {options.ClientId}");
    }

    [Fact]
    public async Task Connection_Cut_PublishesTheWillAndComesBack()
    {
        string topic = NewTopic("will");
        using var watcher = await Client.Connect(Make, Options(new MqttSubscription(topic, 1)));
        using var cut = new TcpCut(broker.Port);
        using var victim = await Client.Connect(Make, Options(new MqttSubscription(topic + "/in", 1)) with
        {
            Port = cut.Port, Will = new(topic, "gone"u8.ToArray(), 0) { Retain = false },
            // The will must fire before the client is back.
            ReconnectMin = TimeSpan.FromSeconds(1), ReconnectMax = TimeSpan.FromSeconds(1),
        });
        cut.Cut();
        Assert.NotEmpty(await victim.Offline.Next());
        Assert.Equal("gone", (await watcher.Messages.Next()).Text());
        await victim.Online.Next();
        watcher.Transport.TryPublish(new() { Topic = topic + "/in", Payload = "back"u8.ToArray(), Qos = 1 });
        Assert.Equal("back", (await victim.Messages.Next()).Text());
    }

    [Fact]
    public async Task Stop_WithFarewell_SendsItAndKeepsTheWillSilent()
    {
        string topic = NewTopic("farewell");
        using var watcher = await Client.Connect(Make, Options(new MqttSubscription(topic + "/#", 1)));
        var leaver = await Client.Connect(Make, Options() with { Will = new(topic + "/will", "will"u8.ToArray(),
            0) { Retain = false } });
        for (int i = 0; i < 50; i++)
            leaver.Transport.TryPublish(new() { Topic = topic + "/work", Payload = $"{i}".Utf8(), Qos = 1 });
        Assert.True(leaver.Transport.Stop(new() { Topic = topic + "/bye", Payload = "bye"u8.ToArray(), Qos = 1 },
            Broker.Limit));
        leaver.Dispose();
        Assert.Equal("bye", (await watcher.Messages.Next(m => m.Topic == topic + "/bye")).Text());
        watcher.Transport.TryPublish(new() { Topic = "clients/none", Payload = "x"u8.ToArray(), Qos = 1 });
        Assert.Equal(51, watcher.Messages.Seen.Count);
        Assert.DoesNotContain(watcher.Messages.Seen, m => m.Topic == topic + "/will");
    }

    [Fact]
    public async Task Payload_OverTheLimit_IsReportedWithoutItsBytes()
    {
        string topic = NewTopic("huge");
        using var to = await Client.Connect(Make,
            Options(new MqttSubscription(topic, 1)) with { PayloadBytesMax = 2000 });
        using var from = await Client.Connect(Make, Options());
        from.Transport.TryPublish(new() { Topic = topic, Payload = new byte[2001], Qos = 1,
            ResponseTopic = "clients/r" });
        from.Transport.TryPublish(new() { Topic = topic, Payload = new byte[2000], Qos = 1 });
        var huge = await to.Messages.Next();
        Assert.Equal((true, 2001, 0, "clients/r"),
            (huge.IsOversized, huge.WireBytes, huge.Payload.Length, huge.ResponseTopic));
        var fits = await to.Messages.Next();
        Assert.Equal((false, 2000), (fits.IsOversized, fits.Payload.Length));
        Assert.Equal(1, to.Transport.Counters.Oversized);
    }

    [Fact]
    public async Task Retained_PublishedLive_IsMarkedRetained()
    {
        string topic = NewTopic("retained");
        using var to = await Client.Connect(Make, Options(new MqttSubscription(topic, 1)));
        using var from = await Client.Connect(Make, Options());
        from.Transport.TryPublish(new() { Topic = topic, Payload = "r"u8.ToArray(), Qos = 1, Retain = true });
        Assert.True((await to.Messages.Next()).Retain);
        from.Transport.TryPublish(new() { Topic = topic, Qos = 1, Retain = true });
        Assert.True((await to.Messages.Next()).Payload.IsEmpty);
    }

    [Fact]
    public async Task Expiry_WhileTheReceiverIsAway_ArrivesDecremented()
    {
        string topic = NewTopic("expiry");
        var options = Options(new MqttSubscription(topic, 1));
        using (await Client.Connect(Make, options)) { }
        var sender = Options();
        using var from = await Client.Connect(Make, sender);
        from.Transport.TryPublish(new() { Topic = topic, Payload = "x"u8.ToArray(), Qos = 1, ExpirySeconds = 50 });
        await broker.Logged($"Received PUBLISH from {sender.ClientId}"); // It counts from here.
        // The broker counts whole seconds, so some must pass: the one wait in this suite that is the thing under
        // test.
        await Task.Delay(2100);
        using var to = await Client.Connect(Make, options);
        Assert.InRange((await to.Messages.Next()).ExpirySeconds!.Value, 40u, 48u);
    }
}
