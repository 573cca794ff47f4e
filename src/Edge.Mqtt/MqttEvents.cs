namespace Edge.Mqtt;

public enum MqttLogLevel { Information, Warning, Error }

/// <summary>Why the transport gave a message up.</summary>
public enum MqttDropReason { OutboxFull, Offline, TooLargeForBroker, InvalidTopic, RefusedByBroker }

/// <summary>What the owner of a transport hears, on the transport's own thread: nothing here may block or call Stop
/// or Dispose.</summary>
public sealed record MqttEvents
{
    /// <summary>One message; its PUBACK (QoS 1) leaves only after the next <see cref="BeforeAcknowledge"/> has
    /// returned.</summary>
    public required Action<MqttMessage> OnMessage { get; init; }
    /// <summary>Runs after one or several OnMessage and before their acknowledgements leave: whatever must be durable,
    /// is made durable here, all of it with one sync.</summary>
    public Action BeforeAcknowledge { get; init; } = static () => { };
    /// <summary>The broker has taken a message that bears a ticket.</summary>
    public Action<MqttMessage> OnAcknowledged { get; init; } = static _ => { };
    /// <summary>Connected and every subscription granted: the moment for a birth message.</summary>
    public Action OnOnline { get; init; } = static () => { };
    /// <summary>The connection is gone; the argument says why. The transport connects again by itself.</summary>
    public Action<string> OnOffline { get; init; } = static _ => { };
    /// <summary>A message that TryPublish had taken, or was asked to take, will not be sent; then on the thread of
    /// its caller.</summary>
    public Action<MqttMessage, MqttDropReason> OnDropped { get; init; } = static (_, _) => { };
    public Action<MqttLogLevel, string> OnLog { get; init; } = static (_, _) => { };
}
