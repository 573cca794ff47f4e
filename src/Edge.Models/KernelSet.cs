using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>
/// The choice of kernels, made once: the only place that asks what the CPU can do. A new variant is a row of
/// <see cref="All"/>; tests, `edge kernels` and the benchmarks loop over it.
/// </summary>
public sealed unsafe partial class KernelSet
{
    private KernelSet(string name, bool runnable, string needs)
    {
        Name = name;
        IsRunnable = runnable;
        Needs = needs;
    }

    /// <summary>Best first.</summary>
    public static IReadOnlyList<KernelSet> All { get; } =
    [
        X64("avx2+vnni", AvxVnni.IsSupported, "AVX-VNNI",
            &BlockKernels.Avx2,
            &Q4_0AvxVnni.Rows, &Digits2AvxVnni.Rows, &Digits3AvxVnni.Rows, &Digits4AvxVnni.Rows,
            &Digits4x32Avx2.Rows, &Nested4AvxVnni.Rows,
            &Nested4AvxVnni.Coarse, &Ternary2AvxVnni.Rows, &Ternary1_67AvxVnni.Rows, &Ternary1_6AvxVnni.Rows),
        X64("avx512", Avx512BW.IsSupported, "AVX-512 (BW), and a binary published for such a machine",
            &BlockKernels.Avx512,
            &Q4_0Avx512.Rows, &Digits2Avx512.Rows, &Digits3Avx512.Rows, &Digits4Avx512.Rows,
            &Digits4x32Avx512.Rows, &Nested4Avx512.Rows,
            &Nested4Avx512.Coarse, &Ternary2Avx2.Rows, &Ternary1_67Avx2.Rows, &Ternary1_6Avx2.Rows),
        X64("avx2", Avx2.IsSupported && Fma.IsSupported, "AVX2 and FMA",
            &BlockKernels.Avx2,
            &Q4_0Avx2.Rows, &Digits2Avx2.Rows, &Digits3Avx2.Rows, &Digits4Avx2.Rows,
            &Digits4x32Avx2.Rows, &Nested4Avx2.Rows,
            &Nested4Avx2.Coarse, &Ternary2Avx2.Rows, &Ternary1_67Avx2.Rows, &Ternary1_6Avx2.Rows),
        new("neon+dp", Dp.Arm64.IsSupported, "the dot-product instructions of ARMv8.2")
        {
            F32 = &FloatNeon.RowsF32, F16 = &FloatNeon.RowsF16, BF16 = &FloatNeon.RowsBF16,
            FloatQ8_0 = &FloatNeon.RowsQ8_0, FloatQ4_0 = &FloatNeon.RowsQ4_0,
            Blocks = &BlockKernels.NeonDot, Q8_0 = &Q8_0NeonDot.Rows, Q4_0 = &Q4_0NeonDot.Rows,
            Digits2 = &Digits2NeonDot.Rows, Digits3 = &Digits3NeonDot.Rows, Digits4 = &Digits4NeonDot.Rows,
            Digits4x32 = &Digits4x32NeonDot.Rows, Nested4 = &Nested4NeonDot.Rows,
            Nested4Coarse = &Nested4NeonDot.Coarse,
            Ternary2 = &Ternary2NeonDot.Rows, Ternary1_67 = &Ternary1_67NeonDot.Rows,
            Ternary1_6 = &Ternary1_6NeonDot.Rows,
            SparseF16 = &SparseNeon.RowsF16, SparseBF16 = &SparseNeon.RowsBF16,
            QuantizeGroups = &DigitsNeon.QuantizeGroups, QuantizeTokens = &DigitsNeon.QuantizeTokens,
            Quantize = &ActivationsNeon.Quantize, QuantizeSums = &ActivationsNeon.QuantizeSums,
            ToF16 = &ActivationsNeon.ToF16,
            HeadF32 = &AttentionNeon.HeadF32, HeadF16 = &AttentionNeon.HeadF16,
            Rms = &NormNeon.Rms, RopePairs = &RopeNeon.Pairs, RopeHalves = &RopeNeon.Halves,
            Softmax = &SoftmaxNeon.InPlace, SwiGlu = &GateNeon.SwiGlu, Add = &GateNeon.Add,
            AddScaled = &GateNeon.AddScaled, TopK = &RouterNeon.TopK,
            GeGlu = &GateNeon.GeGlu, SwiGluClamped = &GateNeon.SwiGluClamped, ReGlu = &GateNeon.ReGlu,
            CappedHeadF32 = &CappedAttentionNeon.HeadF32, CappedHeadF16 = &CappedAttentionNeon.HeadF16,
        },
        new("neon", AdvSimd.Arm64.IsSupported, "arm64")
        {
            F32 = &FloatNeon.RowsF32, F16 = &FloatNeon.RowsF16, BF16 = &FloatNeon.RowsBF16,
            FloatQ8_0 = &FloatNeon.RowsQ8_0, FloatQ4_0 = &FloatNeon.RowsQ4_0,
            Blocks = &BlockKernels.Neon, Q8_0 = &Q8_0Neon.Rows, Q4_0 = &Q4_0Neon.Rows,
            Digits2 = &Digits2LutNeon.Rows, Digits2Layout = TileLayout.Digits2Lut,
            Digits2Tables = &Digits2LutNeon.Tables,
            Digits3 = &Digits3Neon.Rows, Digits4 = &Digits4Neon.Rows, Digits4x32 = &Digits4x32Neon.Rows,
            Nested4 = &Nested4Neon.Rows, Nested4Coarse = &Nested4Neon.Coarse,
            Ternary2 = &Ternary2Neon.Rows, Ternary1_67 = &Ternary1_67Neon.Rows, Ternary1_6 = &Ternary1_6Neon.Rows,
            SparseF16 = &SparseNeon.RowsF16, SparseBF16 = &SparseNeon.RowsBF16,
            QuantizeGroups = &DigitsNeon.QuantizeGroups, QuantizeTokens = &DigitsNeon.QuantizeTokens,
            Quantize = &ActivationsNeon.Quantize, QuantizeSums = &ActivationsNeon.QuantizeSums,
            ToF16 = &ActivationsNeon.ToF16,
            HeadF32 = &AttentionNeon.HeadF32, HeadF16 = &AttentionNeon.HeadF16,
            Rms = &NormNeon.Rms, RopePairs = &RopeNeon.Pairs, RopeHalves = &RopeNeon.Halves,
            Softmax = &SoftmaxNeon.InPlace, SwiGlu = &GateNeon.SwiGlu, Add = &GateNeon.Add,
            AddScaled = &GateNeon.AddScaled, TopK = &RouterNeon.TopK,
            GeGlu = &GateNeon.GeGlu, SwiGluClamped = &GateNeon.SwiGluClamped, ReGlu = &GateNeon.ReGlu,
            CappedHeadF32 = &CappedAttentionNeon.HeadF32, CappedHeadF16 = &CappedAttentionNeon.HeadF16,
        },
        Scalar("scalar", &Digits2Scalar.Rows, TileLayout.Digits2),
    ];

