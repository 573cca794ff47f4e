namespace Edge.Mqtt;

/// <summary>One filter. Retain As Published is always asked for, so that a retained request is recognised even when
/// it arrives live.</summary>
/// <param name="NoLocal">The broker does not send our own publications back (not allowed on a shared
/// subscription).</param>
public sealed record MqttSubscription(string Filter, int Qos, bool NoLocal = true);
