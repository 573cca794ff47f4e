using Edge.Models.Streaming;
using Edge.Weights;

namespace Edge.Models;

/// <summary>How to load a model.</summary>
public sealed record ModelOptions
{
    public const int ThreadsMax = 256;
    public const int BatchRowsLimit = 4096;

    /// <summary>0: one per core, or per CPU of <see cref="Cpus"/>.</summary>
    public int Threads { get; init; }
    /// <summary>The CPUs that the model's threads may use, the caller's of Forward too; null: any.</summary>
    public CpuList? Cpus { get; init; }
    /// <summary>Receives a sentence when the system refuses an option without which the model still runs.</summary>
    public Action<string>? Warn { get; init; }
    public KvType KvType { get; init; } = KvType.F16;
    public Arithmetic Arithmetic { get; init; } = Arithmetic.Integer;
    public WeightLoading Loading { get; init; } = WeightLoading.Map;
    /// <summary>Matrices of two planes are read without the second one: what a model is worth whose planes are not all
    /// at hand.</summary>
    public bool Coarse { get; init; }
    /// <summary>Tokens of one Forward, at most.</summary>
    public int BatchRowsMax { get; init; } = 128;
    /// <summary>What the model may take; null: all that it wants.</summary>
    public MemoryBudget? Memory { get; init; }
    /// <summary>Opens the file for streaming; tests put their faults there.</summary>
    internal Func<string, IWeightStorage> OpenStorage { get; init; } = StorageFile.Open;
    /// <summary>A set that no name chooses, for tests.</summary>
    internal KernelSet? Kernels { get; init; }
    /// <summary>Force a kernel set by name (scalar, avx2, neon, neon+dp); null: the best that this CPU has.</summary>
    public string? KernelSet { get; init; }
}
