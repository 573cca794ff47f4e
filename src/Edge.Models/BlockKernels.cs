using Edge.Gguf;
using Edge.Kernels;

namespace Edge.Models;

/// <summary>The kernels of src/Edge.Kernels/Blocks by tensor type: rows as the file has them.</summary>
internal static unsafe class BlockKernels
{
    public static RowsKernel Scalar(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlocksScalar.RowsQ4_1,
        QuantType.Q5_0 => &BlocksScalar.RowsQ5_0,
        QuantType.Q5_1 => &BlocksScalar.RowsQ5_1,
        QuantType.Q2_K => &BlocksScalar.RowsQ2_K,
        QuantType.Q3_K => &BlocksScalar.RowsQ3_K,
        QuantType.Q4_K => &BlocksScalar.RowsQ4_K,
        QuantType.Q5_K => &BlocksScalar.RowsQ5_K,
        QuantType.Q6_K => &BlocksScalar.RowsQ6_K,
        QuantType.IQ4_NL => &BlocksScalar.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlocksScalar.RowsIQ4_XS,
        QuantType.TQ1_0 => &BlocksScalar.RowsTQ1_0,
        QuantType.TQ2_0 => &BlocksScalar.RowsTQ2_0,
        QuantType.I2_S => &BlocksScalar.RowsI2_S,
        QuantType.MXFP4 => &BlocksScalar.RowsMXFP4,
        _ => null,
    };

    public static RowsKernel Neon(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlocksNeon.RowsQ4_1,
        QuantType.Q5_0 => &BlocksNeon.RowsQ5_0,
        QuantType.Q5_1 => &BlocksNeon.RowsQ5_1,
        QuantType.Q2_K => &BlocksNeon.RowsQ2_K,
        QuantType.Q3_K => &BlocksNeon.RowsQ3_K,
        QuantType.Q4_K => &BlocksNeon.RowsQ4_K,
        QuantType.Q5_K => &BlocksNeon.RowsQ5_K,
        QuantType.Q6_K => &BlocksNeon.RowsQ6_K,
        QuantType.IQ4_NL => &BlocksNeon.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlocksNeon.RowsIQ4_XS,
        QuantType.TQ1_0 => &BlocksNeon.RowsTQ1_0,
        QuantType.TQ2_0 => &BlocksNeon.RowsTQ2_0,
        QuantType.I2_S => &BlocksNeon.RowsI2_S,
        QuantType.MXFP4 => &BlocksNeon.RowsMXFP4,
        _ => null,
    };

    public static RowsKernel NeonDot(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlocksNeonDot.RowsQ4_1,
        QuantType.Q5_0 => &BlocksNeonDot.RowsQ5_0,
        QuantType.Q5_1 => &BlocksNeonDot.RowsQ5_1,
        QuantType.Q2_K => &BlocksNeonDot.RowsQ2_K,
        QuantType.Q3_K => &BlocksNeonDot.RowsQ3_K,
        QuantType.Q4_K => &BlocksNeonDot.RowsQ4_K,
        QuantType.Q5_K => &BlocksNeonDot.RowsQ5_K,
        QuantType.Q6_K => &BlocksNeonDot.RowsQ6_K,
        QuantType.IQ4_NL => &BlocksNeonDot.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlocksNeonDot.RowsIQ4_XS,
        QuantType.TQ1_0 => &BlocksNeonDot.RowsTQ1_0,
        QuantType.TQ2_0 => &BlocksNeonDot.RowsTQ2_0,
        QuantType.I2_S => &BlocksNeonDot.RowsI2_S,
        QuantType.MXFP4 => &BlocksNeonDot.RowsMXFP4,
        _ => null,
    };

    public static RowsKernel Avx2(QuantType type) => type switch
    {
        QuantType.Q4_1 => &BlocksAvx2.RowsQ4_1,
        QuantType.Q5_0 => &BlocksAvx2.RowsQ5_0,
        QuantType.Q5_1 => &BlocksAvx2.RowsQ5_1,
        QuantType.Q2_K => &BlocksAvx2.RowsQ2_K,
        QuantType.Q3_K => &BlocksAvx2.RowsQ3_K,
        QuantType.Q4_K => &BlocksAvx2.RowsQ4_K,
        QuantType.Q5_K => &BlocksAvx2.RowsQ5_K,
        QuantType.Q6_K => &BlocksAvx2.RowsQ6_K,
        QuantType.IQ4_NL => &BlocksAvx2.RowsIQ4_NL,
        QuantType.IQ4_XS => &BlocksAvx2.RowsIQ4_XS,
        QuantType.TQ1_0 => &BlocksAvx2.RowsTQ1_0,
        QuantType.TQ2_0 => &BlocksAvx2.RowsTQ2_0,
        QuantType.I2_S => &BlocksAvx2.RowsI2_S,
        QuantType.MXFP4 => &BlocksAvx2.RowsMXFP4,
        _ => null,
    };
}
