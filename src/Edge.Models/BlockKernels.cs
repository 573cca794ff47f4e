using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>The kernels of src/Edge.Kernels/BlockTiles by tensor type.</summary>
internal static unsafe class BlockKernels
{
    /// <summary>Makes tiles of a file's rows.</summary>
    public static PackKernel Pack(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlockTilesScalar.PackQ4_1,
        QuantType.Q5_0 => &BlockTilesScalar.PackQ5_0,
        QuantType.Q5_1 => &BlockTilesScalar.PackQ5_1,
        QuantType.Q2_K => &BlockTilesScalar.PackQ2_K,
        QuantType.Q3_K => &BlockTilesScalar.PackQ3_K,
        QuantType.Q4_K => &BlockTilesScalar.PackQ4_K,
        QuantType.Q5_K => &BlockTilesScalar.PackQ5_K,
        QuantType.Q6_K => &BlockTilesScalar.PackQ6_K,
        QuantType.IQ4_NL => &BlockTilesScalar.PackIQ4_NL,
        QuantType.IQ4_XS => &BlockTilesScalar.PackIQ4_XS,
        QuantType.MXFP4 => &BlockTilesScalar.PackMXFP4,
        QuantType.TQ1_0 => &BlockTilesScalar.PackTQ1_0,
        QuantType.TQ2_0 => &BlockTilesScalar.PackTQ2_0,
        QuantType.I2_S => &BlockTilesScalar.PackI2_S,
        _ => null,
    };

    public static RowsKernel Scalar(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlockTilesScalar.RowsQ4_1,
        QuantType.Q5_0 => &BlockTilesScalar.RowsQ5_0,
        QuantType.Q5_1 => &BlockTilesScalar.RowsQ5_1,
        QuantType.Q2_K => &BlockTilesScalar.RowsQ2_K,
        QuantType.Q3_K => &BlockTilesScalar.RowsQ3_K,
        QuantType.Q4_K => &BlockTilesScalar.RowsQ4_K,
        QuantType.Q5_K => &BlockTilesScalar.RowsQ5_K,
        QuantType.Q6_K => &BlockTilesScalar.RowsQ6_K,
        QuantType.IQ4_NL => &BlockTilesScalar.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlockTilesScalar.RowsIQ4_XS,
        QuantType.MXFP4 => &BlockTilesScalar.RowsMXFP4,
        QuantType.TQ1_0 => &BlockTilesScalar.RowsTQ2_0,
        QuantType.TQ2_0 => &BlockTilesScalar.RowsTQ2_0,
        QuantType.I2_S => &BlockTilesScalar.RowsI2_S,
        _ => null,
    };

    public static RowsKernel Neon(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlockTilesNeon.RowsQ4_1,
        QuantType.Q5_0 => &BlockTilesNeon.RowsQ5_0,
        QuantType.Q5_1 => &BlockTilesNeon.RowsQ5_1,
        QuantType.Q2_K => &BlockTilesNeon.RowsQ2_K,
        QuantType.Q3_K => &BlockTilesNeon.RowsQ3_K,
        QuantType.Q4_K => &BlockTilesNeon.RowsQ4_K,
        QuantType.Q5_K => &BlockTilesNeon.RowsQ5_K,
        QuantType.Q6_K => &BlockTilesNeon.RowsQ6_K,
        QuantType.IQ4_NL => &BlockTilesNeon.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlockTilesNeon.RowsIQ4_XS,
        QuantType.MXFP4 => &BlockTilesNeon.RowsMXFP4,
        QuantType.TQ1_0 => &BlockTilesNeon.RowsTQ2_0,
        QuantType.TQ2_0 => &BlockTilesNeon.RowsTQ2_0,
        QuantType.I2_S => &BlockTilesNeon.RowsI2_S,
        _ => null,
    };

    public static RowsKernel NeonDot(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlockTilesNeonDot.RowsQ4_1,
        QuantType.Q5_0 => &BlockTilesNeonDot.RowsQ5_0,
        QuantType.Q5_1 => &BlockTilesNeonDot.RowsQ5_1,
        QuantType.Q2_K => &BlockTilesNeonDot.RowsQ2_K,
        QuantType.Q3_K => &BlockTilesNeonDot.RowsQ3_K,
        QuantType.Q4_K => &BlockTilesNeonDot.RowsQ4_K,
        QuantType.Q5_K => &BlockTilesNeonDot.RowsQ5_K,
        QuantType.Q6_K => &BlockTilesNeonDot.RowsQ6_K,
        QuantType.IQ4_NL => &BlockTilesNeonDot.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlockTilesNeonDot.RowsIQ4_XS,
        QuantType.MXFP4 => &BlockTilesNeonDot.RowsMXFP4,
        QuantType.TQ1_0 => &BlockTilesNeonDot.RowsTQ2_0,
        QuantType.TQ2_0 => &BlockTilesNeonDot.RowsTQ2_0,
        QuantType.I2_S => &BlockTilesNeonDot.RowsI2_S,
        _ => null,
    };

    public static RowsKernel Avx2(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlockTilesAvx2.RowsQ4_1,
        QuantType.Q5_0 => &BlockTilesAvx2.RowsQ5_0,
        QuantType.Q5_1 => &BlockTilesAvx2.RowsQ5_1,
        QuantType.Q2_K => &BlockTilesAvx2.RowsQ2_K,
        QuantType.Q3_K => &BlockTilesAvx2.RowsQ3_K,
        QuantType.Q4_K => &BlockTilesAvx2.RowsQ4_K,
        QuantType.Q5_K => &BlockTilesAvx2.RowsQ5_K,
        QuantType.Q6_K => &BlockTilesAvx2.RowsQ6_K,
        QuantType.IQ4_NL => &BlockTilesAvx2.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlockTilesAvx2.RowsIQ4_XS,
        QuantType.MXFP4 => &BlockTilesAvx2.RowsMXFP4,
        QuantType.TQ1_0 => &BlockTilesAvx2.RowsTQ2_0,
        QuantType.TQ2_0 => &BlockTilesAvx2.RowsTQ2_0,
        QuantType.I2_S => &BlockTilesAvx2.RowsI2_S,
        _ => null,
    };

    public static RowsKernel Avx512(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlockTilesAvx512.RowsQ4_1,
        QuantType.Q5_0 => &BlockTilesAvx512.RowsQ5_0,
        QuantType.Q5_1 => &BlockTilesAvx512.RowsQ5_1,
        QuantType.Q2_K => &BlockTilesAvx512.RowsQ2_K,
        QuantType.Q3_K => &BlockTilesAvx512.RowsQ3_K,
        QuantType.Q4_K => &BlockTilesAvx512.RowsQ4_K,
        QuantType.Q5_K => &BlockTilesAvx512.RowsQ5_K,
        QuantType.Q6_K => &BlockTilesAvx512.RowsQ6_K,
        QuantType.MXFP4 => &BlockTilesAvx512.RowsMXFP4,
        QuantType.TQ1_0 or QuantType.TQ2_0 => &BlockTilesAvx512.RowsTQ2_0,
        QuantType.I2_S => &BlockTilesAvx512.RowsI2_S,
        _ => Avx2(type),
    };
}
