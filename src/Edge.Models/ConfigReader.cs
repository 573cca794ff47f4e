using Edge.Gguf;

namespace Edge.Models;

/// <summary>Metadata to a validated <see cref="ModelConfig"/>: every figure is within a limit before anything is
/// allocated from it. Errors: GgufException at the key's offset.</summary>
internal sealed class ConfigReader(GgufMetadata metadata)
{
    public const int LayersMax = 1024, ContextMax = 1 << 24, WidthMax = 1 << 17, FeedForwardMax = 1 << 20;
    public const int HeadsMax = 1024, HeadSizeMax = 1024, VocabularyMax = 1 << 22, ExpertsMax = 1024;

    private readonly string _architecture = metadata.GetString("general.architecture");

    public static ModelConfig Read(GgufMetadata metadata) => new ConfigReader(metadata).Read();

    private ModelConfig Read()
    {
        int width = Integer("embedding_length", 1, WidthMax);
        int heads = Integer("attention.head_count", 1, HeadsMax);
        int headsKv = Integer("attention.head_count_kv", 1, HeadsMax, heads);
        if (heads % headsKv != 0)
            throw Wrong("attention.head_count_kv", $"{headsKv} does not divide attention.head_count {heads}");
        if (!Has("attention.key_length") && width % heads != 0)
            throw Wrong("attention.head_count", $"{heads} does not divide embedding_length {width}; " +
                "a file with other head sizes says so in attention.key_length");
        int headSize = Integer("attention.key_length", 2, HeadSizeMax, width / heads);
        if (headSize % 2 != 0) throw Wrong("attention.key_length", $"{headSize} is odd; rotation needs pairs");
        RequireSame("attention.value_length", headSize, "attention.key_length");
        RequireSame("rope.dimension_count", headSize, "attention.key_length (partial rotation is not supported)");
        return new ModelConfig
        {
            Architecture = _architecture,
            LayerCount = Integer("block_count", 1, LayersMax),
            ContextLength = Integer("context_length", 1, ContextMax),
            EmbeddingLength = width,
            VocabularySize = Vocabulary(),
            FeedForwardLength = Integer("feed_forward_length", 1, FeedForwardMax),
            HeadCount = heads,
            HeadCountKv = headsKv,
            KeyLength = headSize,
            LayerNormRmsEpsilon = (float)Real("attention.layer_norm_rms_epsilon", 0, 1),
            RopeFreqBase = Real("rope.freq_base", 1, 1e12, 10000),
            RopeScaling = Scaling(),
            ExpertCount = Integer("expert_count", 0, ExpertsMax, 0),
            ExpertUsedCount = Used(),
            ExpertFeedForwardLength = Integer("expert_feed_forward_length", 0, FeedForwardMax, 0),
        };
    }

    private int Vocabulary()
    {
        if (Has("vocab_size")) return Integer("vocab_size", 1, VocabularyMax);
        const string Tokens = "tokenizer.ggml.tokens";
        if (metadata.ArrayCount(Tokens) is not { } count)
            throw new GgufException($"neither {_architecture}.vocab_size nor {Tokens} tells the vocabulary's size", 0);
        if (count is < 1 or > VocabularyMax)
            throw new GgufException($"{Tokens} has {count} entries, 1 to {VocabularyMax} are possible",
                metadata.OffsetOf(Tokens));
        return count;
    }

    private int Used()
    {
        int experts = Integer("expert_count", 0, ExpertsMax, 0);
        return experts == 0 ? 0 : Integer("expert_used_count", 1, experts);
    }

    private RopeScaling Scaling()
    {
        const string Type = "rope.scaling.type";
        string type = metadata.FindString(Key(Type)) ?? (Has("rope.scale_linear") ? "linear" : "none");
        var kind = type switch
        {
            "none" => RopeScalingKind.None,
            "linear" => RopeScalingKind.Linear,
            "yarn" => RopeScalingKind.Yarn,
            "llama3" => RopeScalingKind.Llama3,
            _ => throw Wrong(Type, $"'{type}' is not supported; known are none, linear, yarn, llama3"),
        };
        if (kind == RopeScalingKind.None) return new RopeScaling();
        double low = Real("rope.scaling.low_freq_factor", 1e-3, 1e3, 1);
        double high = Real("rope.scaling.high_freq_factor", 1e-3, 1e3, 4);
        if (high <= low) throw Wrong("rope.scaling.high_freq_factor", $"{high} must exceed low_freq_factor {low}");
        return new RopeScaling
        {
            Kind = kind,
            Factor = Real("rope.scaling.factor", 1e-3, 1e6, Real("rope.scale_linear", 1e-3, 1e6, 1)),
            OriginalContextLength = Integer("rope.scaling.original_context_length", 1, ContextMax,
                Integer("context_length", 1, ContextMax)),
            AttnFactor = Real("rope.scaling.attn_factor", 1e-3, 1e3, 1),
            YarnBetaFast = Real("rope.scaling.yarn_beta_fast", 1e-3, 1e4, 32),
            YarnBetaSlow = Real("rope.scaling.yarn_beta_slow", 1e-3, 1e4, 1),
            LowFreqFactor = low,
            HighFreqFactor = high,
        };
    }

    private string Key(string name) => $"{_architecture}.{name}";

    private bool Has(string name) => metadata.TypeNameOf(Key(name)) is not null;

    private int Integer(string name, int min, int max, int? missing = null)
    {
        long value = missing is { } other
            ? metadata.FindInteger(Key(name)) ?? other
            : metadata.GetInteger(Key(name));
        return value >= min && value <= max ? (int)value : throw Wrong(name, $"{value} is not within {min} to {max}");
    }

    private double Real(string name, double min, double max, double? missing = null)
    {
        double value = missing is { } other ? metadata.FindReal(Key(name)) ?? other : metadata.GetReal(Key(name));
        return value >= min && value <= max ? value : throw Wrong(name, $"{value} is not within {min} to {max}");
    }

    private void RequireSame(string name, int expected, string other)
    {
        int value = Integer(name, 0, int.MaxValue, expected);
        if (value != expected) throw Wrong(name, $"{value} differs from {expected}, the {other}");
    }

    private GgufException Wrong(string name, string what) => new($"{Key(name)}: {what}", metadata.OffsetOf(Key(name)));
}
