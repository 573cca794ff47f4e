using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>config.json as the keys of a GGUF file. Values are checked when they are read back, as those of any
/// file.</summary>
internal sealed class HubConfig(HubJson config, HubModel model)
{
    private const int Max = int.MaxValue;
    private readonly string _arch = model.Architecture;

    public int Heads => (int)config.GetInteger("num_attention_heads", 1, ConfigReader.HeadsMax);
    public int HeadsKv => (int)(config.FindInteger("num_key_value_heads", 1, ConfigReader.HeadsMax) ?? Heads);
    public int Layers => (int)config.GetInteger("num_hidden_layers", 1, ConfigReader.LayersMax);
    public int Experts => (int)(config.FindInteger("num_local_experts", 0, ConfigReader.ExpertsMax)
        ?? config.FindInteger("num_experts", 0, ConfigReader.ExpertsMax) ?? 0);
    public int Vocabulary => (int)config.GetInteger("vocab_size", 1, ConfigReader.VocabularyMax);
    public bool IsTied => config.FindBool("tie_word_embeddings") ?? model.IsGemma;

    private int HeadSize => (int)(config.FindInteger("head_dim", 1, ConfigReader.HeadSizeMax)
        ?? config.GetInteger("hidden_size", 1, ConfigReader.WidthMax) / Heads);

    private HubJson? Rope => config.FindObject("rope_scaling") ?? config.FindObject("rope_parameters");

    public void Write(GgufWriter writer)
    {
        writer.Set("general.architecture", _arch);
        Integer(writer, "block_count", Layers);
        Integer(writer, "context_length", config.GetInteger("max_position_embeddings", 1, Max));
        Integer(writer, "embedding_length", config.GetInteger("hidden_size", 1, Max));
        Integer(writer, "feed_forward_length", FeedForward());
        Integer(writer, "attention.head_count", Heads);
        Integer(writer, "attention.head_count_kv", HeadsKv);
        Integer(writer, "attention.key_length", HeadSize);
        Integer(writer, "attention.value_length", HeadSize);
        Integer(writer, "rope.dimension_count",
            (long)Math.Round(HeadSize * (config.FindReal("partial_rotary_factor") ?? 1)));
        Integer(writer, "vocab_size", Vocabulary);
        Real(writer, "attention.layer_norm_rms_epsilon", config.GetReal("rms_norm_eps"));
        Real(writer, "rope.freq_base", config.FindReal("rope_theta") ?? Rope?.FindReal("rope_theta") ?? 10000);
        WriteScaling(writer);
        WriteExperts(writer);
        if (model.IsGemma) WriteGemma(writer);
        else if (config.FindBool("use_sliding_window") != false && _arch == "phi3"
            && config.FindInteger("sliding_window", 1, Max) is { } window)
            Integer(writer, "attention.sliding_window", window);
        if (_arch != "granite") return;
        Real(writer, "embedding_scale", config.GetReal("embedding_multiplier"));
        Real(writer, "residual_scale", config.GetReal("residual_multiplier"));
        Real(writer, "logit_scale", config.GetReal("logits_scaling"));
        Real(writer, "attention.scale", config.GetReal("attention_multiplier"));
    }

    /// <summary>Factors per pair of long and short texts; null where the model has none. Their count is half the
    /// rotated dimensions.</summary>
    public (float[] Long, float[] Short)? LongRope()
    {
        if (Rope is not { } rope || Kind(rope) is not ("longrope" or "su")) return null;
        return (Factors(rope, "long_factor"), Factors(rope, "short_factor"));
    }

    private static float[] Factors(HubJson rope, string key)
    {
        JsonElement[] values = rope.FindArray(key, ConfigReader.HeadSizeMax) ?? throw rope.Wrong(key, "is missing");
        var factors = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
            if (values[i].ValueKind != JsonValueKind.Number || !values[i].TryGetSingle(out factors[i])
                || !float.IsFinite(factors[i])) throw rope.Wrong(key, "holds something that is no number");
        return factors.Length > 0 ? factors : throw rope.Wrong(key, "is empty");
    }

    private static string Kind(HubJson rope) =>
        rope.FindText("rope_type") ?? rope.FindText("type") ?? "default";

