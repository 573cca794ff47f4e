using Edge.Gguf;

namespace Edge.Models.Pack;

/// <summary>Which type each tensor gets. The rule, in this order:
/// <para>Vectors, routers and what is no weight matrix stay. The embedding table is only looked up, so it becomes Q8_0
/// when it is float; when it is also the head (there is no output.weight) it is treated as the head. The head decides
/// every token and is a small part of a pass: Q8_0 when it is float, unless asked otherwise; Q4_0 becomes DIGITS4_G32.
/// In layers Q4_0 becomes DIGITS4_G32, exactly, when 4 bits are wanted or nothing is to be rounded; Q4_1 and Q4_K
/// become it when 4 bits are wanted, exactly where offset and scale allow it. Ternary types become ternary ones
/// whatever is asked (I2_S in blocks of 64 even where nothing is to be rounded, which is exact). All others get the
/// type that was asked for, or, where their columns do not allow it, the nearest one that fits.</para></summary>
internal static class PackPlan
{
    private static readonly string[] Matrices =
    [
        "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "ffn_gate_exps",
        "ffn_up_exps", "ffn_down_exps", "ffn_gate_shexp", "ffn_up_shexp", "ffn_down_shexp", "attn_q_a", "attn_q_b",
        "attn_kv_a_mqa", "attn_k_b", "attn_v_b", "shortconv.in_proj", "shortconv.out_proj",
    ];

    /// <summary>The tensors of the packed file, in order: one for each of the source, and behind a first plane the
    /// second one.</summary>
    public static List<PlannedTensor> All(PackSource source, PackOptions options)
    {
        var plan = new List<PlannedTensor>();
        bool tied = source.Find("output.weight") is null;
        foreach (GgufTensor tensor in source.Tensors)
        {
            bool stays = source.IsFolder && options.Target == PackTarget.Keep;
            (QuantType type, string? note) = stays ? source.Kept(tensor) : For(tensor, tied, options);
            Add(plan, new PlannedTensor(tensor, tensor.Name, type, note).WithOutliers(options.Outliers));
            if (type == QuantType.NESTED4_HI)
                plan.Add(new PlannedTensor(tensor, tensor.Name + Tensors.PlaneSuffix, QuantType.NESTED4_LO, null));
        }
        return plan;
    }

    /// <summary>Adds a tensor behind its outliers: they are chosen before its scales are.</summary>
    public static void Add(List<PlannedTensor> plan, PlannedTensor tensor)
    {
        if (tensor.Outliers is not null) plan.Add(tensor.Outliers);
        plan.Add(tensor);
    }

    /// <summary>The type of one tensor, and why it is another one than was asked for.</summary>
    public static (QuantType Type, string? Note) For(GgufTensor tensor, bool tied, PackOptions options)
    {
        if (tensor.Shape.Count < 2) return (tensor.Type, null);
        // A copy would be read as blocks of 128 where no row of the file says otherwise.
        if (tensor.HasBlocksOf64) return Fit(tensor, Wanted(options with { Target = PackTarget.Ternary }));
        bool isFloat = IsFloat(tensor);
        if (tensor.Name == "token_embd.weight" && !tied)
            return isFloat && options.Target != PackTarget.Keep ? Fit(tensor, QuantType.Q8_0) : (tensor.Type, null);
        if (tensor.Name is "token_embd.weight" or "output.weight") return Head(tensor, isFloat, options);
        if (!IsLayerMatrix(tensor)) return (tensor.Type, null);
        if (tensor.Type == QuantType.Q4_0 && options.Target is PackTarget.Keep or PackTarget.Digits4)
            return (QuantType.DIGITS4_G32, null);
        QuantType? exactly = QuantTypes.Of(tensor.Type).ExactlyAs;
        if (exactly == QuantType.DIGITS4_G32 && options.Target == PackTarget.Digits4) return (exactly.Value, null);
        if (exactly == QuantType.TERNARY_1_67 && options.Target != PackTarget.Keep)
            return Fit(tensor, Wanted(options with { Target = PackTarget.Ternary }));
        return options.Target == PackTarget.Keep ? (tensor.Type, null) : Fit(tensor, Wanted(options));
    }

    /// <summary>A matrix of a layer that packing may round.</summary>
    public static bool IsLayerMatrix(GgufTensor tensor)
    {
        string[] parts = tensor.Name.Split('.', 3);
        return tensor.Shape.Count > 1 && parts is ["blk", _, _]
            && Matrices.Any(name => parts[2] == name + ".weight");
    }

    public static bool IsFloat(GgufTensor tensor) =>
        tensor.Type is QuantType.F32 or QuantType.F16 or QuantType.BF16;

    private static (QuantType, string?) Head(GgufTensor tensor, bool isFloat, PackOptions options)
    {
        if (tensor.Type == QuantType.Q4_0) return (QuantType.DIGITS4_G32, null);
        if (options.Target == PackTarget.Keep || options.Head == PackHead.Keep) return (tensor.Type, null);
        if (options.Head == PackHead.Digits4) return Fit(tensor, QuantType.DIGITS4_G128);
        return isFloat ? Fit(tensor, QuantType.Q8_0) : (tensor.Type, null);
    }

    private static QuantType Wanted(PackOptions options) => options.Target switch
    {
        PackTarget.Digits4 => QuantType.DIGITS4_G128,
        PackTarget.Digits3 => QuantType.DIGITS3_G128,
        PackTarget.Digits2 => QuantType.DIGITS2_G128,
        PackTarget.Nested4 => QuantType.NESTED4_HI,
        _ when options.Ternary == TernaryLayout.Bits2_0 => QuantType.TERNARY_2_0,
        _ when options.Ternary == TernaryLayout.Bits1_67 => QuantType.TERNARY_1_67,
        _ => QuantType.TERNARY_1_6,
    };

    private static (QuantType, string?) Fit(GgufTensor tensor, QuantType wanted)
    {
        if (tensor.Type == wanted) return (wanted, null);
        QuantTypeRow row = QuantTypes.Of(wanted);
        bool isTooWide = tensor.Columns > (KernelSet.Choose("scalar").Layout(wanted)?.ColumnsMax ?? long.MaxValue);
        if (tensor.Columns % row.BlockElements == 0 && !isTooWide) return (wanted, null);
        string why = isTooWide ? $"{tensor.Columns} columns are more than its sums hold"
            : $"{tensor.Columns} columns are no multiple of {row.BlockElements}";
        return wanted != QuantType.Q8_0 && tensor.Columns % 32 == 0 ? (QuantType.DIGITS4_G32, why) : (tensor.Type, why);
    }
}