    /// <summary>The x64 sets differ in what multiplies low-bit integers; the rest is AVX2's.</summary>
    private static KernelSet X64(string name, bool runnable, string needs,
        delegate*<QuantType, RowsKernel> blocks, RowsKernel q4_0, RowsKernel digits2,
        RowsKernel digits3, RowsKernel digits4, RowsKernel digits4x32, PlanesKernel nested4, RowsKernel nested4Coarse,
        RowsKernel ternary2, RowsKernel ternary1_67, RowsKernel ternary1_6) => new(name, runnable, needs)
        {
            F32 = &FloatAvx2.RowsF32, F16 = &FloatAvx2.RowsF16, BF16 = &FloatAvx2.RowsBF16,
            FloatQ8_0 = &FloatAvx2.RowsQ8_0, FloatQ4_0 = &FloatAvx2.RowsQ4_0,
            Blocks = blocks, Q8_0 = &Q8_0Avx2.Rows, Q4_0 = q4_0,
            Digits2 = digits2, Digits3 = digits3, Digits4 = digits4, Digits4x32 = digits4x32,
            Nested4 = nested4, Nested4Coarse = nested4Coarse,
            Ternary2 = ternary2, Ternary1_67 = ternary1_67, Ternary1_6 = ternary1_6,
            SparseF16 = &SparseAvx2.RowsF16, SparseBF16 = &SparseAvx2.RowsBF16,
            QuantizeGroups = &DigitsAvx2.QuantizeGroups, QuantizeTokens = &DigitsAvx2.QuantizeTokens,
            Quantize = &ActivationsAvx2.Quantize, QuantizeSums = &ActivationsAvx2.QuantizeSums,
            ToF16 = &ActivationsAvx2.ToF16,
            HeadF32 = &AttentionAvx2.HeadF32, HeadF16 = &AttentionAvx2.HeadF16,
            Rms = &NormAvx2.Rms, RopePairs = &RopeAvx2.Pairs, RopeHalves = &RopeAvx2.Halves,
            Softmax = &SoftmaxAvx2.InPlace, SwiGlu = &GateAvx2.SwiGlu, Add = &GateAvx2.Add,
            AddScaled = &GateAvx2.AddScaled, TopK = &RouterAvx2.TopK,
            GeGlu = &GateAvx2.GeGlu, SwiGluClamped = &GateAvx2.SwiGluClamped, ReGlu = &GateAvx2.ReGlu,
            CappedHeadF32 = &CappedAttentionAvx2.HeadF32, CappedHeadF16 = &CappedAttentionAvx2.HeadF16,
        };

