namespace Edge.Models;

/// <summary>Hyperparameters from GGUF metadata; the names are the keys' in PascalCase. What an architecture does not
/// know is 0, or empty.</summary>
public sealed record ModelConfig
{
    public required string Architecture { get; init; }
    /// <summary>block_count ("block" is a quantisation block here).</summary>
    public required int LayerCount { get; init; }
    /// <summary>Layers behind the last, which predict further tokens and are not run; block_count has them
    /// too.</summary>
    public int NextnPredictLayers { get; init; }
    public required int ContextLength { get; init; }
    public required int EmbeddingLength { get; init; }
    public required int VocabularySize { get; init; }
    public int FeedForwardLength { get; init; }
    public int HeadCount { get; init; }
    public int HeadCountKv { get; init; }
    /// <summary>Size of a head of queries, keys and values, as the cache holds it. With latent attention: the latent
    /// and the rotated part, one head for all queries.</summary>
    public int KeyLength { get; init; }
    public float LayerNormRmsEpsilon { get; init; }

    public double RopeFreqBase { get; init; } = 10000;
    /// <summary>Of layers with a sliding window.</summary>
    public double RopeFreqBaseSwa { get; init; } = 10000;
    /// <summary>Elements of a head that are rotated.</summary>
    public int RopeDimensionCount { get; init; }
    public RopeScaling RopeScaling { get; init; } = new();

    /// <summary>Positions that a layer with a window sees, its own among them.</summary>
    public int SlidingWindow { get; init; }
    /// <summary>Layers with the window; empty: the architecture's own pattern.</summary>
    public IReadOnlyList<bool> SlidingWindowPattern { get; init; } = [];
    public float AttnLogitSoftcapping { get; init; }
    public float FinalLogitSoftcapping { get; init; }

    /// <summary>Factor of the attention scores; 0: 1 / √(head size).</summary>
    public float AttentionScale { get; init; }
    public float EmbeddingScale { get; init; }
    public float ResidualScale { get; init; }
    /// <summary>Divides the logits.</summary>
    public float LogitScale { get; init; }

    /// <summary>Latent attention: sizes of the compressed queries and of the compressed keys and values.</summary>
    public int QLoraRank { get; init; }
    public int KvLoraRank { get; init; }
    /// <summary>Latent attention: size of a head as the model defines it, before compression.</summary>
    public int KeyLengthMla { get; init; }
    public int ValueLengthMla { get; init; }

    /// <summary>0: a dense model.</summary>
    public int ExpertCount { get; init; }
    public int ExpertUsedCount { get; init; }
    public int ExpertFeedForwardLength { get; init; }
    public int ExpertSharedCount { get; init; }
    public int ExpertSharedFeedForwardLength { get; init; }
    public float ExpertWeightsScale { get; init; } = 1;
    public bool ExpertWeightsNorm { get; init; }
    public ExpertGating ExpertGatingFunc { get; init; }
    public int ExpertGroupCount { get; init; } = 1;
    public int ExpertGroupUsedCount { get; init; } = 1;
    /// <summary>Layers at the start without experts.</summary>
    public int LeadingDenseBlockCount { get; init; }

    /// <summary>Layers that convolve instead of attending; empty: none.</summary>
    public IReadOnlyList<bool> ConvolutionLayers { get; init; } = [];
    /// <summary>Positions that a short convolution sees, its own among them.</summary>
    public int ShortconvLCache { get; init; }

    /// <summary>Floats of all query heads of one token.</summary>
    public int QueryLength => HeadCount * KeyLength;
    /// <summary>Floats of all key (or value) heads of one token.</summary>
    public int KvLength => HeadCountKv * KeyLength;
    public bool IsConvolution(int layer) => ConvolutionLayers.Count > 0 && ConvolutionLayers[layer];
}

/// <summary>How scores of experts become weights; the numbers are those of expert_gating_func.</summary>
public enum ExpertGating { Softmax = 1, Sigmoid = 2 }
