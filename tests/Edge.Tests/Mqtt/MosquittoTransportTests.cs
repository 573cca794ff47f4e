using System.Globalization;
using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class MosquittoTransportTests(Broker broker) : TransportContract(broker), IClassFixture<Broker>
{
    protected override IMqttTransport Make(MqttOptions options, MqttEvents events) =>
        new MosquittoTransport(options, events);

    [Fact]
    public async Task Session_TakenByAnotherOfTheSameId_BacksOffAndSaysSo()
    {
        var options = OwnOptions() with
        {
            ReconnectMin = TimeSpan.FromMilliseconds(20), ReconnectMax = TimeSpan.FromSeconds(2),
        };
        using var first = await Client.Connect(Make, options);
        using var second = await Client.Connect(Make, options);
        // They take each other over less and less often, up to the longest delay, and say what may be wrong.
        var (level, text) = await first.Logs.Next(l => DelayOf(l.Text) >= 1);
        Assert.Equal(MqttLogLevel.Warning, level);
        Assert.Contains($"the id '{options.ClientId}'", text);
        Assert.Contains("--node", text);
        Assert.InRange(first.Transport.Counters.Connects, 3, 30);

        static double DelayOf(string line) => double.Parse(
            line.Split("next attempt in ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Missing_NoSuchLibrary_SaysWhatToInstall()
    {
        string? text = MosquittoLibrary.Missing("libmosquitto-absent.so.9");
        Assert.Contains("apt install libmosquitto1", text);
        Assert.Null(MosquittoLibrary.Missing());
    }
}
