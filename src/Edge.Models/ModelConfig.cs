namespace Edge.Models;

/// <summary>Hyperparameters from GGUF metadata; the names are the keys' in PascalCase.</summary>
public sealed record ModelConfig
{
    public required string Architecture { get; init; }
    /// <summary>block_count ("block" is a quantisation block here).</summary>
    public required int LayerCount { get; init; }
    public required int ContextLength { get; init; }
    public required int EmbeddingLength { get; init; }
    public required int VocabularySize { get; init; }
    public int FeedForwardLength { get; init; }
    public int HeadCount { get; init; }
    public int HeadCountKv { get; init; }
    /// <summary>Size of a head of queries, keys and values.</summary>
    public int KeyLength { get; init; }
    public float LayerNormRmsEpsilon { get; init; }
    public double RopeFreqBase { get; init; } = 10000;
    public RopeScaling RopeScaling { get; init; } = new();
    /// <summary>0: a dense model.</summary>
    public int ExpertCount { get; init; }
    public int ExpertUsedCount { get; init; }
    public int ExpertFeedForwardLength { get; init; }

    /// <summary>Floats of all query heads of one token.</summary>
    public int QueryLength => HeadCount * KeyLength;
    /// <summary>Floats of all key (or value) heads of one token.</summary>
    public int KvLength => HeadCountKv * KeyLength;
}
