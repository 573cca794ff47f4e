namespace Edge.Mqtt;

/// <summary>What the broker publishes when the connection is lost without a DISCONNECT and stays lost for the
/// delay.</summary>
public sealed record MqttWill(string Topic, ReadOnlyMemory<byte> Payload, uint DelaySeconds)
{
    public string ContentType { get; init; } = "application/json";
    public bool Retain { get; init; } = true;
}
