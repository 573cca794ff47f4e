using Edge.Gguf;

namespace Edge.Models;

/// <summary>The parts of a configuration that take more than one key.</summary>
internal sealed partial class ConfigReader
{
    private readonly record struct HeadShape(
        int HeadCountKv, int KeyLength, int RopeDimensionCount, int KeyLengthMla, int ValueLengthMla);

    private int Layers() => Integer("block_count", 1, LayersMax);

    private HeadShape PlainHeads(int width, int heads)
    {
        int headsKv = HeadCountKv(heads);
        if (heads % headsKv != 0)
            throw Wrong("attention.head_count_kv", $"{headsKv} does not divide attention.head_count {heads}");
        if (!Has("attention.key_length") && width % heads != 0)
            throw Wrong("attention.head_count", $"{heads} does not divide embedding_length {width}; " +
                "a file with other head sizes says so in attention.key_length");
        int size = Integer("attention.key_length", 2, HeadSizeMax, width / heads);
        if (size % 2 != 0) throw Wrong("attention.key_length", $"{size} is odd; rotation needs pairs");
        int values = Integer("attention.value_length", 0, int.MaxValue, size);
        if (values != size)
            throw Wrong("attention.value_length", $"{values} differs from {size}, the attention.key_length");
        return new HeadShape(headsKv, size, RopeDimensions(size, size), 0, 0);
    }

    /// <summary>Latent attention in its absorbed form: all queries share one head, the latent followed by the rotated
    /// part. Older files describe the heads before compression, under the plain keys.</summary>
    private HeadShape LatentHeads()
    {
        int rank = Integer("attention.kv_lora_rank", 1, HeadSizeMax);
        int size = Has("attention.key_length_mla")
            ? Integer("attention.key_length_mla", 3, HeadSizeMax) : Integer("attention.key_length", 3, HeadSizeMax);
        int values = Has("attention.value_length_mla")
            ? Integer("attention.value_length_mla", 1, HeadSizeMax) : Integer("attention.value_length", 1, HeadSizeMax);
        int rotated = RopeDimensions(null, size - 1);
        if (rank + rotated > HeadSizeMax)
            throw Wrong("attention.kv_lora_rank", $"{rank} and rope.dimension_count {rotated} exceed {HeadSizeMax}");
        return new HeadShape(1, rank + rotated, rotated, size, values);
    }

    private int RopeDimensions(int? missing, int max)
    {
        int dimensions = Integer("rope.dimension_count", 2, max, missing);
        return dimensions % 2 == 0
            ? dimensions : throw Wrong("rope.dimension_count", $"{dimensions} is odd; rotation needs pairs");
    }

    /// <summary>One number, or one per layer: 0 where a layer does not attend, else the same.</summary>
    private int HeadCountKv(int heads)
    {
        const string Name = "attention.head_count_kv";
        if (metadata.ArrayCount(Key(Name)) is null) return Integer(Name, 1, HeadsMax, heads);
        IReadOnlyList<long> counts = PerLayer(Name);
        long most = counts.Max();
        if (most is < 1 or > HeadsMax) throw Wrong(Name, $"{most} is not within 1 to {HeadsMax}");
        return counts.All(count => count == 0 || count == most)
            ? (int)most : throw Wrong(Name, "layers with different numbers of heads are not supported");
    }

    private bool[] ConvolutionLayers()
    {
        const string Name = "attention.head_count_kv";
        if (metadata.ArrayCount(Key(Name)) is null) return [];
        bool[] layers = [.. PerLayer(Name).Select(count => count == 0)];
        return layers.Contains(true) ? layers : [];
    }

    private IReadOnlyList<long> PerLayer(string name)
    {
        IReadOnlyList<long> values = metadata.FindIntegers(Key(name))!;
        return values.Count == Layers()
            ? values : throw Wrong(name, $"{values.Count} entries for {Layers()} layers");
    }

