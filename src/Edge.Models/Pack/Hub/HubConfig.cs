using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>config.json as the keys of a GGUF file. Values are checked when they are read back, as those of any
/// file.</summary>
internal sealed partial class HubConfig(HubJson config, HubModel model)
{
    private const int Max = int.MaxValue;
    private const string TakeGguf = "take a GGUF file of the model";
    // Names of layers, in layer_types and, of newer folders, in rope_parameters.
    private const string Whole = "full_attention", Windowed = "sliding_attention";

    private readonly string _arch = ArchitectureOf(config, model);

    public int Heads => (int)config.GetInteger("num_attention_heads", 1, ConfigReader.HeadsMax);
    public int HeadsKv => (int)(config.FindInteger("num_key_value_heads", 1, ConfigReader.HeadsMax) ?? Heads);
    public int Layers => (int)config.GetInteger("num_hidden_layers", 1, ConfigReader.LayersMax);
    public int Experts => (int)(config.FindInteger("num_local_experts", 0, ConfigReader.ExpertsMax)
        ?? config.FindInteger("num_experts", 0, ConfigReader.ExpertsMax)
        ?? config.FindInteger("n_routed_experts", 0, ConfigReader.ExpertsMax) ?? 0);
    public int Vocabulary => (int)config.GetInteger("vocab_size", 1, ConfigReader.VocabularyMax);
    public bool IsTied => config.FindBool("tie_word_embeddings") ?? config.FindBool("tie_embedding")
        ?? (model.IsGemma || _arch == "lfm2");
    /// <summary>Layers behind the last that predict further tokens.</summary>
    public int DraftLayers => _arch != "deepseek2" ? 0
        : (int)(config.FindInteger("num_nextn_predict_layers", 0, ConfigReader.LayersMax) ?? 0);

    private int HeadSize => (int)(config.FindInteger("head_dim", 1, ConfigReader.HeadSizeMax)
        ?? config.GetInteger("hidden_size", 1, ConfigReader.WidthMax) / Heads);

    /// <summary>Errors: ModelFolderException for an activation that is not the class's.</summary>
    private static string ArchitectureOf(HubJson config, HubModel model)
    {
        string? key = config.FindText("hidden_activation") is not null ? "hidden_activation" : "hidden_act";
        string name = config.FindText(key) ?? model.Activation;
        return name == model.Activation || name == "swish" && model.Activation == "silu" ? model.Architecture
            : throw config.Wrong(key, $"{Printable.Quote(name)} is not this architecture's, which is " +
                $"{model.Activation}; {TakeGguf}");
    }

    /// <summary>Errors: ModelFolderException for what cannot be said, or is not supported.</summary>
    public HubKeys Keys()
    {
        var writer = new HubKeys();
        writer.Set("general.architecture", _arch);
        Integer(writer, "block_count", Layers);
        Integer(writer, "context_length", ContextLength());
        Integer(writer, "embedding_length", config.GetInteger("hidden_size", 1, Max));
        Integer(writer, "feed_forward_length", FeedForward());
        Integer(writer, "attention.head_count", Heads);
        Integer(writer, "vocab_size", Vocabulary);
        string epsilon = _arch == "lfm2" ? "norm_eps" : "rms_norm_eps";
        Real(writer, "attention.layer_norm_rms_epsilon", config.GetReal(epsilon));
        if (model.IsLatent) WriteLatentHeads(writer);
        else WriteHeads(writer);
        RequireKnownWindows();
        Real(writer, "rope.freq_base", RopeBase());
        WriteScaling(writer);
        if (_arch == "deepseek2") WriteGroupedExperts(writer);
        else WriteExperts(writer);
        if (model.IsGemma) WriteGemma(writer);
        else if (_arch == "gpt-oss") WriteGptOss(writer);
        else if (_arch == "phi3" && Window() is { } window) Integer(writer, "attention.sliding_window", window);
        if (_arch == "smollm3") RequireUsualRotation();
        if (_arch == "lfm2") WriteConvolutions(writer);
        if (_arch is "granite" or "granitemoe") WriteGranite(writer);
        return writer;
    }

    /// <summary>What of the context is not there, as a sentence; null where all of it is.</summary>
    public string? ShortContext => config.FindInteger("max_position_embeddings", 1, Max) is { } length
        && ContextLength() < length
            ? $"left out: texts beyond the model's window of {ContextLength()} tokens, which is the context here; " +
                $"config.json has {length}" : null;

    private long ContextLength()
    {
        long length = config.GetInteger("max_position_embeddings", 1, Max);
        // Within the window all of a text is seen: what is longer would be another model than its publisher's.
        return HasNoWindows && Window() is { } window ? Math.Min(length, window) : length;
    }

