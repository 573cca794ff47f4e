using Edge.Mqtt;
using Edge.Mqtt.Libmosquitto;
using Xunit;

namespace Edge.Tests.Mqtt;

public sealed class MosquittoTransportTests(Broker broker) : TransportContract(broker), IClassFixture<Broker>
{
    protected override IMqttTransport Make(MqttOptions options, MqttEvents events) =>
        new MosquittoTransport(options, events);

    [Fact]
    public void Missing_NoSuchLibrary_SaysWhatToInstall()
    {
        string? text = MosquittoLibrary.Missing("libmosquitto-absent.so.9");
        Assert.Contains("apt install libmosquitto1", text);
        Assert.Null(MosquittoLibrary.Missing());
    }
}
