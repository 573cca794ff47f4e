namespace Edge.Mqtt;

/// <summary>One MQTT message in our own memory, in either direction; what MQTT 3.1.1 cannot carry is simply
/// absent.</summary>
public sealed record MqttMessage
{
    public required string Topic { get; init; }
    /// <summary>Empty when <see cref="IsOversized"/>.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }
    public int Qos { get; init; }
    public bool Retain { get; init; }
    public string? ResponseTopic { get; init; }
    public ReadOnlyMemory<byte> Correlation { get; init; }
    public string? ContentType { get; init; }
    /// <summary>Message Expiry Interval; on a received message the broker has already subtracted its waiting
    /// time.</summary>
    public uint? ExpirySeconds { get; init; }
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];
    /// <summary>Stopwatch timestamp of the arrival; 0 on a message that was not received.</summary>
    public long ReceivedAt { get; init; }
    /// <summary>Not on the wire: the owner's number for it; other than 0, <see cref="MqttEvents.OnAcknowledged"/>
    /// tells of its PUBACK.</summary>
    public long Ticket { get; init; }
    /// <summary>Not on the wire: of a message that was given up as <see cref="MqttDropReason.TooLargeForBroker"/>, the
    /// broker's limit; else 0.</summary>
    public long PacketBytesMax { get; init; }
    /// <summary>Bytes that the payload had on the wire; larger than Payload.Length only when
    /// <see cref="IsOversized"/>.</summary>
    public int WireBytes { get; init; }
    /// <summary>The payload was over <see cref="MqttOptions.PayloadBytesMax"/> and was not copied.</summary>
    public bool IsOversized => WireBytes > Payload.Length;
}