    /// <summary>Whose window we have not: it bounds the context.</summary>
    private bool HasNoWindows => _arch is "llama" or "qwen2" or "qwen3" or "qwen3moe" or "smollm3";

    private long? Window()
    {
        // Only where a switch says so, which is off unless it is named; a list of layers without one is the same.
        bool isOn = config.FindBool("use_sliding_window") ?? _arch is "llama" or "phi3";
        bool isUsed = LayerTypes() is not { } types || Array.IndexOf(types, Windowed) >= 0;
        return isOn && isUsed ? config.FindInteger("sliding_window", 1, Max) : null;
    }

    /// <summary>Layers that the architecture cannot run as config.json has them.</summary>
    private void RequireKnownWindows()
    {
        if (model.IsGemma || _arch is "gpt-oss" or "lfm2" || LayerTypes() is not { } types) return;
        bool all = Array.TrueForAll(types, type => type == Windowed);
        foreach (string type in types)
            if (type != Whole && !(type == Windowed && (HasNoWindows || _arch == "phi3" && all)))
                throw config.Wrong("layer_types",
                    $"{Printable.Quote(type)} is not supported in this architecture; {TakeGguf}");
    }

    private void WriteHeads(HubKeys writer)
    {
        if (_arch != "lfm2") Integer(writer, "attention.head_count_kv", HeadsKv);
        Integer(writer, "attention.key_length", HeadSize);
        Integer(writer, "attention.value_length", HeadSize);
        Integer(writer, "rope.dimension_count", RotatedDimensions);
    }

    private long FeedForward() => _arch switch
    {
        "qwen3moe" => config.FindInteger("intermediate_size", 1, Max)
            ?? config.GetInteger("moe_intermediate_size", 1, Max),
        "lfm2" => ConvolutionFeedForward(),
        _ => config.GetInteger("intermediate_size", 1, Max),
    };

    private void WriteGranite(HubKeys writer)
    {
        Real(writer, "embedding_scale", config.GetReal("embedding_multiplier"));
        Real(writer, "residual_scale", config.GetReal("residual_multiplier"));
        Real(writer, "logit_scale", config.GetReal("logits_scaling"));
        Real(writer, "attention.scale", config.GetReal("attention_multiplier"));
        if (config.FindInteger("shared_intermediate_size", 0, Max) is > 0 and var shared && _arch == "granitemoe")
            Integer(writer, "expert_shared_feed_forward_length", shared);
    }

    private void WriteGemma(HubKeys writer)
    {
        Integer(writer, "attention.sliding_window", config.GetInteger("sliding_window", 1, Max));
        Real(writer, "attention.scale", 1 / Math.Sqrt(config.FindReal("query_pre_attn_scalar") ?? HeadSize));
        foreach (string key in (string[])["attn_logit_softcapping", "final_logit_softcapping"])
            if (config.FindReal(key) is { } cap) Real(writer, key, cap);
            else if (config.IsNull(key)) Real(writer, key, 0); // none, where absent is Gemma 2's own
        if ((NearRope()?.FindReal("rope_theta") ?? config.FindReal("rope_local_base_freq")) is { } local)
            Real(writer, "rope.freq_base_swa", local);
        if (WriteWindows(writer)) return;
        if (config.FindInteger("sliding_window_pattern", 1, ConfigReader.LayersMax) is { } pattern)
            Integer(writer, "attention.sliding_window_pattern", pattern);
    }

    /// <summary>Which layers have the window, where config.json names them.</summary>
    private bool WriteWindows(HubKeys writer)
    {
        if (LayerTypes() is not { } types) return false;
        writer.SetArray($"{_arch}.attention.sliding_window_pattern",
            Array.ConvertAll(types, type => type == Windowed || (type == Whole ? false
                : throw config.Wrong("layer_types", $"{Printable.Quote(type)} is not known here; {TakeGguf}"))));
        return true;
    }

    private string[]? LayerTypes()
    {
        if (config.FindArray("layer_types", ConfigReader.LayersMax) is not { } types) return null;
        if (types.Length != Layers) throw config.Wrong("layer_types", $"has {types.Length} of {Layers} layers");
        return [.. types.Select(type => config.Text("layer_types", type))];
    }

    private void Integer(HubKeys writer, string key, long value) =>
        writer.Set($"{_arch}.{key}", (uint)Math.Clamp(value, 0, uint.MaxValue));

    private void Real(HubKeys writer, string key, double value) => writer.Set($"{_arch}.{key}", (float)value);
}
