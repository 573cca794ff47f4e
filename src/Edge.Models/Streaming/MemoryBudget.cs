namespace Edge.Models.Streaming;

/// <summary>What a model may take of memory: weights, key-value caches, scratch and the program itself.</summary>
public sealed record MemoryBudget
{
    public required long Bytes { get; init; }
    /// <summary>Tokens of one cache; 0: what fits, at most <see cref="ContextDefault"/>.</summary>
    public int ContextLength { get; init; }
    /// <summary>Caches that will be made.</summary>
    public int Sequences { get; init; } = 1;
    public ExpertMode Experts { get; init; } = ExpertMode.Exact;
    public ForesightUse Foresight { get; init; } = ForesightUse.Keep;
    /// <summary>The row of the policy table that says which expert leaves; null: the table's own choice.</summary>
    public string? Policy { get; init; }
    /// <summary>What the storage reads; 0: unknown, then nothing is predicted.</summary>
    public double StorageBytesPerSecond { get; init; }
    /// <summary>What memory gives the kernels; 0: unknown.</summary>
    public double MemoryBytesPerSecond { get; init; }
    /// <summary>What the program takes beside the model; null: an estimate from the vocabulary.</summary>
    public long? ProgramBytes { get; init; }

    public const int ContextDefault = 4096;
}
