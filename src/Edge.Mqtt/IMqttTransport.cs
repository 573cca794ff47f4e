namespace Edge.Mqtt;

/// <summary>One MQTT 5 connection that keeps itself alive: libmosquitto here, MQTTnet where a feed has it.</summary>
/// <remarks>Errors: no network state throws. A broker that is down is retried with jittered back-off until
/// Stop.</remarks>
public interface IMqttTransport : IDisposable
{
    /// <summary>Connected, with every subscription granted.</summary>
    bool IsOnline { get; }

    MqttCounters Counters { get; }

    /// <summary>Starts the transport's thread; returns at once. Once per transport.</summary>
    void Start();

    /// <summary>Puts a message into the bounded outbox; never blocks; any thread. QoS 1 waits there for the link, QoS
    /// 0 is dropped while offline, and a full outbox drops its QoS 0 messages first. False: this message was dropped
    /// (OnDropped has said why).</summary>
    bool TryPublish(MqttMessage message);

    /// <summary>Sends what waits and then <paramref name="farewell"/>, disconnects (the will stays silent when the
    /// farewell was acknowledged, and speaks otherwise) and ends the thread, in at most about
    /// <paramref name="limit"/>. Not from a callback. True: the farewell was acknowledged.</summary>
    bool Stop(MqttMessage? farewell, TimeSpan limit);
}
