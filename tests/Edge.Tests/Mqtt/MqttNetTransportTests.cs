#if MQTTNET
using Edge.Mqtt;
using Edge.Mqtt.MqttNet;
using Xunit;

namespace Edge.Tests.Mqtt;

/// <summary>The same contract for the optional transport; compiled with -p:MqttTransport=MQTTnet.</summary>
public sealed class MqttNetTransportTests(Broker broker) : TransportContract(broker), IClassFixture<Broker>
{
    protected override IMqttTransport Make(MqttOptions options, MqttEvents events) =>
        new MqttNetTransport(options, events);
}
#endif
