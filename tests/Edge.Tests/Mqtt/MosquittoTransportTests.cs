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
            ReconnectMin = TimeSpan.FromMilliseconds(20), ReconnectMax = TimeSpan.FromMilliseconds(400),
        };
        using var first = await Client.Connect(Make, options);
        using var second = await Client.Connect(Make, options);
        double[] delays = new double[4];
        for (int i = 0; i < delays.Length; i++)
        {
            var (level, text) = await first.Logs.Next(l => l.Text.Contains("took the session"));
            Assert.Equal(MqttLogLevel.Warning, level);
            Assert.Contains($"'{options.ClientId}'", text);
            Assert.Contains("--node", text);
            delays[i] = double.Parse(text.Split("next attempt in ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
        }
        // From half of the longest delay on, and doubling: 0.2…0.4, 0.4…0.8, 0.8…1.6, 1.6…3.2 s.
        Assert.InRange(delays[0], 0.2, 0.4);
        Assert.InRange(delays[3], 1.6, 3.2);
    }

    [Fact]
    public void Missing_NoSuchLibrary_SaysWhatToInstall()
    {
        string? text = MosquittoLibrary.Missing("libmosquitto-absent.so.9");
        Assert.Contains("apt install libmosquitto1", text);
        Assert.Null(MosquittoLibrary.Missing());
    }
}
