using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Mqtt;

// What is left of earlier runs, and files that come late.
public abstract partial class TransportContract
{
    /// <summary>Those of a client of its own, for a transport's own tests.</summary>
    protected MqttOptions OwnOptions() => Options();

    [Fact]
    public async Task FormerFilter_InTheSession_IsUnsubscribed()
    {
        string before = NewTopic("before"), after = NewTopic("after");
        var options = Options(new MqttSubscription(before, 1, NoLocal: false)) with { SessionExpirySeconds = 60 };
        using (await Client.Connect(Make, options)) { }
        using var client = await Client.Connect(Make, options with
        {
            Subscriptions = [new(after, 1, NoLocal: false)], FormerFilters = [before, "never/there"],
        });
        client.Transport.TryPublish(new() { Topic = before, Payload = "old"u8.ToArray(), Qos = 1 });
        client.Transport.TryPublish(new() { Topic = after, Payload = "new"u8.ToArray(), Qos = 1 });
        Assert.Equal("new", (await client.Messages.Next()).Text());
    }

    [Fact]
    public async Task Stop_WithoutFarewell_LetsTheWillSpeak()
    {
        string topic = NewTopic("silent");
        using var watcher = await Client.Connect(Make, Options(new MqttSubscription(topic, 1)));
        var leaver = await Client.Connect(Make, Options() with
        {
            Will = new(topic, "gone"u8.ToArray(), 0) { Retain = false },
        });
        leaver.Dispose();
        Assert.Equal("gone", (await watcher.Messages.Next()).Text());
    }

    [Fact]
    public async Task Tls_FileMissingAtTheStart_IsNamedAndUsedWhenItComes()
    {
        TestCertificates? made = null;
        using var secure = new Broker("", listener: folder =>
        {
            made = new(Path.Combine(folder, "tls"));
            var (certificate, key) = made.Issue("broker");
            return $"listener {{port}} 127.0.0.1\nallow_anonymous true\ncertfile {certificate}\nkeyfile {key}\n";
        });
        var logs = new Inbox<string>();
        var online = new Inbox<int>();
        string ca = made!.CaFile, away = ca + ".away";
        using var transport = Make(Options() with
        {
            Port = secure.Port, Tls = new(ca), ReconnectMin = TimeSpan.FromMilliseconds(50),
            ReconnectMax = TimeSpan.FromMilliseconds(200),
        }, new() { OnMessage = _ => { }, OnOnline = () => online.Add(1), OnLog = (_, text) => logs.Add(text) });
        File.Move(ca, away);
        transport.Start();
        await logs.Next(text => text.Contains(ca) && text.Contains("next attempt"));
        await logs.Next(text => text.Contains(ca));
        File.Move(away, ca);
        await online.Next();
    }
}
