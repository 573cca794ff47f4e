namespace Edge.Mqtt;

public sealed class NodeLink : IDisposable
{
    /// <summary>Errors: ArgumentException names the option that is wrong and its remedy.</summary>
    public NodeLink(NodeOptions options, NodeHandlers handlers, Func<MqttOptions, MqttEvents, IMqttTransport> transport) =>
        throw new NotSupportedException();
    public NodeTopics Topics => throw new NotSupportedException();
    public bool IsOnline => throw new NotSupportedException();
    public MqttCounters Counters => throw new NotSupportedException();
    /// <summary>Calls taken and not finished.</summary>
    public int LiveCalls => throw new NotSupportedException();
    public void Start() => throw new NotSupportedException();
    /// <summary>Publishes the status again when it differs from the last one.</summary>
    public void SetStatus(bool ready, int queue) => throw new NotSupportedException();
    public void SetInfo(NodeInfo info) => throw new NotSupportedException();
    public void Publish(SystemTelemetry telemetry) => throw new NotSupportedException();
    public void Publish(InferenceTelemetry telemetry) => throw new NotSupportedException();
    public void Publish(WeightsTelemetry telemetry) => throw new NotSupportedException();
    public void Publish(SensorsTelemetry telemetry) => throw new NotSupportedException();
    /// <summary>Publishes offline, then disconnects cleanly. True: offline was acknowledged.</summary>
    public bool Stop(TimeSpan limit) => throw new NotSupportedException();
    public void Dispose() => throw new NotSupportedException();
}
