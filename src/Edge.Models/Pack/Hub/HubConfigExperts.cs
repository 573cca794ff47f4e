using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>The parts of config.json that one make of models has.</summary>
internal sealed partial class HubConfig
{
    /// <summary>Of latent attention: the vector that keys and values come from, the part of a key that is not rotated,
    /// a value.</summary>
    public int LatentLength => (int)config.GetInteger("kv_lora_rank", 1, ConfigReader.HeadSizeMax);
    public int PlainKeyLength => (int)config.GetInteger("qk_nope_head_dim", 1, ConfigReader.HeadSizeMax);
    public int ValueLength => (int)config.GetInteger("v_head_dim", 1, ConfigReader.HeadSizeMax);

    /// <summary>As newer converters describe it: one head of keys, and the heads before compression.</summary>
    private void WriteLatentHeads(HubKeys writer)
    {
        if (config.FindBool("attention_bias") == true || config.FindBool("rope_interleave") == false)
            throw config.Wrong(config.FindBool("attention_bias") == true ? "attention_bias" : "rope_interleave",
                $"is not this architecture's; {TakeGguf}");
        long rotated = config.GetInteger("qk_rope_head_dim", 1, ConfigReader.HeadSizeMax);
        Integer(writer, "attention.head_count_kv", 1);
        Integer(writer, "attention.kv_lora_rank", LatentLength);
        if (config.FindInteger("q_lora_rank", 1, ConfigReader.WidthMax) is { } rank)
            Integer(writer, "attention.q_lora_rank", rank);
        Integer(writer, "attention.key_length", LatentLength + rotated);
        Integer(writer, "attention.value_length", LatentLength);
        Integer(writer, "attention.key_length_mla", PlainKeyLength + rotated);
        Integer(writer, "attention.value_length_mla", ValueLength);
        Integer(writer, "rope.dimension_count", rotated);
    }

    private void WriteExperts(HubKeys writer)
    {
        if (Experts == 0) return;
        Integer(writer, "expert_count", Experts);
        Integer(writer, "expert_used_count", UsedExperts());
        if (config.FindBool("norm_topk_prob") is { } norm && norm != (_arch != "olmoe"))
            throw config.Wrong("norm_topk_prob", $"'{norm}' is not this architecture's; {TakeGguf}");
        if (config.FindReal("clip_qkv") is not null)
            throw config.Wrong("clip_qkv", "clipping is not supported; take another model");
        if (_arch != "qwen3moe") return;
        Integer(writer, "expert_feed_forward_length", config.GetInteger("moe_intermediate_size", 1, Max));
        bool isDense = config.FindInteger("decoder_sparse_step", 1, Max) is > 1
            || config.FindArray("mlp_only_layers", ConfigReader.LayersMax) is { Length: > 0 };
        if (isDense)
            throw config.Wrong("decoder_sparse_step",
                "layers without experts are not supported here; take another model");
    }

    private long UsedExperts() => config.FindInteger("num_experts_per_tok", 1, Max)
        ?? config.GetInteger("experts_per_token", 1, Max);

