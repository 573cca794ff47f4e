namespace Edge.Mqtt;

/// <summary>Totals since the start, and what waits now.</summary>
public readonly record struct MqttCounters(
    long Received, long Oversized, long Published, long Dropped, long Connects, long HandlerFaults, int Waiting,
    int InFlight);
