using Edge.Engine.Speculation;

namespace Edge.Engine;

/// <summary>A snapshot of the scheduler. Counts are since start: Finished counts every accepted request that ended,
/// Cancelled, TimedOut and Failed those of them that ended so. PromptTokens: run, CachedTokens: reused. Rates: tokens
/// per second, moving averages over all slots together, 0 until measured.</summary>
public sealed record SchedulerStatistics
{
    public long Accepted { get; init; }
    public long Refused { get; init; }
    public long Finished { get; init; }
    public long Cancelled { get; init; }
    public long TimedOut { get; init; }
    public long Failed { get; init; }
    public int QueueDepth { get; init; }
    public int ActiveSlots { get; init; }
    public long TokensGenerated { get; init; }
    public long PromptTokens { get; init; }
    public long CachedTokens { get; init; }
    public double PrefillTokensPerSecond { get; init; }
    public double DecodeTokensPerSecond { get; init; }
    public long Steps { get; init; }
    /// <summary>Null: without speculation.</summary>
    public SpeculationStatistics? Speculation { get; init; }
}
