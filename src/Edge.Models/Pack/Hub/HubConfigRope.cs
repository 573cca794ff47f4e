using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>How config.json stretches positions.</summary>
internal sealed partial class HubConfig
{
    /// <summary>rope_scaling, or rope_parameters of version 5 of transformers, which holds base and rotated part too;
    /// of layers that see everything, where others have their own.</summary>
    private HubJson? Rope
    {
        get
        {
            HubJson? rope = config.FindObject("rope_scaling") ?? config.FindObject(Parameters);
            HubJson? whole = rope?.FindObject(Whole);
            if (_arch != "gemma3" && (whole is not null || rope?.Has(Windowed) == true))
                throw config.Wrong(Parameters,
                    $"differs between layers, which this architecture's do not; {TakeGguf}");
            return whole ?? rope;
        }
    }

    private const string Parameters = "rope_parameters", Partial = "partial_rotary_factor";

    /// <summary>What stands within rope_parameters wins over the top, which older versions read.</summary>
    private double RopeBase() => Rope?.FindReal("rope_theta") ?? config.FindReal("rope_theta")
        ?? config.FindReal("theta") ?? _arch switch
        {
            "lfm2" or "gemma3" => 1e6,
            "smollm3" => 2e6,
            _ => model.Class == "MixtralForCausalLM" ? 1e6 : 10000,
        };

    private long RotatedDimensions
    {
        get
        {
            double part = Rope?.FindReal(Partial) ?? config.FindReal(Partial) ?? 1;
            return part is > 0 and <= 1 ? (long)(HeadSize * part)
                : throw config.Wrong(Partial, $"{part} is not within 0 to 1");
        }
    }

    /// <summary>Of Gemma 3's layers with a window: plain rotation of whole heads.</summary>
    private HubJson? NearRope()
    {
        if (_arch != "gemma3" || config.FindObject(Parameters)?.FindObject(Windowed) is not { } near) return null;
        if (Kind(near) != "default")
            throw near.Wrong("rope_type", $"{Printable.Quote(Kind(near))} is not supported here; {TakeGguf}");
        if (near.FindReal(Partial) is { } part && part != (Rope?.FindReal(Partial) ?? 1))
            throw near.Wrong(Partial, $"{part} is not that of the other layers; {TakeGguf}");
        return near;
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

    private float[] Factors(HubJson rope, string key)
    {
        JsonElement[] values = rope.FindArray(key, ConfigReader.HeadSizeMax) ?? throw rope.Wrong(key, "is missing");
        var factors = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
            if (values[i].ValueKind != JsonValueKind.Number || !values[i].TryGetSingle(out factors[i])
                || !float.IsFinite(factors[i])) throw rope.Wrong(key, "holds something that is no number");
        return factors.Length == RotatedDimensions / 2 ? factors : throw rope.Wrong(key,
            $"has {factors.Length} factors for {RotatedDimensions / 2} pairs that are rotated ({Partial})");
    }

    private static string Kind(HubJson rope) =>
        rope.FindText("rope_type") ?? rope.FindText("type") ?? "default";

    private void WriteScaling(HubKeys writer)
    {
        if (Rope is not { } rope) return;
        string kind = Kind(rope);
        if (kind == "default") return;
        if (kind is "longrope" or "su")
        {
            WriteLongRope(writer, rope);
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

    private void WriteLongRope(HubKeys writer, HubJson rope)
    {
        foreach (string key in (string[])["short_mscale", "long_mscale"])
            if (rope.Has(key)) throw rope.Wrong(key, $"is not supported; {TakeGguf}");
        const string Original = "original_max_position_embeddings";
        long original = config.FindInteger(Original, 1, Max) ?? rope.GetInteger(Original, 1, Max);
        double scale = (double)config.GetInteger("max_position_embeddings", 1, Max) / original;
        Integer(writer, "rope.scaling.original_context_length", original);
        Real(writer, "rope.scaling.attn_factor", rope.FindReal("attention_factor")
            ?? (scale <= 1 ? 1 : Math.Sqrt(1 + Math.Log(scale) / Math.Log(original))));
    }

    private void WriteYarn(HubKeys writer, HubJson rope)
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
