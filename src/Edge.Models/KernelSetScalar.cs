using Edge.Kernels;

namespace Edge.Models;

/// <summary>Sets of the kernels that are the specification.</summary>
public sealed unsafe partial class KernelSet
{
    /// <summary>As the set of cores without the dot product: with its tiles of two bits and its tables, which no other
    /// set reads. Not in <see cref="All"/>: it runs everywhere, so that models are tested with them.</summary>
    internal static KernelSet ScalarTables =>
        Scalar("scalar with tables", &Digits2LutScalar.Rows, TileLayout.Digits2Lut);

    private static KernelSet Scalar(string name, RowsKernel digits2, TileLayout digits2Layout) =>
        new(name, true, "nothing")
        {
            F32 = &FloatScalar.RowsF32, F16 = &FloatScalar.RowsF16, BF16 = &FloatScalar.RowsBF16,
            FloatQ8_0 = &FloatScalar.RowsQ8_0, FloatQ4_0 = &FloatScalar.RowsQ4_0,
            Blocks = &BlockKernels.Scalar, Q8_0 = &Q8_0Scalar.Rows, Q4_0 = &Q4_0Scalar.Rows,
            Digits2 = digits2, Digits2Layout = digits2Layout,
            Digits3 = &Digits3Scalar.Rows, Digits4 = &Digits4Scalar.Rows,
            Digits4x32 = &Digits4x32Scalar.Rows, Nested4 = &Nested4Scalar.Rows, Nested4Coarse = &Nested4Scalar.Coarse,
            Ternary2 = &Ternary2Scalar.Rows, Ternary1_67 = &Ternary1_67Scalar.Rows, Ternary1_6 = &Ternary1_6Scalar.Rows,
            SparseF16 = &SparseScalar.RowsF16, SparseBF16 = &SparseScalar.RowsBF16,
            QuantizeGroups = &DigitsScalar.QuantizeGroups, QuantizeTokens = &DigitsScalar.QuantizeTokens,
            Quantize = &ActivationsScalar.Quantize, QuantizeSums = &ActivationsScalar.QuantizeSums,
            ToF16 = &ActivationsScalar.ToF16,
            HeadF32 = &AttentionScalar.HeadF32, HeadF16 = &AttentionScalar.HeadF16,
            Rms = &NormScalar.Rms, RopePairs = &RopeScalar.Pairs, RopeHalves = &RopeScalar.Halves,
            Softmax = &SoftmaxScalar.InPlace, SwiGlu = &GateScalar.SwiGlu, Add = &GateScalar.Add,
            AddScaled = &GateScalar.AddScaled, TopK = &RouterScalar.TopK,
            GeGlu = &GateScalar.GeGlu, SwiGluClamped = &GateScalar.SwiGluClamped, ReGlu = &GateScalar.ReGlu,
            CappedHeadF32 = &CappedAttentionScalar.HeadF32, CappedHeadF16 = &CappedAttentionScalar.HeadF16,
        };
}
