using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>How config.json stretches positions.</summary>
internal sealed partial class HubConfig
{
    /// <summary>Of layers that see everything, where others have their own.</summary>
    private HubJson? Rope
    {
        get
        {
            HubJson? rope = config.FindObject("rope_scaling") ?? config.FindObject("rope_parameters");
            return rope?.FindObject("full_attention") ?? rope;
        }
    }

    /// <summary>Factors per pair of long and short texts; null where the model has none. Their count is half the
    /// rotated dimensions.</summary>
    public (float[] Long, float[] Short)? LongRope()
    {
        if (Rope is not { } rope || Kind(rope) is not ("longrope" or "su")) return null;
        return (Factors(rope, "long_factor"), Factors(rope, "short_factor"));
    }

    /// <summary>SmolLM3: every fourth layer does not rotate.</summary>
    private void RequireUsualRotation()
    {
        JsonElement[] layers = config.FindArray("no_rope_layers", ConfigReader.LayersMax) ?? [];
        for (int l = 0; l < layers.Length; l++)
            if (layers[l].ValueKind != JsonValueKind.Number || !layers[l].TryGetInt32(out int rotates)
                || rotates != ((l + 1) % 4 == 0 ? 0 : 1))
                throw config.Wrong("no_rope_layers", $"layer {l} is not as this architecture has it; {TakeGguf}");
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
            throw rope.Wrong("rope_type", $"{Printable.Quote(kind)} is not supported; {TakeGguf}");
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
        WriteYarn(writer, rope);
    }

    private void WriteYarn(GgufWriter writer, HubJson rope)
    {
        if (rope.FindReal("beta_fast") is { } fast) Real(writer, "rope.scaling.yarn_beta_fast", fast);
        if (rope.FindReal("beta_slow") is { } slow) Real(writer, "rope.scaling.yarn_beta_slow", slow);
        if (rope.FindReal("attention_factor") is { } attention
            && Math.Abs(attention / (0.1 * Math.Log(rope.GetReal("factor")) + 1) - 1) > 1e-3)
            throw rope.Wrong("attention_factor", $"{attention} is not the usual one; {TakeGguf}");
        bool isWhole = rope.FindBool("truncate") ?? true;
        if (isWhole == (_arch == "gpt-oss"))
            throw rope.Wrong("truncate", $"'{isWhole}' is not this architecture's; {TakeGguf}");
        double? magnitude = rope.FindReal("mscale"), all = rope.FindReal("mscale_all_dim");
        if (all is null or 0)
        {
            if (magnitude is not (null or 1))
                throw rope.Wrong("mscale", $"{magnitude} without mscale_all_dim is not supported; {TakeGguf}");
            return;
        }
        if (magnitude != all || _arch != "deepseek2")
            throw rope.Wrong("mscale", $"{magnitude} beside mscale_all_dim {all} is not supported here; {TakeGguf}");
        Real(writer, "rope.scaling.yarn_log_multiplier", 0.1 * all.Value);
    }
}
