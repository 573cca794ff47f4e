using Edge.Gguf;

namespace Edge.Models;

/// <summary>Metadata to a validated <see cref="ModelConfig"/>: every figure is within a limit before anything is
/// allocated from it. Errors: GgufException at the key's offset.</summary>
internal sealed partial class ConfigReader(GgufMetadata metadata)
{
    public const int LayersMax = 1024, ContextMax = 1 << 24, WidthMax = 1 << 17, FeedForwardMax = 1 << 20;
    public const int HeadsMax = 1024, HeadSizeMax = 1024, VocabularyMax = 1 << 22, ExpertsMax = 1024;
    public const int ConvolutionMax = 64;

    private readonly string _architecture = metadata.GetString("general.architecture");

    public static ModelConfig Read(GgufMetadata metadata) => new ConfigReader(metadata).Read();

    private ModelConfig Read()
    {
        int width = Integer("embedding_length", 1, WidthMax);
        int heads = Integer("attention.head_count", 1, HeadsMax);
        bool latent = _architecture is "deepseek2" or "plm";
        HeadShape shape = latent ? LatentHeads() : PlainHeads(width, heads);
        bool gemma2 = _architecture == "gemma2"; // its caps were not always written
        RequireKnownArithmetic();
        int experts = Integer("expert_count", 0, ExpertsMax, 0);
        return new ModelConfig
        {
            Architecture = _architecture,
            LayerCount = Layers(),
            NextnPredictLayers = DraftLayers,
            ContextLength = Integer("context_length", 1, ContextMax),
            EmbeddingLength = width,
            VocabularySize = Vocabulary(),
            FeedForwardLength = Integer("feed_forward_length", 1, FeedForwardMax),
            HeadCount = heads,
            HeadCountKv = shape.HeadCountKv,
            KeyLength = shape.KeyLength,
            KeyLengthMla = shape.KeyLengthMla,
            ValueLengthMla = shape.ValueLengthMla,
            QLoraRank = latent ? Integer("attention.q_lora_rank", 0, WidthMax, 0) : 0,
            KvLoraRank = latent ? Integer("attention.kv_lora_rank", 1, HeadSizeMax) : 0,
            LayerNormRmsEpsilon = (float)Real("attention.layer_norm_rms_epsilon", 0, 1),
            RopeFreqBase = Real("rope.freq_base", 1, 1e12, 10000),
            RopeFreqBaseSwa = Real("rope.freq_base_swa", 1, 1e12, 10000),
            RopeDimensionCount = shape.RopeDimensionCount,
            RopeScaling = Scaling(),
            SlidingWindow = Integer("attention.sliding_window", 0, int.MaxValue, 0),
            SlidingWindowPattern = WindowPattern(),
            AttnLogitSoftcapping = (float)Real("attn_logit_softcapping", 0, 1e6, gemma2 ? 50 : 0),
            FinalLogitSoftcapping = (float)Real("final_logit_softcapping", 0, 1e6, gemma2 ? 30 : 0),
            AttentionScale = (float)Real("attention.scale", 0, 1e6, 0),
            EmbeddingScale = (float)Real("embedding_scale", 0, 1e6, 0),
            ResidualScale = (float)Real("residual_scale", 0, 1e6, 0),
            LogitScale = (float)Real("logit_scale", 0, 1e6, 0),
            ExpertCount = experts,
            ExpertUsedCount = experts == 0 ? 0 : Integer("expert_used_count", 1, experts),
            ExpertFeedForwardLength = ExpertLength(experts),
            ExpertSharedCount = Integer("expert_shared_count", 0, ExpertsMax, 0),
            ExpertSharedFeedForwardLength = Integer("expert_shared_feed_forward_length", 0, FeedForwardMax, 0),
            ExpertWeightsScale = WeightsScale(),
            ExpertWeightsNorm = metadata.FindBool(Key("expert_weights_norm")) ?? false,
            ExpertGatingFunc = Gating(),
            ExpertGroupCount = Groups(experts, out int groupsUsed),
            ExpertGroupUsedCount = groupsUsed,
            LeadingDenseBlockCount = Integer("leading_dense_block_count", 0, LayersMax, 0),
            ConvolutionLayers = ConvolutionLayers(),
            ShortconvLCache = Integer("shortconv.l_cache", 0, ConvolutionMax, 0),
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

    private GgufException Wrong(string name, string what) => new($"{Key(name)}: {what}", metadata.OffsetOf(Key(name)));
}
