namespace Edge.Mqtt;

/// <summary>telemetry/system. Absent values are left out of the message.</summary>
public sealed record SystemTelemetry
{
    public double UptimeS { get; init; }
    public long RssBytes { get; init; }
    public double? CpuPercent { get; init; }
    public double? TemperatureC { get; init; }
    public bool? Throttled { get; init; }
    /// <summary>full, eased or held: whether the node holds itself back, and with how many threads it works.</summary>
    public string? Governor { get; init; }
    public int? Threads { get; init; }
    public long? MemoryAvailableBytes { get; init; }
}

/// <summary>telemetry/inference. Totals count since the start; TokS is the rate of the latest interval.</summary>
public sealed record InferenceTelemetry
{
    public int Running { get; init; }
    public int Queue { get; init; }
    public long Completed { get; init; }
    public long Refused { get; init; }
    public long Failed { get; init; }
    public long PromptTokens { get; init; }
    public long CompletionTokens { get; init; }
    /// <summary>Prompt tokens that a slot's cache already had.</summary>
    public long CachedTokens { get; init; }
    public double TokS { get; init; }
}

/// <summary>telemetry/weights.</summary>
public sealed record WeightsTelemetry
{
    public required string Model { get; init; }
    public long FileBytes { get; init; }
    public long BytesPerToken { get; init; }
    public string? KernelSet { get; init; }
    public int Threads { get; init; }
}

/// <summary>One reading of one sensor. Quality: good, estimated, or bad, which has no value; MonoNs: the node's
/// monotonic clock, for the order and distance of readings whatever the wall clock does.</summary>
public sealed record SensorValue(
    string Name, double? Value, string Unit, DateTimeOffset Time, string Quality = "good", long MonoNs = 0);

/// <summary>telemetry/sensors.</summary>
public sealed record SensorsTelemetry(IReadOnlyList<SensorValue> Readings);