    /// <summary>One flag per layer, or a period: all but its last layer have the window.</summary>
    private IReadOnlyList<bool> WindowPattern()
    {
        const string Name = "attention.sliding_window_pattern";
        if (!Has(Name)) return [];
        if (metadata.ArrayCount(Key(Name)) is not null)
        {
            IReadOnlyList<bool> flags = metadata.FindBools(Key(Name))!;
            return flags.Count >= Layers()
                ? flags : throw Wrong(Name, $"{flags.Count} entries for {Layers()} layers");
        }
        int period = Integer(Name, 1, LayersMax);
        return [.. Enumerable.Range(0, Layers()).Select(layer => layer % period < period - 1)];
    }

    /// <summary>Where all layers have experts, and only experts, older architectures say their size in
    /// feed_forward_length.</summary>
    private int ExpertLength(int experts)
    {
        bool said = _architecture is "llama" or "olmoe" or "granitemoe" && experts > 0;
        return Integer("expert_feed_forward_length", 0, FeedForwardMax,
            said ? Integer("feed_forward_length", 1, FeedForwardMax) : 0);
    }

    private float WeightsScale()
    {
        double scale = Real("expert_weights_scale", 0, 1e6, 1);
        return scale == 0 ? 1 : (float)scale; // converters write 0 for none
    }

    private ExpertGating Gating()
    {
        int number = Integer("expert_gating_func", 0, int.MaxValue, (int)ExpertGating.Softmax);
        return number switch
        {
            0 or (int)ExpertGating.Softmax => ExpertGating.Softmax,
            (int)ExpertGating.Sigmoid => ExpertGating.Sigmoid,
            _ => throw Wrong("expert_gating_func", $"{number} is not supported; known are 1 (softmax), 2 (sigmoid)"),
        };
    }

    private int Groups(int experts, out int used)
    {
        int groups = experts == 0 ? 1 : Math.Max(1, Integer("expert_group_count", 0, ExpertsMax, 1));
        if (experts % groups != 0)
            throw Wrong("expert_group_count", $"{groups} does not divide expert_count {experts}");
        used = groups == 1 ? 1 : Integer("expert_group_used_count", 1, groups);
        if (groups > 1 && (long)experts / groups * used < Integer("expert_used_count", 1, experts))
            throw Wrong("expert_group_used_count", $"{used} groups of {experts / groups} have too few experts");
        return groups;
    }

    private RopeScaling Scaling()
    {
        const string Type = "rope.scaling.type";
        string type = metadata.FindString(Key(Type)) ?? (Has("rope.scale_linear") ? "linear" : "none");
        var kind = type switch
        {
            "none" or "longrope" => RopeScalingKind.None, // longrope: all in the tensors rope_factors_long and _short
            "linear" => RopeScalingKind.Linear,
            "yarn" => RopeScalingKind.Yarn,
            "llama3" => RopeScalingKind.Llama3,
            _ => throw Wrong(Type, $"'{type}' is not supported; known are none, linear, yarn, llama3, longrope"),
        };
        double low = Real("rope.scaling.low_freq_factor", 1e-3, 1e3, 1);
        double high = Real("rope.scaling.high_freq_factor", 1e-3, 1e3, 4);
        if (high <= low) throw Wrong("rope.scaling.high_freq_factor", $"{high} must exceed low_freq_factor {low}");
        return new RopeScaling
        {
            Kind = kind,
            Factor = ScalingFactor(),
            OriginalContextLength = Integer("rope.scaling.original_context_length", 1, ContextMax,
                Integer("context_length", 1, ContextMax)),
            AttnFactor = Real("rope.scaling.attn_factor", 1e-3, 1e3, 1),
            YarnLogMultiplier = Real("rope.scaling.yarn_log_multiplier", 0, 1e3, 0),
            YarnTruncate = _architecture != "gpt-oss",
            YarnBetaFast = Real("rope.scaling.yarn_beta_fast", 1e-3, 1e4, 32),
            YarnBetaSlow = Real("rope.scaling.yarn_beta_slow", 1e-3, 1e4, 1),
            LowFreqFactor = low,
            HighFreqFactor = high,
        };
    }

    /// <summary>Some converters write 0 where nothing is scaled.</summary>
    private double ScalingFactor()
    {
        const string Current = "rope.scaling.factor", Earlier = "rope.scale_linear";
        string key = Has(Current) ? Current : Earlier;
        return metadata.FindReal(Key(key)) == 0 ? 1 : Real(key, 1e-3, 1e6, 1);
    }
}
