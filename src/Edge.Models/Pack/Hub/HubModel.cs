using System.Text.Json;

namespace Edge.Models.Pack.Hub;

/// <summary>A class of models as hubs publish them (config.json, architectures[0]), and its architecture
/// here.</summary>
internal sealed record HubModel(string Class, string Architecture)
{
    /// <summary>Rows of q and k are brought from halves to neighbours, as this architecture rotates them.</summary>
    public bool IsPermuted { get; init; }
    /// <summary>Norms are stored less 1, and there are more of them.</summary>
    public bool IsGemma { get; init; }

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
        new("Gemma2ForCausalLM", "gemma2") { IsGemma = true },
        new("Gemma3ForCausalLM", "gemma3") { IsGemma = true },
        new("GraniteForCausalLM", "granite") { IsPermuted = true },
        new("SmolLM3ForCausalLM", "smollm3") { IsPermuted = true },
        new("BitNetForCausalLM", "bitnet-b1.58"),
    ];

    private static readonly Dictionary<string, string> Tops = new(StringComparer.Ordinal)
    {
        ["model.embed_tokens.weight"] = "token_embd.weight", ["model.norm.weight"] = "output_norm.weight",
        ["lm_head.weight"] = "output.weight",
    };

    private static readonly Dictionary<string, string> Layers = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm", ["post_attention_layernorm"] = "ffn_norm",
        ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output", ["self_attn.qkv_proj"] = "attn_qkv",
        ["self_attn.q_norm"] = "attn_q_norm", ["self_attn.k_norm"] = "attn_k_norm",
        ["self_attn.attn_sub_norm"] = "attn_sub_norm", ["mlp.ffn_sub_norm"] = "ffn_sub_norm",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down",
        ["mlp.gate_up_proj"] = "ffn_up", ["mlp.gate"] = "ffn_gate_inp", ["block_sparse_moe.gate"] = "ffn_gate_inp",
    };

    private static readonly Dictionary<string, string> Experts = new(StringComparer.Ordinal)
    {
        ["gate_proj"] = "ffn_gate_exps", ["up_proj"] = "ffn_up_exps", ["down_proj"] = "ffn_down_exps",
        ["w1"] = "ffn_gate_exps", ["w3"] = "ffn_up_exps", ["w2"] = "ffn_down_exps",
    };

    private static readonly Dictionary<string, string> GemmaNorms = new(StringComparer.Ordinal)
    {
        ["post_attention_layernorm"] = "post_attention_norm", ["pre_feedforward_layernorm"] = "ffn_norm",
        ["post_feedforward_layernorm"] = "post_ffw_norm",
    };

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

    /// <summary>A tensor's name here, and which expert of a stack it is (−1: no stack); null where nothing here has its
    /// place.</summary>
    public (string Name, int Expert)? Place(string hub)
    {
        if (Tops.TryGetValue(hub, out string? top)) return (top, -1);
        string[] parts = hub.Split('.', 4);
        if (parts is not ["model", "layers", var number, var rest] || !IsNumber(number, out int layer)) return null;
        int dot = rest.LastIndexOf('.');
        if (dot < 0) return null;
        (string stem, string kind) = (rest[..dot], rest[(dot + 1)..]);
        if (kind is not ("weight" or "bias")) return null;
        string[] inner = stem.Split('.');
        if (inner is ["mlp" or "block_sparse_moe", "experts", var expert, var matrix] && kind == "weight")
            return IsNumber(expert, out int e) && Experts.TryGetValue(matrix, out string? stack)
                ? ($"blk.{layer}.{stack}.weight", e) : null;
        string? name = IsGemma && GemmaNorms.TryGetValue(stem, out string? norm) ? norm
            : Layers.GetValueOrDefault(stem);
        return name is null ? null : ($"blk.{layer}.{name}.{kind}", -1);
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, null, out number) && number < 65536;
}
