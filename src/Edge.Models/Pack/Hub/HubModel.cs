using System.Text.Json;

namespace Edge.Models.Pack.Hub;

/// <summary>A class of models as hubs publish them (config.json, architectures[0]), and its architecture
/// here.</summary>
internal sealed record HubModel(string Class, string Architecture)
{
    /// <summary>Rows of q and k are brought from halves to neighbours, as this architecture rotates them.</summary>
    public bool IsPermuted { get; init; }
    /// <summary>Norms are stored less 1.</summary>
    public bool IsGemma { get; init; }
    /// <summary>Attention has its own norm behind it.</summary>
    public bool HasMoreNorms { get; init; }
    /// <summary>Pictures are part of the folder; its text model is what is packed.</summary>
    public bool IsPart { get; init; }
    /// <summary>The norm before the head.</summary>
    public string OutputNorm { get; init; } = "output_norm.weight";
    /// <summary>hidden_act or hidden_activation, where config.json names one.</summary>
    public string Activation { get; init; } = "silu";
    /// <summary>What config.json leaves out where it is the class's own default.</summary>
    public string Defaults { get; init; } = "{}";

    /// <summary>Latent attention: keys and values of all heads come from one vector.</summary>
    public bool IsLatent => Architecture is "deepseek2" or "plm";

    // Multimodal folders name only what differs from these.
    private const string Gemma3Text = """
        {"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
         "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072,
         "rms_norm_eps": 1e-6, "rope_theta": 1e6, "rope_local_base_freq": 1e4, "query_pre_attn_scalar": 256,
         "sliding_window": 4096}
        """;
    private const string GptOss = """{"rope_theta": 150000, "head_dim": 64, "sliding_window": 128}""";
    private const string Lfm2 = """
        {"conv_L_cache": 3, "block_multiple_of": 256, "block_ffn_dim_multiplier": 1, "block_auto_adjust_ff_dim": true,
         "norm_eps": 1e-5, "max_position_embeddings": 128000}
        """;
    private const string Tanh = "gelu_pytorch_tanh";

    public static IReadOnlyList<HubModel> Table { get; } =
    [
        new("LlamaForCausalLM", "llama") { IsPermuted = true },
        new("MistralForCausalLM", "llama") { IsPermuted = true },
        new("MixtralForCausalLM", "llama") { IsPermuted = true },
        new("Qwen2ForCausalLM", "qwen2"),
        new("Qwen3ForCausalLM", "qwen3"),
        new("Qwen3MoeForCausalLM", "qwen3moe"),
        new("OlmoeForCausalLM", "olmoe"),
        new("Phi3ForCausalLM", "phi3"),
        new("Gemma2ForCausalLM", "gemma2") { IsGemma = true, HasMoreNorms = true, Activation = Tanh },
        new("Gemma3ForCausalLM", "gemma3") { IsGemma = true, HasMoreNorms = true, Activation = Tanh },
        new("Gemma3ForConditionalGeneration", "gemma3")
        {
            IsGemma = true, HasMoreNorms = true, Activation = Tanh, IsPart = true, Defaults = Gemma3Text,
        },
        new("GraniteForCausalLM", "granite") { IsPermuted = true },
        new("GraniteMoeForCausalLM", "granitemoe") { IsPermuted = true },
        new("GraniteMoeSharedForCausalLM", "granitemoe") { IsPermuted = true },
        new("SmolLM3ForCausalLM", "smollm3") { IsPermuted = true },
        new("BitNetForCausalLM", "bitnet-b1.58") { Activation = "relu2" },
        new("Lfm2ForCausalLM", "lfm2") { OutputNorm = "token_embd_norm.weight", Defaults = Lfm2 },
        new("DeepseekV2ForCausalLM", "deepseek2"),
        new("DeepseekV3ForCausalLM", "deepseek2"),
        new("GptOssForCausalLM", "gpt-oss") { HasMoreNorms = true, Defaults = GptOss },
        new("PLMForCausalLM", "plm") { Activation = "relu2" },
    ];

    /// <summary>The model of a configuration. Errors: ModelFolderException with the classes that are known.</summary>
    public static HubModel Of(HubJson config)
    {
        JsonElement[]? classes = config.FindArray("architectures", 16);
        string name = classes is { Length: > 0 } ? config.Text("architectures", classes[0])
            : throw config.Wrong("architectures", "is missing or empty");
        foreach (HubModel model in Table)
            if (model.Class == name) return model;
        throw config.Wrong("architectures",
            $"{Gguf.Printable.Quote(name)} is not known; known are {string.Join(", ", Table.Select(m => m.Class))}. " +
            "Take a GGUF file of the model");
    }

    /// <summary>The part of config.json that describes the text model, with the class's defaults.</summary>
    public HubJson TextOf(HubJson config) => ((IsPart ? config.FindObject("text_config") : null) ?? config)
        .WithDefaults(Defaults);

    /// <summary>An entry's name in a folder of the text model alone; null for a part that is left out.</summary>
    public string? TextName(string hub)
    {
        if (!IsPart) return hub;
        const string Inner = "language_model.", Model = "model.";
        if (hub.StartsWith(Inner, StringComparison.Ordinal)) return hub[Inner.Length..];
        if (!hub.StartsWith(Model, StringComparison.Ordinal)) return hub == "lm_head.weight" ? hub : null;
        string rest = hub[Model.Length..];
        if (rest.StartsWith(Inner, StringComparison.Ordinal)) return Model + rest[Inner.Length..];
        return rest.StartsWith("vision_tower.", StringComparison.Ordinal)
            || rest.StartsWith("multi_modal_projector.", StringComparison.Ordinal) ? null : hub;
    }
}
