using Edge.Gguf;
using Edge.Weights;

namespace Edge.Models;

public enum KvType { F16, F32 }

/// <summary>Integer: activations in int8, products exact. Float: weights decoded to float32, the reference path.</summary>
public enum Arithmetic { Integer, Float }

/// <summary>How to load. Threads 0: one per core. ContextLength 0: the model's own. BatchRowsMax: tokens of one Forward.</summary>
public sealed record ModelOptions
{
    public int Threads { get; init; }
    public KvType KvType { get; init; } = KvType.F16;
    public Arithmetic Arithmetic { get; init; } = Arithmetic.Integer;
    public WeightLoading Loading { get; init; } = WeightLoading.Map;
    public int BatchRowsMax { get; init; } = 64;
    /// <summary>Force a kernel set by name (scalar, avx2, neon, neon+dp); null: the best that this CPU has.</summary>
    public string? KernelSet { get; init; }
}

/// <summary>Hyperparameters from GGUF metadata; the names are the keys' in PascalCase.</summary>
public sealed record ModelConfig
{
    public required string Architecture { get; init; }
    public required int LayerCount { get; init; }
    public required int ContextLength { get; init; }
    public required int EmbeddingLength { get; init; }
    public required int VocabularySize { get; init; }
    // … the owner adds the rest
}

/// <summary>Keys and values of one sequence, all memory allocated when made.</summary>
public abstract class KvCache : IDisposable
{
    public abstract int Capacity { get; }
    /// <summary>Positions filled.</summary>
    public abstract int Length { get; }
    /// <summary>Forgets positions from <paramref name="length"/> on.</summary>
    public abstract void Truncate(int length);
    public abstract void Dispose();
}

/// <summary>One token to run: it is appended to its cache at position Cache.Length. Rows of one cache stand in order.</summary>
public readonly record struct BatchRow(int Token, KvCache Cache, bool WantsLogits);

/// <summary>A loaded model. One thread at a time calls Forward; a decoded token allocates nothing.</summary>
public abstract class Model : IDisposable
{
    /// <summary>Errors: FileNotFoundException; GgufException for a bad file, an unknown architecture, a missing or misshapen tensor.</summary>
    public static Model Load(string path, ModelOptions options, Action<long, long>? progress = null) => throw new NotSupportedException();
    public abstract ModelConfig Config { get; }
    public abstract GgufMetadata Metadata { get; }
    public abstract string KernelSetName { get; }
    public abstract int Threads { get; }
    public abstract int BatchRowsMax { get; }
    /// <summary>Bytes of weights read to decode one token (routed experts only).</summary>
    public abstract long WeightBytesPerToken { get; }
    public abstract KvCache CreateCache(int contextLength);
    /// <summary>Runs up to BatchRowsMax rows, which may belong to several caches. Returns the logits of the rows that want them, in order,
    /// VocabularySize floats each; valid until the next call.</summary>
    public abstract ReadOnlySpan<float> Forward(ReadOnlySpan<BatchRow> rows);
    public abstract void Dispose();
}
