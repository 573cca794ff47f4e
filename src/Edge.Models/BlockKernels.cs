using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>The kernels of src/Edge.Kernels/BlockTiles: a row per tensor type.</summary>
internal static unsafe class BlockKernels
{
    private static readonly Dictionary<QuantType, Row> Rows = new()
    {
        [QuantType.Q4_1] = new(&BlockTilesScalar.PackQ4_1, &BlockTilesScalar.RowsQ4_1, &BlockTilesNeon.RowsQ4_1,
            &BlockTilesNeonDot.RowsQ4_1, &BlockTilesAvx2.RowsQ4_1, &BlockTilesAvx512.RowsQ4_1),
        [QuantType.Q5_0] = new(&BlockTilesScalar.PackQ5_0, &BlockTilesScalar.RowsQ5_0, &BlockTilesNeon.RowsQ5_0,
            &BlockTilesNeonDot.RowsQ5_0, &BlockTilesAvx2.RowsQ5_0, &BlockTilesAvx512.RowsQ5_0),
        [QuantType.Q5_1] = new(&BlockTilesScalar.PackQ5_1, &BlockTilesScalar.RowsQ5_1, &BlockTilesNeon.RowsQ5_1,
            &BlockTilesNeonDot.RowsQ5_1, &BlockTilesAvx2.RowsQ5_1, &BlockTilesAvx512.RowsQ5_1),
        [QuantType.Q2_K] = new(&BlockTilesScalar.PackQ2_K, &BlockTilesScalar.RowsQ2_K, &BlockTilesNeon.RowsQ2_K,
            &BlockTilesNeonDot.RowsQ2_K, &BlockTilesAvx2.RowsQ2_K, &BlockTilesAvx512.RowsQ2_K),
        [QuantType.Q3_K] = new(&BlockTilesScalar.PackQ3_K, &BlockTilesScalar.RowsQ3_K, &BlockTilesNeon.RowsQ3_K,
            &BlockTilesNeonDot.RowsQ3_K, &BlockTilesAvx2.RowsQ3_K, &BlockTilesAvx512.RowsQ3_K),
        [QuantType.Q4_K] = new(&BlockTilesScalar.PackQ4_K, &BlockTilesScalar.RowsQ4_K, &BlockTilesNeon.RowsQ4_K,
            &BlockTilesNeonDot.RowsQ4_K, &BlockTilesAvx2.RowsQ4_K, &BlockTilesAvx512.RowsQ4_K),
        [QuantType.Q5_K] = new(&BlockTilesScalar.PackQ5_K, &BlockTilesScalar.RowsQ5_K, &BlockTilesNeon.RowsQ5_K,
            &BlockTilesNeonDot.RowsQ5_K, &BlockTilesAvx2.RowsQ5_K, &BlockTilesAvx512.RowsQ5_K),
        [QuantType.Q6_K] = new(&BlockTilesScalar.PackQ6_K, &BlockTilesScalar.RowsQ6_K, &BlockTilesNeon.RowsQ6_K,
            &BlockTilesNeonDot.RowsQ6_K, &BlockTilesAvx2.RowsQ6_K, &BlockTilesAvx512.RowsQ6_K),
        [QuantType.IQ4_NL] = new(&BlockTilesScalar.PackIQ4_NL, &BlockTilesScalar.RowsIQ4_NL, &BlockTilesNeon.RowsIQ4_NL,
            &BlockTilesNeonDot.RowsIQ4_NL, &BlockTilesAvx2.RowsIQ4_NL, &BlockTilesAvx2.RowsIQ4_NL),
        [QuantType.IQ4_XS] = new(&BlockTilesScalar.PackIQ4_XS, &BlockTilesScalar.RowsIQ4_XS, &BlockTilesNeon.RowsIQ4_XS,
            &BlockTilesNeonDot.RowsIQ4_XS, &BlockTilesAvx2.RowsIQ4_XS, &BlockTilesAvx2.RowsIQ4_XS),
        [QuantType.TQ1_0] = new(&BlockTilesScalar.PackTQ1_0, &BlockTilesScalar.RowsTQ2_0, &BlockTilesNeon.RowsTQ2_0,
            &BlockTilesNeonDot.RowsTQ2_0, &BlockTilesAvx2.RowsTQ2_0, &BlockTilesAvx512.RowsTQ2_0),
        [QuantType.TQ2_0] = new(&BlockTilesScalar.PackTQ2_0, &BlockTilesScalar.RowsTQ2_0, &BlockTilesNeon.RowsTQ2_0,
            &BlockTilesNeonDot.RowsTQ2_0, &BlockTilesAvx2.RowsTQ2_0, &BlockTilesAvx512.RowsTQ2_0),
        [QuantType.I2_S] = new(&BlockTilesScalar.PackI2_S, &BlockTilesScalar.RowsI2_S, &BlockTilesNeon.RowsI2_S,
            &BlockTilesNeonDot.RowsI2_S, &BlockTilesAvx2.RowsI2_S, &BlockTilesAvx512.RowsI2_S),
        [QuantType.MXFP4] = new(&BlockTilesScalar.PackMXFP4, &BlockTilesScalar.RowsMXFP4, &BlockTilesNeon.RowsMXFP4,
            &BlockTilesNeonDot.RowsMXFP4, &BlockTilesAvx2.RowsMXFP4, &BlockTilesAvx512.RowsMXFP4),
    };

    /// <summary>Makes tiles of a file's rows; as the others, null for a type that is not one of these.</summary>
    public static PackKernel Pack(QuantType type) => Rows.TryGetValue(type, out Row row) ? row.Pack : null;

    public static RowsKernel Scalar(QuantType type) => Rows.TryGetValue(type, out Row row) ? row.Scalar : null;

    public static RowsKernel Neon(QuantType type) => Rows.TryGetValue(type, out Row row) ? row.Neon : null;

    public static RowsKernel NeonDot(QuantType type) => Rows.TryGetValue(type, out Row row) ? row.NeonDot : null;

    public static RowsKernel Avx2(QuantType type) => Rows.TryGetValue(type, out Row row) ? row.Avx2 : null;

    public static RowsKernel Avx512(QuantType type) => Rows.TryGetValue(type, out Row row) ? row.Avx512 : null;

    private readonly struct Row(PackKernel pack, RowsKernel scalar, RowsKernel neon, RowsKernel neonDot,
        RowsKernel avx2, RowsKernel avx512)
    {
        public PackKernel Pack { get; } = pack;
        public RowsKernel Scalar { get; } = scalar;
        public RowsKernel Neon { get; } = neon;
        public RowsKernel NeonDot { get; } = neonDot;
        public RowsKernel Avx2 { get; } = avx2;
        public RowsKernel Avx512 { get; } = avx512;
    }
}