    public string Name { get; }
    public bool IsRunnable { get; }
    /// <summary>What the CPU must have, in words.</summary>
    public string Needs { get; }

    public required RowsKernel F32 { get; init; }
    public required RowsKernel F16 { get; init; }
    public required RowsKernel BF16 { get; init; }
    public required RowsKernel FloatQ8_0 { get; init; }
    public required RowsKernel FloatQ4_0 { get; init; }
    public required RowsKernel Q8_0 { get; init; }
    public required RowsKernel Q4_0 { get; init; }
    /// <summary>Kernels of ggml's blocks; null for the other types.</summary>
    public required delegate*<QuantType, RowsKernel> Blocks { get; init; }
    public required RowsKernel Digits2 { get; init; }
    public required RowsKernel Digits3 { get; init; }
    public required RowsKernel Digits4 { get; init; }
    public required RowsKernel Digits4x32 { get; init; }
    public required PlanesKernel Nested4 { get; init; }
    public required RowsKernel Nested4Coarse { get; init; }
    public required RowsKernel Ternary2 { get; init; }
    public required RowsKernel Ternary1_67 { get; init; }
    public required RowsKernel Ternary1_6 { get; init; }
    /// <summary>Adds to what a matrix gave.</summary>
    public required RowsKernel SparseF16 { get; init; }
    public required RowsKernel SparseBF16 { get; init; }
    public required QuantizeKernel Quantize { get; init; }
    public required QuantizeKernel QuantizeSums { get; init; }
    public required QuantizeKernel QuantizeGroups { get; init; }
    public required QuantizeKernel QuantizeTokens { get; init; }
    public required ToF16Kernel ToF16 { get; init; }
    public required HeadKernel HeadF32 { get; init; }
    public required HeadKernel HeadF16 { get; init; }
    public required NormKernel Rms { get; init; }
    public required RopeKernel RopePairs { get; init; }
    public required RopeKernel RopeHalves { get; init; }
    public required SoftmaxKernel Softmax { get; init; }
    public required GateKernel SwiGlu { get; init; }
    public required GateKernel GeGlu { get; init; }
    public required GateKernel SwiGluClamped { get; init; }
    public required GateKernel ReGlu { get; init; }
    public required CappedHeadKernel CappedHeadF32 { get; init; }
    public required CappedHeadKernel CappedHeadF16 { get; init; }
    public required AddKernel Add { get; init; }
    public required AddScaledKernel AddScaled { get; init; }
    public required TopKKernel TopK { get; init; }

    /// <summary>The tiles that this set's Digits2 reads.</summary>
    internal TileLayout Digits2Layout { get; init; } = TileLayout.Digits2;
    internal QuantizeKernel Digits2Tables { get; init; } = &Digits2LutScalar.Tables;

    /// <summary>The set of that name, or the best that this CPU runs. Errors: ArgumentException for a name that is
    /// unknown or needs another CPU.</summary>
    public static KernelSet Choose(string? name)
    {
        if (name is null) return All.First(set => set.IsRunnable);
        KernelSet set = All.FirstOrDefault(set => set.Name == name) ?? throw new ArgumentException(
            $"kernel set '{name}' is unknown; known are {string.Join(", ", All.Select(set => set.Name))}",
            nameof(name));
        return set.IsRunnable ? set : throw new ArgumentException(
            $"kernel set '{name}' needs {set.Needs}, which this CPU ({RuntimeInformation.ProcessArchitecture}) has not",
            nameof(name));
    }

    internal static KernelSet Of(ModelOptions options) => options.Kernels ?? Choose(options.KernelSet);

    /// <summary>Why <see cref="Choose"/> took this set, for people.</summary>
    public string Why(string? requested)
    {
        if (requested is not null) return "requested";
        KernelSet[] passed = [.. All.TakeWhile(set => set != this)];
        return passed.Length == 0
            ? $"the CPU has {Needs}"
            : $"the CPU has not what {string.Join(", ", passed.Select(set => $"{set.Name} needs ({set.Needs})"))}";
    }

    /// <summary>Which file does each family's work in this set: the rows of `edge kernels`.</summary>
    public IReadOnlyList<KernelRow> Families =>
    [
        .. KernelRow.FamilyNames.Where(family =>
            family != (Digits2Layout == TileLayout.Digits2 ? "Digits2Lut" : "Digits2"))
            .Select(family => new KernelRow(family, Name, IsRunnable, Needs)),
    ];

