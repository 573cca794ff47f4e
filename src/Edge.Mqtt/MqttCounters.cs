namespace Edge.Mqtt;

/// <summary>Totals since the start, and what waits now.</summary>
/// <param name="Passes">Grows while the transport's thread is alive: at least every few seconds when connected.</param>
public readonly record struct MqttCounters(
    long Received, long Oversized, long Published, long Dropped, long Connects, long HandlerFaults, int Waiting,
    int InFlight, long Passes);
