using System.Globalization;

namespace Edge.Models.Pack.Hub;

/// <summary>The names that hubs give to tensors, and their places here.</summary>
/// <remarks>Source: the modules of the transformers library's modeling files; names here are those that llama.cpp's
/// converter gives.</remarks>
internal static class HubNames
{
    private static readonly Dictionary<string, string> Tops = new(StringComparer.Ordinal)
    {
        ["model.embed_tokens.weight"] = "token_embd.weight", ["model.norm.weight"] = "output_norm.weight",
        ["lm_head.weight"] = "output.weight", ["model.embedding_norm.weight"] = "token_embd_norm.weight",
    };

    private static readonly Dictionary<string, string> Layers = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm", ["post_attention_layernorm"] = "ffn_norm",
        ["operator_norm"] = "attn_norm", ["ffn_norm"] = "ffn_norm",
        ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output", ["self_attn.out_proj"] = "attn_output",
        ["self_attn.qkv_proj"] = "attn_qkv",
        ["self_attn.q_norm"] = "attn_q_norm", ["self_attn.k_norm"] = "attn_k_norm",
        ["self_attn.q_layernorm"] = "attn_q_norm", ["self_attn.k_layernorm"] = "attn_k_norm",
        ["self_attn.attn_sub_norm"] = "attn_sub_norm", ["mlp.ffn_sub_norm"] = "ffn_sub_norm",
        ["self_attn.q_a_proj"] = "attn_q_a", ["self_attn.q_a_layernorm"] = "attn_q_a_norm",
        ["self_attn.q_b_proj"] = "attn_q_b", ["self_attn.kv_a_proj_with_mqa"] = "attn_kv_a_mqa",
        ["self_attn.kv_a_layernorm"] = "attn_kv_a_norm",
        ["conv.in_proj"] = "shortconv.in_proj", ["conv.out_proj"] = "shortconv.out_proj",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down",
        ["feed_forward.w1"] = "ffn_gate", ["feed_forward.w3"] = "ffn_up", ["feed_forward.w2"] = "ffn_down",
        ["mlp.gate_up_proj"] = "ffn_up", ["mlp.gate"] = "ffn_gate_inp", ["block_sparse_moe.gate"] = "ffn_gate_inp",
        ["block_sparse_moe.router.layer"] = "ffn_gate_inp", ["mlp.router"] = "ffn_gate_inp",
        ["mlp.shared_experts.gate_proj"] = "ffn_gate_shexp", ["mlp.shared_experts.up_proj"] = "ffn_up_shexp",
        ["mlp.shared_experts.down_proj"] = "ffn_down_shexp", ["shared_mlp.output_linear"] = "ffn_down_shexp",
    };

    private static readonly Dictionary<string, string> Experts = new(StringComparer.Ordinal)
    {
        ["gate_proj"] = "ffn_gate_exps", ["up_proj"] = "ffn_up_exps", ["down_proj"] = "ffn_down_exps",
        ["w1"] = "ffn_gate_exps", ["w3"] = "ffn_up_exps", ["w2"] = "ffn_down_exps",
    };

    /// <summary>Where the same name means another norm.</summary>
    private static readonly Dictionary<string, string> MoreNorms = new(StringComparer.Ordinal)
    {
        ["post_attention_layernorm"] = "post_attention_norm", ["pre_feedforward_layernorm"] = "ffn_norm",
        ["post_feedforward_layernorm"] = "post_ffw_norm",
    };

    /// <summary>Entries of which parts go to several places, or that are no module's weight or bias.</summary>
    private static readonly Dictionary<string, HubPlace[]> Parts = new(StringComparer.Ordinal)
    {
        ["self_attn.sinks"] = [new("attn_sinks.weight")],
        ["mlp.gate.e_score_correction_bias"] = [new("exp_probs_b.bias")],
        ["conv.conv.weight"] = [new("shortconv.conv.weight", Cut: HubCut.Taps)],
        ["self_attn.kv_b_proj.weight"] =
            [new("attn_k_b.weight", Cut: HubCut.Keys), new("attn_v_b.weight", Cut: HubCut.Values)],
        ["block_sparse_moe.input_linear.weight"] =
        [
            new("ffn_gate_exps.weight", Cut: HubCut.FirstHalf), new("ffn_up_exps.weight", Cut: HubCut.SecondHalf),
        ],
        ["block_sparse_moe.output_linear.weight"] = [new("ffn_down_exps.weight", Cut: HubCut.Stack)],
        ["shared_mlp.input_linear.weight"] =
        [
            new("ffn_gate_shexp.weight", Cut: HubCut.FirstHalf), new("ffn_up_shexp.weight", Cut: HubCut.SecondHalf),
        ],
        // gpt-oss: blocks of 4 bits as rows, floats as columns; gate and up in turns.
        ["mlp.experts.gate_up_proj_blocks"] =
            [new("ffn_gate_exps.weight", Cut: HubCut.Evens), new("ffn_up_exps.weight", Cut: HubCut.Odds)],
        ["mlp.experts.down_proj_blocks"] = [new("ffn_down_exps.weight", Cut: HubCut.Stack)],
        ["mlp.experts.gate_up_proj"] =
        [
            new("ffn_gate_exps.weight", Cut: HubCut.Evens) { IsTransposed = true },
            new("ffn_up_exps.weight", Cut: HubCut.Odds) { IsTransposed = true },
        ],
        ["mlp.experts.down_proj"] = [new("ffn_down_exps.weight", Cut: HubCut.Stack) { IsTransposed = true }],
        ["mlp.experts.gate_up_proj_bias"] =
            [new("ffn_gate_exps.bias", Cut: HubCut.Evens), new("ffn_up_exps.bias", Cut: HubCut.Odds)],
        ["mlp.experts.down_proj_bias"] = [new("ffn_down_exps.bias")],
    };

    /// <summary>Where an entry goes; empty where nothing here has its place.</summary>
    public static IReadOnlyList<HubPlace> PlacesOf(string hub, bool hasMoreNorms)
    {
        if (Tops.TryGetValue(hub, out string? top)) return [new(top)];
        if (LayerOf(hub, out string rest) is not { } layer) return [];
        if (Parts.TryGetValue(rest, out HubPlace[]? parts))
        {
            var places = new HubPlace[parts.Length];
            for (int i = 0; i < parts.Length; i++) places[i] = parts[i] with { Name = $"blk.{layer}.{parts[i].Name}" };
            return places;
        }
        int dot = rest.LastIndexOf('.');
        if (dot < 0) return [];
        (string stem, string kind) = (rest[..dot], rest[(dot + 1)..]);
        if (kind is not ("weight" or "bias")) return [];
        string[] inner = stem.Split('.');
        if (inner is ["mlp" or "block_sparse_moe", "experts", var expert, var matrix] && kind == "weight")
            return IsNumber(expert, out int e) && Experts.TryGetValue(matrix, out string? stack)
                ? [new($"blk.{layer}.{stack}.weight", e)] : [];
        string? name = hasMoreNorms && MoreNorms.TryGetValue(stem, out string? norm) ? norm
            : Layers.GetValueOrDefault(stem);
        return name is null ? [] : [new($"blk.{layer}.{name}.{kind}")];
    }

    /// <summary>The layer that an entry belongs to, and its name within it; null where it is in none.</summary>
    public static int? LayerOf(string hub, out string rest)
    {
        rest = "";
        if (hub.Split('.', 4) is not ["model", "layers", var number, var inner] || !IsNumber(number, out int layer))
            return null;
        rest = inner;
        return layer;
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 65536;
}