    /// <summary>The matrix kernel of a tensor type as the file stores it, with float activations; null: there is
    /// none.</summary>
    internal RowsKernel InPlace(QuantType type) => type switch
    {
        QuantType.F32 => F32,
        QuantType.F16 => F16,
        QuantType.BF16 => BF16,
        QuantType.Q8_0 => FloatQ8_0,
        QuantType.Q4_0 => FloatQ4_0,
        _ => null,
    };

    /// <summary>The integer kernel of a tensor type; null: the type has none and is read in place.</summary>
    internal RowsKernel Tiled(QuantType type) => type switch
    {
        QuantType.Q8_0 => Q8_0,
        QuantType.Q4_0 => Q4_0,
        QuantType.DIGITS2_G128 => Digits2,
        QuantType.DIGITS3_G128 => Digits3,
        QuantType.DIGITS4_G128 => Digits4,
        QuantType.DIGITS4_G32 => Digits4x32,
        QuantType.NESTED4_HI => Nested4Coarse,
        QuantType.TERNARY_2_0 => Ternary2,
        QuantType.TERNARY_1_67 => Ternary1_67,
        QuantType.TERNARY_1_6 => Ternary1_6,
        _ => Blocks(type),
    };

    /// <summary>The kernel of both planes of a type whose second plane is a tensor of its own; null for the
    /// others.</summary>
    internal PlanesKernel Planes(QuantType type) => type == QuantType.NESTED4_HI ? Nested4 : null;

    /// <summary>The kernel of weights that are kept apart; null for the types of matrices.</summary>
    internal RowsKernel Sparse(QuantType type) =>
        type == QuantType.SPARSE_F16 ? SparseF16 : type == QuantType.SPARSE_BF16 ? SparseBF16 : null;

    /// <summary>The tiles that <see cref="Tiled"/> reads; null where it is null.</summary>
    internal TileLayout? Layout(QuantType type) => type switch
    {
        QuantType.Q8_0 => TileLayout.Q8_0,
        QuantType.Q4_0 => TileLayout.Q4_0,
        QuantType.DIGITS2_G128 => Digits2Layout,
        QuantType.DIGITS3_G128 => TileLayout.Digits3,
        QuantType.DIGITS4_G128 => TileLayout.Digits4,
        QuantType.DIGITS4_G32 => TileLayout.Digits4x32,
        QuantType.NESTED4_HI => TileLayout.Nested4,
        QuantType.TERNARY_2_0 => TileLayout.Ternary2,
        QuantType.TERNARY_1_67 => TileLayout.Ternary1_67,
        QuantType.TERNARY_1_6 => TileLayout.Ternary1_6,
        _ => TileLayout.OfBlocks(type),
    };

    /// <summary>Formats of activations that a file's matrices with that many columns read.</summary>
    internal IReadOnlySet<ActivationFormat> Activations(GgufFile file, int columns)
    {
        var formats = new HashSet<ActivationFormat>();
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (tensor.Columns == columns && tensor.Shape.Count >= 2 && Layout(tensor.Type) is { } layout)
                formats.Add(layout.Activations);
        }
        return formats;
    }

    /// <summary>What makes a format of float activations; null: nothing need be made.</summary>
    internal QuantizeKernel Preparation(ActivationFormat format) => format switch
    {
        ActivationFormat.Blocks => Quantize,
        ActivationFormat.FileBlocks => QuantizeSums,
        ActivationFormat.Groups => QuantizeGroups,
        ActivationFormat.Token => QuantizeTokens,
        ActivationFormat.Tables => Digits2Tables,
        _ => null,
    };

    /// <summary>Prepares rows of activations in every format that their buffer has room for.</summary>
    internal void Prepare(RowBuffer x, int row, long count)
    {
        Prepare(x, ActivationFormat.Blocks, row, count);
        Prepare(x, ActivationFormat.FileBlocks, row, count);
        Prepare(x, ActivationFormat.Token, row, count);
        Prepare(x, ActivationFormat.Groups, row, count);
        Prepare(x, ActivationFormat.Tables, row, count);
    }

    private void Prepare(RowBuffer x, ActivationFormat format, int row, long count)
    {
        byte* to = x.Prepared.Row(format, row, x.Width);
        if (to == null) return;
        QuantizeKernel kernel = Preparation(format);
        kernel(x.Row(row), to, x.Width, count);
        if (x.Split(format, row) == null) return;
        for (int r = row; r < row + count; r++)
            Outliers.Split(format, x.Row(r), x.Prepared.Row(format, r, x.Width), x.Split(format, r), x.Width, kernel);
    }
}
