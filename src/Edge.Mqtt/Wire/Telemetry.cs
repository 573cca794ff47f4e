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
    /// <summary>Tokens guessed ahead, and those of them that were right; absent without speculation.</summary>
    public long? Drafted { get; init; }
    public long? Accepted { get; init; }
    public double? TokensPerStep { get; init; }
}

/// <summary>telemetry/weights.</summary>
public sealed record WeightsTelemetry
{
    public required string Model { get; init; }
    public long FileBytes { get; init; }
    public long BytesPerToken { get; init; }
    public string? KernelSet { get; init; }
    public int Threads { get; init; }
    /// <summary>Absent while all weights are in memory.</summary>
    public StreamingTelemetry? Streaming { get; init; }
}

/// <summary>Weights that come from storage. Totals count since the start; hits and misses are layers or experts that
/// were or were not there when they were needed.</summary>
public sealed record StreamingTelemetry
{
    public long BudgetBytes { get; init; }
    public long PlannedBytes { get; init; }
    public long PinnedBytes { get; init; }
    public long SlotBytes { get; init; }
    public int SlotsUsed { get; init; }
    public int Slots { get; init; }
    public long Passes { get; init; }
    public long Hits { get; init; }
    public long Misses { get; init; }
    public long Degraded { get; init; }
    public long Dropped { get; init; }
    public long BytesRead { get; init; }
    public double ReadBytesPerS { get; init; }
    public double StallS { get; init; }
    public long Retries { get; init; }
    public long Failures { get; init; }
}

/// <summary>One reading of one sensor. Quality: good, estimated, or bad, which has no value; MonoNs: the node's
/// monotonic clock, for the order and distance of readings whatever the wall clock does.</summary>
public sealed record SensorValue(
    string Name, double? Value, string Unit, DateTimeOffset Time, string Quality = "good", long MonoNs = 0);

/// <summary>telemetry/sensors.</summary>
public sealed record SensorsTelemetry(IReadOnlyList<SensorValue> Readings);