    private void WriteScaling(GgufWriter writer)
    {
        if (Rope is not { } rope) return;
        string kind = Kind(rope);
        if (kind == "default") return;
        if (kind is "longrope" or "su")
        {
            long original = config.FindInteger("original_max_position_embeddings", 1, Max)
                ?? rope.GetInteger("original_max_position_embeddings", 1, Max);
            double scale = (double)config.GetInteger("max_position_embeddings", 1, Max) / original;
            Integer(writer, "rope.scaling.original_context_length", original);
            Real(writer, "rope.scaling.attn_factor",
                scale <= 1 ? 1 : Math.Sqrt(1 + Math.Log(scale) / Math.Log(original)));
            return;
        }
        if (kind is not ("linear" or "llama3" or "yarn"))
            throw rope.Wrong("rope_type", $"{Printable.Quote(kind)} is not supported; take a GGUF file of the model");
        writer.Set($"{_arch}.rope.scaling.type", kind);
        Real(writer, "rope.scaling.factor", rope.GetReal("factor"));
        if (kind == "linear") return;
        if (rope.FindInteger("original_max_position_embeddings", 1, Max) is { } before)
            Integer(writer, "rope.scaling.original_context_length", before);
        if (kind == "llama3")
        {
            Real(writer, "rope.scaling.low_freq_factor", rope.GetReal("low_freq_factor"));
            Real(writer, "rope.scaling.high_freq_factor", rope.GetReal("high_freq_factor"));
            return;
        }
        if (rope.FindReal("beta_fast") is { } fast) Real(writer, "rope.scaling.yarn_beta_fast", fast);
        if (rope.FindReal("beta_slow") is { } slow) Real(writer, "rope.scaling.yarn_beta_slow", slow);
        if (rope.FindReal("attention_factor") is { } attention
            && Math.Abs(attention / (0.1 * Math.Log(rope.GetReal("factor")) + 1) - 1) > 1e-3)
            throw rope.Wrong("attention_factor", $"{attention} is not the usual one; take a GGUF file of the model");
    }

    private long FeedForward() => _arch == "qwen3moe"
        ? config.FindInteger("intermediate_size", 1, Max) ?? config.GetInteger("moe_intermediate_size", 1, Max)
        : config.GetInteger("intermediate_size", 1, Max);

    private void WriteExperts(GgufWriter writer)
    {
        if (Experts == 0) return;
        Integer(writer, "expert_count", Experts);
        Integer(writer, "expert_used_count", config.GetInteger("num_experts_per_tok", 1, Max));
        if (config.FindBool("norm_topk_prob") is { } norm && norm != (_arch != "olmoe"))
            throw config.Wrong("norm_topk_prob", $"'{norm}' is not this architecture's; take a GGUF file of the model");
        if (config.FindReal("clip_qkv") is not null)
            throw config.Wrong("clip_qkv", "clipping is not supported; take another model");
        if (_arch == "qwen3moe")
            Integer(writer, "expert_feed_forward_length", config.GetInteger("moe_intermediate_size", 1, Max));
    }

    private void WriteGemma(GgufWriter writer)
    {
        Integer(writer, "attention.sliding_window", config.GetInteger("sliding_window", 1, Max));
        Real(writer, "attention.scale", 1 / Math.Sqrt(config.FindReal("query_pre_attn_scalar") ?? HeadSize));
        if (config.FindReal("attn_logit_softcapping") is { } cap) Real(writer, "attn_logit_softcapping", cap);
        if (config.FindReal("final_logit_softcapping") is { } last) Real(writer, "final_logit_softcapping", last);
        if (config.FindReal("rope_local_base_freq") is { } local) Real(writer, "rope.freq_base_swa", local);
        if (config.FindInteger("sliding_window_pattern", 1, ConfigReader.LayersMax) is { } pattern)
            Integer(writer, "attention.sliding_window_pattern", pattern);
    }

    private void Integer(GgufWriter writer, string key, long value) =>
        writer.Set($"{_arch}.{key}", (uint)Math.Clamp(value, 0, uint.MaxValue));

    private void Real(GgufWriter writer, string key, double value) => writer.Set($"{_arch}.{key}", (float)value);
}
