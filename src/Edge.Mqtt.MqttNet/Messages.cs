using System.Buffers;
using System.Diagnostics;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace Edge.Mqtt.MqttNet;

/// <summary>Messages to and from MQTTnet's own type.</summary>
internal static class Messages
{
    public static MqttApplicationMessage ToMqttNet(MqttMessage m) => new()
    {
        Topic = m.Topic, Payload = new(m.Payload), QualityOfServiceLevel = (MqttQualityOfServiceLevel)m.Qos,
        Retain = m.Retain, ResponseTopic = m.ResponseTopic, ContentType = m.ContentType,
        CorrelationData = m.Correlation.IsEmpty ? null : m.Correlation.ToArray(),
        MessageExpiryInterval = m.ExpirySeconds ?? 0,
        UserProperties = m.UserProperties.Count == 0 ? null
            : [.. m.UserProperties.Select(p =>
                new MqttUserProperty(p.Key, System.Text.Encoding.UTF8.GetBytes(p.Value)))],
    };

    /// <summary>A copy: MQTTnet's buffers end with its handler.</summary>
    public static MqttMessage FromMqttNet(MqttApplicationMessage m, int payloadBytesMax) => new()
    {
        Topic = m.Topic,
        Payload = m.Payload.Length <= payloadBytesMax ? m.Payload.ToArray() : default,
        WireBytes = (int)m.Payload.Length,
        Qos = (int)m.QualityOfServiceLevel,
        Retain = m.Retain,
        ResponseTopic = m.ResponseTopic is { Length: > 0 } topic ? topic : null,
        ContentType = m.ContentType is { Length: > 0 } type ? type : null,
        Correlation = m.CorrelationData ?? [],
        ExpirySeconds = m.MessageExpiryInterval > 0 ? m.MessageExpiryInterval : null,
        UserProperties = m.UserProperties is null ? []
            : [.. m.UserProperties.Select(p => new KeyValuePair<string, string>(p.Name,
                System.Text.Encoding.UTF8.GetString(p.ValueBuffer.Span)))],
        ReceivedAt = Stopwatch.GetTimestamp(),
    };
}
