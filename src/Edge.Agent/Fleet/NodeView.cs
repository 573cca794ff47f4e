using System.Text.Json.Serialization;

namespace Edge.Agent.Fleet;

/// <summary>What a node has said of itself so far; what it has not said is absent.</summary>
internal sealed record NodeView
{
    public required string Node { get; init; }
    public string State { get; init; } = "unknown";
    public bool? Ready { get; init; }
    public string? Version { get; init; }
    public string? Model { get; init; }
    public string? KernelSet { get; init; }
    public int? Threads { get; init; }
    public string? Governor { get; init; }
    public int? Queue { get; init; }
    public int? Running { get; init; }
    public long? Completed { get; init; }
    public long? Refused { get; init; }
    public long? Failed { get; init; }
    public long? PromptTokens { get; init; }
    public long? CompletionTokens { get; init; }
    public long? CachedTokens { get; init; }
    public double? TokS { get; init; }
    public double? TemperatureC { get; init; }
    public bool? Throttled { get; init; }
    public double? CpuPercent { get; init; }
    public long? RssBytes { get; init; }
    public double? UptimeS { get; init; }

    /// <summary>Both telemetry groups that a live view shows have come.</summary>
    [JsonIgnore]
    public bool IsComplete => UptimeS is not null && Running is not null;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeView))]
internal sealed partial class FleetJson : JsonSerializerContext;
