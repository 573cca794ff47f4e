namespace Edge.Fuzz;

/// <summary>What counts as a hang or as unbounded memory. Processor time decides first, because a loaded machine can
/// stop any thread for seconds; the wall clock is for a thread that waits for ever.</summary>
public sealed record FuzzLimits
{
    public TimeSpan ProcessorTimeMax { get; init; } = TimeSpan.FromSeconds(2);
    public TimeSpan WallTimeMax { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>Bytes that one input may allocate on the managed heap.</summary>
    public long AllocatedBytesMax { get; init; } = 256L << 20;
    /// <summary>Growth of the process's resident memory; null where other work shares the process.</summary>
    public long? ResidentGrowthBytesMax { get; init; } = 256L << 20;
}
