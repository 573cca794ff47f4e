namespace Edge.Mqtt;

/// <summary>Calls that one connection has brought and that are not acknowledged yet. That connection's thread
/// only.</summary>
internal sealed class Arrivals
{
    public List<ChatCall> Calls { get; } = [];
}
