using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

// Links, brokers, handlers and options that go wrong.
public abstract partial class TransportContract
{
    [Fact]
    public async Task BrokerDownAtStart_ThenUp_ConnectsAndSendsWhatWaited()
    {
        using var late = new Broker("", start: false);
        string topic = NewTopic("late");
        using var client = Client.Make(Make, Options(new MqttSubscription(topic, 1,
            NoLocal: false)) with { Port = late.Port });
        var (level, text) = await client.Logs.Next();
        Assert.Equal(MqttLogLevel.Warning, level);
        Assert.Contains($"127.0.0.1:{late.Port}", text);
        Assert.False(client.Transport.IsOnline);
        Assert.True(client.Transport.TryPublish(new() { Topic = topic, Payload = "waited"u8.ToArray(), Qos = 1 }));
        Assert.False(client.Transport.TryPublish(new() { Topic = topic, Payload = "lost"u8.ToArray(), Qos = 0 }));
        Assert.Equal(MqttDropReason.Offline, (await client.Dropped.Next()).Reason);
        late.Start();
        await client.Online.Next();
        Assert.Equal("waited", (await client.Messages.Next()).Text());
    }

    [Fact]
    public async Task Broker_StoppedAndStarted_IsFoundAgainWithSubscriptions()
    {
        using var own = new Broker();
        string topic = NewTopic("restart");
        using var client = await Client.Connect(Make,
            Options(new MqttSubscription(topic, 1, NoLocal: false)) with { Port = own.Port });
        for (int round = 0; round < 3; round++)
        {
            own.Stop();
            await client.Offline.Next();
            Assert.True(client.Transport.TryPublish(new() { Topic = topic, Payload = $"{round}".Utf8(), Qos = 1 }));
            own.Start();
            await client.Online.Next();
            Assert.Equal($"{round}", (await client.Messages.Next()).Text());
        }
        Assert.Equal(4, client.Transport.Counters.Connects);
    }

    [Fact]
    public async Task Outbox_Full_DropsQos0FirstAndReports()
    {
        using var late = new Broker("", start: false);
        using var client = Client.Make(Make, Options() with { Port = late.Port, OutboxMessagesMax = 3 });
        for (int i = 0; i < 3; i++)
            Assert.True(client.Transport.TryPublish(new() { Topic = "clients/full", Payload = $"{i}".Utf8(),
                Qos = 1 }));
        Assert.False(client.Transport.TryPublish(new() { Topic = "clients/full", Payload = "3"u8.ToArray(), Qos = 1 }));
        var (message, reason) = await client.Dropped.Next();
        Assert.Equal(("3", MqttDropReason.OutboxFull, 3), (message.Text(), reason, client.Transport.Counters.Waiting));
    }