    /// <summary>DeepSeek's: V2 weighs by softmax, its best experts decide which groups take part; V3 by sigmoid, with a
    /// bias for the choice.</summary>
    private void WriteGroupedExperts(HubKeys writer)
    {
        bool isThird = model.Class == "DeepseekV3ForCausalLM";
        string scoring = config.FindText("scoring_func") ?? (isThird ? "sigmoid" : "softmax");
        string method = config.FindText("topk_method") ?? (isThird ? "noaux_tc" : "greedy");
        if (scoring != (isThird ? "sigmoid" : "softmax"))
            throw config.Wrong("scoring_func", $"{Printable.Quote(scoring)} is not this class's; {TakeGguf}");
        if (isThird ? method != "noaux_tc" : method is not ("greedy" or "group_limited_greedy"))
            throw config.Wrong("topk_method", $"{Printable.Quote(method)} is not this class's; {TakeGguf}");
        if (config.FindInteger("moe_layer_freq", 1, Max) is > 1 and var every)
            throw config.Wrong("moe_layer_freq", $"{every}: dense layers between others are not supported; {TakeGguf}");
        double factor = config.FindReal("routed_scaling_factor") ?? 1;
        bool norm = config.FindBool("norm_topk_prob") ?? isThird;
        if (norm && !isThird && factor != 1) // publishers disagree on whether the factor holds then
            throw config.Wrong("norm_topk_prob", $"with routed_scaling_factor {factor} is not supported; {TakeGguf}");
        Integer(writer, "expert_count", Experts);
        Integer(writer, "expert_used_count", UsedExperts());
        Integer(writer, "expert_feed_forward_length", config.GetInteger("moe_intermediate_size", 1, Max));
        Integer(writer, "expert_shared_count", config.GetInteger("n_shared_experts", 1, ConfigReader.ExpertsMax));
        Integer(writer, "leading_dense_block_count",
            config.FindInteger("first_k_dense_replace", 0, ConfigReader.LayersMax) ?? 0);
        Real(writer, "expert_weights_scale", factor);
        writer.Set($"{_arch}.expert_weights_norm", norm);
        Integer(writer, "expert_gating_func", (long)(isThird ? ExpertGating.Sigmoid : ExpertGating.Softmax));
        long? groups = config.FindInteger("n_group", 1, ConfigReader.ExpertsMax);
        if (method == "greedy" || groups is null or 1) return;
        Integer(writer, "expert_group_count", groups.Value);
        Integer(writer, "expert_group_used_count", config.GetInteger("topk_group", 1, ConfigReader.ExpertsMax));
    }

    private void WriteGptOss(HubKeys writer)
    {
        if (config.FindReal("swiglu_limit") is { } limit && limit != 7)
            throw config.Wrong("swiglu_limit", $"{limit} is not this architecture's 7; {TakeGguf}");
        if (config.FindReal("swiglu_alpha") is { } alpha && alpha != 1.702)
            throw config.Wrong("swiglu_alpha", $"{alpha} is not this architecture's 1.702; {TakeGguf}");
        Integer(writer, "attention.sliding_window", config.GetInteger("sliding_window", 1, Max));
        Integer(writer, "expert_feed_forward_length", config.GetInteger("intermediate_size", 1, Max));
        WriteWindows(writer);
    }

    private void WriteConvolutions(HubKeys writer)
    {
        if (config.FindBool("conv_bias") == true)
            throw config.Wrong("conv_bias", $"biases of convolutions are not supported; {TakeGguf}");
        Integer(writer, "shortconv.l_cache", config.GetInteger("conv_L_cache", 1, ConfigReader.ConvolutionMax));
        var heads = new int[Layers];
        if (LayerTypes() is { } types)
        {
            for (int l = 0; l < heads.Length; l++)
                heads[l] = types[l] switch
                {
                    "full_attention" => HeadsKv,
                    "conv" => 0,
                    var other => throw config.Wrong("layer_types",
                        $"{Printable.Quote(other)} is not known here; {TakeGguf}"),
                };
        }
        else
        {
            foreach (JsonElement index in config.FindArray("full_attn_idxs", ConfigReader.LayersMax)
                ?? throw config.Wrong("layer_types", "is missing, and so is full_attn_idxs"))
                if (index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out int l)
                    && (uint)l < (uint)heads.Length) heads[l] = HeadsKv;
                else throw config.Wrong("full_attn_idxs", "holds something that is no layer");
        }
        writer.SetArray($"{_arch}.attention.head_count_kv", heads);
    }

    /// <summary>Source: the model's own definition: two thirds of the figure, stretched, rounded up.</summary>
    private long ConvolutionFeedForward()
    {
        long length = config.FindInteger("block_ff_dim", 1, ConfigReader.FeedForwardMax)
            ?? config.GetInteger("intermediate_size", 1, ConfigReader.FeedForwardMax);
        if (config.FindBool("block_auto_adjust_ff_dim") == false) return length;
        long multiple = config.GetInteger("block_multiple_of", 1, ConfigReader.FeedForwardMax);
        double stretch = config.GetReal("block_ffn_dim_multiplier");
        if (!(stretch > 0 && stretch <= 1024))
            throw config.Wrong("block_ffn_dim_multiplier", $"{stretch} is not within 0 to 1024");
        length = (long)(stretch * (2 * length / 3));
        return (length + multiple - 1) / multiple * multiple;
    }
}
