using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Sums of one token with the four row groups of a tile.</summary>
internal struct RowSums
{
    public Vector128<int> A, B, C, D;

    /// <summary>Adds the products of four operands with four of the activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Vector128<sbyte> a, Vector128<sbyte> b, Vector128<sbyte> c, Vector128<sbyte> d, Vector128<sbyte> x,
        [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        A = Dp.DotProductBySelectedQuadruplet(A, a, x, quadruplet);
        B = Dp.DotProductBySelectedQuadruplet(B, b, x, quadruplet);
        C = Dp.DotProductBySelectedQuadruplet(C, c, x, quadruplet);
        D = Dp.DotProductBySelectedQuadruplet(D, d, x, quadruplet);
    }
}

/// <summary>Sums of one token with three operands that a field of trits gives.</summary>
internal struct FieldSums
{
    public Vector128<int> A, B, C;
}

/// <summary>Stored scales of a tile's four row groups as floats: once for all tokens.</summary>
internal struct RowScales
{
    public Vector128<float> A, B, C, D;

    /// <summary>Sixteen bfloat16 scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void FromBF16(out RowScales scales, ushort* h)
    {
        var zero = Vector128<ushort>.Zero;
        var low = AdvSimd.LoadVector128(h);
        var high = AdvSimd.LoadVector128(h + 8);
        scales.A = DigitsNeon.Low(low, zero);
        scales.B = DigitsNeon.High(low, zero);
        scales.C = DigitsNeon.Low(high, zero);
        scales.D = DigitsNeon.High(high, zero);
    }
}
