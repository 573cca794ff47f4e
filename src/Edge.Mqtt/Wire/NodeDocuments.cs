using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Mqtt;

/// <summary>The retained `status`; the will is the offline form, which knows nothing but the boot that it belongs
/// to.</summary>
internal sealed record NodeStatus(
    string State, [property: JsonPropertyName("bootId")] string BootId, string? Version = null, bool? Ready = null,
        int? Queue = null);

/// <summary>A telemetry message: RFC 3339 time, number within its group since the start, and the group's
/// values.</summary>
internal sealed record TelemetryMessage<T>(DateTimeOffset Time, long Seq, T Values);

/// <summary>Source-generated JSON of everything that a node says about itself.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(NodeInfo))]
[JsonSerializable(typeof(NodeUpdate))]
[JsonSerializable(typeof(TelemetryMessage<SystemTelemetry>))]
[JsonSerializable(typeof(TelemetryMessage<InferenceTelemetry>))]
[JsonSerializable(typeof(TelemetryMessage<WeightsTelemetry>))]
[JsonSerializable(typeof(TelemetryMessage<SensorsTelemetry>))]
[JsonSerializable(typeof(TelemetryMessage<NodeEvent>))]
internal sealed partial class NodeJson : JsonSerializerContext;
