using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Edge.Mqtt;

// What the node says of itself.
public sealed partial class NodeLink
{
    private const string Json = "application/json";
    private readonly Dictionary<string, long> _seqs = [];

    public void Publish(SystemTelemetry values) =>
        Telemetry("system", values, NodeJson.Default.TelemetryMessageSystemTelemetry);
    public void Publish(InferenceTelemetry values) =>
        Telemetry("inference", values, NodeJson.Default.TelemetryMessageInferenceTelemetry);
    public void Publish(WeightsTelemetry values) =>
        Telemetry("weights", values, NodeJson.Default.TelemetryMessageWeightsTelemetry);
    public void Publish(SensorsTelemetry values) =>
        Telemetry("sensors", values, NodeJson.Default.TelemetryMessageSensorsTelemetry);
    public void Publish(NodeEvent happened) =>
        Emit(Topics.Event, "event", 1, happened, NodeJson.Default.TelemetryMessageNodeEvent);

    private void PublishStatus() => Retained(Topics.Status, Body(_status, NodeJson.Default.NodeStatus));

    private void PublishInfo()
    {
        if (_info is { } info) Retained(Topics.Info, Body(info, NodeJson.Default.NodeInfo));
    }

    private void PublishUpdate()
    {
        if (_update is { } update) Retained(Topics.Update, Body(update, NodeJson.Default.NodeUpdate));
    }

    private void Retained(string topic, byte[] body) =>
        _transport.TryPublish(new() { Topic = topic, Payload = body, Qos = 1, Retain = true, ContentType = Json });

    private void Telemetry<T>(string group, T values, JsonTypeInfo<TelemetryMessage<T>> type)
    {
        if (_transport.IsOnline) Emit(Topics.Telemetry(group), "telemetry." + group, 0, values, type);
    }

    // CloudEvents' binary mode: the attributes are user properties, the body is the data.
    private void Emit<T>(string topic, string kind, int qos, T values, JsonTypeInfo<TelemetryMessage<T>> type)
    {
        lock (_gate)
        {
            long seq = _seqs[kind] = _seqs.GetValueOrDefault(kind) + 1;
            var time = DateTimeOffset.UtcNow;
            _transport.TryPublish(new()
            {
                Topic = topic,
                Payload = Body(new(time, seq, values), type),
                Qos = qos,
                ContentType = Json,
                UserProperties =
                [
                    new("specversion", "1.0"), new("id", $"{BootId}-{kind}-{seq}"),
                    new("source", $"/{Topics.Root}/node/{_options.NodeId}"),
                    new("type", "edge." + kind), new("time", time.ToString("yyyy-MM-ddTHH:mm:ss.fffZ")),
                ],
            });
        }
    }

    private static byte[] Body<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);
}
