namespace Edge.Mqtt.Libmosquitto;

public sealed class MosquittoTransport : IMqttTransport
{
    public MosquittoTransport(MqttOptions options, MqttEvents events) => throw new NotSupportedException();
    public bool IsOnline => throw new NotSupportedException();
    public MqttCounters Counters => throw new NotSupportedException();
    public void Start() => throw new NotSupportedException();
    public bool TryPublish(MqttMessage message) => throw new NotSupportedException();
    public bool Stop(MqttMessage? farewell, TimeSpan limit) => throw new NotSupportedException();
    public void Dispose() => throw new NotSupportedException();
}
