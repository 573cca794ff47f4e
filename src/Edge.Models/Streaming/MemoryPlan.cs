namespace Edge.Models.Streaming;

/// <summary>Resident: all weights are in memory. LayerWindow: some layers, or matrices, stay, the others stream
/// through a ring. ExpertCache: all but experts stays, experts come when they are chosen.</summary>
public enum MemoryPlanKind { Resident, LayerWindow, ExpertCache }

/// <summary>What is in memory, what is cached, what streams, and what that costs: made before anything is
/// loaded. All sizes are in bytes.</summary>
public sealed record MemoryPlan
{
    public required MemoryPlanKind Kind { get; init; }
    public required long BudgetBytes { get; init; }
    /// <summary>All weights, as they would stand in memory.</summary>
    public required long WeightBytes { get; init; }
    /// <summary>Weights that stay in memory.</summary>
    public required long PinnedBytes { get; init; }
    /// <summary>The program, scratch, and key-value caches.</summary>
    public required long ProgramBytes { get; init; }
    public required long ScratchBytes { get; init; }
    public required long KvBytes { get; init; }
    public required int ContextLength { get; init; }
    public required int Sequences { get; init; }
    /// <summary>Tokens of one pass.</summary>
    public required int BatchRows { get; init; }

    /// <summary>Layers, matrices or experts that stream, and the slots that they share.</summary>
    public int StreamedUnits { get; init; }
    public int Slots { get; init; }
    /// <summary>Slots that a whole unit takes: 2 for experts in two slices.</summary>
    public int SlicesPerUnit { get; init; } = 1;
    public long SlotBytes { get; init; }
    /// <summary>Weights that are not pinned.</summary>
    public long StreamedBytes { get; init; }
    /// <summary>What a unit of the window is.</summary>
    public WindowGrain Grain { get; init; }
    /// <summary>By unit of the window; those that stay.</summary>
    public IReadOnlyList<bool> PinnedUnits { get; init; } = [];
    /// <summary>The embedding table stays in the file, and rows are read when tokens need them.</summary>
    public bool GathersEmbedding { get; init; }
    /// <summary>What one token reads when nothing that streams is there.</summary>
    public long CycleBytes { get; init; }
    /// <summary>What one token reads from storage: exact for a window; for experts as if the router chose evenly.
    /// </summary>
    public long ReadBytesPerToken { get; init; }
    /// <summary>Weights that the kernels read for one token.</summary>
    public long WeightBytesPerToken { get; init; }
    public double StorageBytesPerSecond { get; init; }
    /// <summary>1 / max(compute, storage) of a token; null when neither rate is known.</summary>
    public double? TokensPerSecond { get; init; }
    public string? Policy { get; init; }
    public string? Warning { get; init; }

    /// <summary>Why the model cannot run within the budget, and what would; null when it can.</summary>
    public string? Refusal { get; init; }
    /// <summary>The smallest budget that works with this context.</summary>
    public long LeastBytes { get; init; }
    /// <summary>The longest context that works with this budget; 0: none.</summary>
    public int ContextThatFits { get; init; }

    public long TotalBytes => PinnedBytes + Slots * SlotBytes + ProgramBytes + ScratchBytes + KvBytes;
}
