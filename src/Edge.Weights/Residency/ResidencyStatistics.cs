namespace Edge.Weights;

/// <summary>What the residency did since the start. Hits and misses: slices that a step needed and found, or had to
/// wait or ask for.</summary>
public readonly record struct ResidencyStatistics
{
    public required long Hits { get; init; }
    public required long Misses { get; init; }
    /// <summary>Time that the model waited for storage.</summary>
    public required long StallMicros { get; init; }
    public required long BytesRead { get; init; }
    /// <summary>Time in which at least one read was under way.</summary>
    public required long ReadMicros { get; init; }
    public required long Reads { get; init; }
    public required long Retries { get; init; }
    public required long Failures { get; init; }
    /// <summary>Slots that hold a slice, of all.</summary>
    public required int SlotsUsed { get; init; }
    public required int Slots { get; init; }
    public required long SlotBytes { get; init; }

    /// <summary>What storage gave while it was asked.</summary>
    public double ReadBytesPerSecond => ReadMicros == 0 ? 0 : BytesRead * 1e6 / ReadMicros;
}