    [Fact]
    public async Task Handler_Throwing_CostsOnlyItsMessage()
    {
        string topic = NewTopic("fault");
        using var to = await Client.Connect(Make, Options(new MqttSubscription(topic, 1)), m =>
        {
            if (m.Text() == "bad") throw new InvalidOperationException("a handler's bug");
        });
        using var from = await Client.Connect(Make, Options());
        from.Transport.TryPublish(new() { Topic = topic, Payload = "bad"u8.ToArray(), Qos = 1 });
        from.Transport.TryPublish(new() { Topic = topic, Payload = "good"u8.ToArray(), Qos = 1 });
        Assert.Equal("good", (await to.Messages.Next()).Text());
        Assert.Contains("a handler's bug", (await to.Logs.Next()).Text);
        Assert.Equal(1, to.Transport.Counters.HandlerFaults);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/+/b")]
    [InlineData("a/#")]
    [InlineData("$SYS/x")]
    [InlineData("a\0b")]
    public async Task TryPublish_UnusableTopic_IsDroppedWithReason(string topic)
    {
        using var client = await Client.Connect(Make, Options());
        Assert.False(client.Transport.TryPublish(new() { Topic = topic, Qos = 1 }));
        Assert.Equal(MqttDropReason.InvalidTopic, (await client.Dropped.Next()).Reason);
        Assert.True(client.Transport.IsOnline);
    }

    [Fact]
    public async Task Subscription_RefusedBySecurityPlugin_NeverGoesOnlineAndSaysSo()
    {
        // mosquitto's access list files never refuse a SUBSCRIBE; its security plug-in, in the same package, does.
        string plugin = Directory.GetDirectories("/usr/lib", "*-linux-gnu*")
            .Select(folder => Path.Combine(folder, "mosquitto_dynamic_security.so")).First(File.Exists);
        using var strict = new Broker("", listener: folder =>
        {
            File.WriteAllText(Path.Combine(folder, "acl.json"), """
                {"defaultACLAccess":{"publishClientSend":true,"publishClientReceive":true,
                "subscribe":false,"unsubscribe":true}}
                """);
            return $"listener {{port}} 127.0.0.1\nallow_anonymous true\n" +
                $"plugin {plugin}\nplugin_opt_config_file {folder}/acl.json\n";
        });
        using var client = Client.Make(Make, Options(new MqttSubscription("forbidden/#",
            1)) with { Port = strict.Port });
        var (_, text) = await client.Logs.Next(l => l.Text.Contains("subscription"));
        Assert.Contains("access list", text);
        Assert.Empty(client.Online.Seen);
    }

    [Fact]
    public async Task Password_Wrong_IsToldAndRetried()
    {
        using var closed = new Broker("", listener: _ => "listener {port} 127.0.0.1\nallow_anonymous false\n");
        using var client = Client.Make(Make, Options() with { Port = closed.Port, User = "u", Password = "wrong" });
        var (_, text) = await client.Logs.Next();
        Assert.Contains("the broker refused the connection", text);
        Assert.Contains("authori", text, StringComparison.OrdinalIgnoreCase);
        await client.Logs.Next();
    }

    [Fact]
    public async Task Tls_PinnedAuthorityAndClientCertificate_LetOnlyTheRightOnesIn()
    {
        TestCertificates? made = null;
        using var secure = new Broker("", listener: folder =>
        {
            made = new(Path.Combine(folder, "tls"));
            var (certificate, key) = made.Issue("broker");
            return $"listener {{port}} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\n" +
                $"cafile {made.CaFile}\ncertfile {certificate}\nkeyfile {key}\n";
        });
        var (mine, myKey) = made!.Issue("client");
        var options = Options(new MqttSubscription("clients/tls", 1, NoLocal: false)) with { Port = secure.Port };
        using (var good = await Client.Connect(Make, options with { Tls = new(made.CaFile, mine, myKey) }))
        {
            byte[] large = new byte[200_000];
            good.Transport.TryPublish(new() { Topic = "clients/tls", Payload = large, Qos = 1 });
            Assert.Equal(large.Length, (await good.Messages.Next()).Payload.Length);
        }
        var others = new TestCertificates(Path.Combine(secure.Folder, "others"));
        foreach (var tls in new[] { new MqttTls(others.CaFile, mine, myKey), new MqttTls(made.CaFile) })
        {
            using var bad = Client.Make(Make, options with { Tls = tls });
            await bad.Logs.Next(l => l.Text.Contains("no connection"));
            await bad.Logs.Next(l => l.Text.Contains("no connection"));
            Assert.Empty(bad.Online.Seen);
        }
    }

    [Fact]
    public async Task Tls_CertificatesReplaced_AreUsedWithoutARestart()
    {
        TestCertificates? made = null;
        using var secure = new Broker("", listener: folder =>
        {
            made = new(Path.Combine(folder, "tls"));
            var (certificate, key) = made.Issue("broker");
            return $"listener {{port}} 127.0.0.1\nrequire_certificate true\nuse_identity_as_username true\n" +
                $"cafile {made.CaFile}\ncertfile {certificate}\nkeyfile {key}\n";
        });
        var (mine, myKey) = made!.Issue("first");
        using var client = await Connect();
        var (next, nextKey) = made.Issue("second");
        File.Move(nextKey, myKey, true);
        File.Move(next, mine, true);
        await client.Offline.Next();
        await client.Online.Next();
        await secure.Logged("u'second'");
        // What is sent now arrives: nothing of the old client is left in the way.
        client.Transport.TryPublish(new() { Topic = "clients/tls", Payload = "new"u8.ToArray(), Qos = 1 });
        Assert.Equal("new", (await client.Messages.Next()).Text());

        Task<Client> Connect() => Client.Connect(Make, Options(new MqttSubscription("clients/tls", 1, NoLocal: false))
            with { Port = secure.Port, Tls = new(made.CaFile, mine, myKey) });
    }

    [Fact]
    public async Task BeforeAcknowledge_Throwing_IsNotAcknowledgedAndTheMessageComesAgain()
    {
        string topic = NewTopic("again");
        int calls = 0;
        var got = new Inbox<MqttMessage>();
        using var to = Make(Options(new MqttSubscription(topic, 1)), new()
        {
            OnMessage = got.Add,
            BeforeAcknowledge = () =>
            {
                if (calls++ == 0) throw new InvalidOperationException("a bug before the acknowledgement");
            },
        });
        to.Start();
        using var from = await Client.Connect(Make, Options());
        while (!to.IsOnline) await Task.Yield();
        from.Transport.TryPublish(new() { Topic = topic, Payload = "x"u8.ToArray(), Qos = 1 });
        Assert.Equal(["x", "x"], [(await got.Next()).Text(), (await got.Next()).Text()]);
    }

    [Fact]
    public async Task Link_DeadInOneDirection_IsFoundByItsSilence()
    {
        using var cut = new TcpCut(broker.Port);
        using var client = await Client.Connect(Make, Options() with { Port = cut.Port, KeepAliveSeconds = 5 });
        cut.Mute = true;
        await client.Offline.Next();
        cut.Mute = false;
        await client.Online.Next();
    }

    [Fact]
    public async Task Acknowledged_WithATicket_IsTold()
    {
        var told = new Inbox<long>();
        using var client = Make(Options(), new() { OnMessage = _ => { }, OnAcknowledged = m => told.Add(m.Ticket) });
        client.Start();
        foreach (long ticket in new long[] { 0, 7, 0, 9 })
            client.TryPublish(new() { Topic = "clients/x", Qos = 1, Ticket = ticket });
        Assert.Equal([7, 9], new[] { await told.Next(), await told.Next() }.Order());
        Assert.DoesNotContain(0, told.Seen);
    }
}
