using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Matrix × float activations with NEON, within the bound of <see cref="FloatScalar"/>.</summary>
public static unsafe class FloatNeon
{
    /// <summary>All bits of a float but the three exponent bits that a half does not have.</summary>
    internal const uint WidenMask = 0x8FFFFFFF;
    internal const float HalfUnit = 5.192296858534828e33f; // 2^112

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsF32(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        FloatNeonRows.Rows<FormatF32>(w, (float*)x, y, columns, row0, row1, tokens, yStride, 0, 0);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        FloatNeonRows.Rows<FormatF16>(w, (float*)x, y, columns, row0, row1, tokens, yStride, WidenMask, HalfUnit);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsBF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        FloatNeonRows.Rows<FormatBF16>(w, (float*)x, y, columns, row0, row1, tokens, yStride, 0, 0);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsQ8_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride)
    {
        for (long r = row0; r < row1; r++)
            for (long t = 0; t < tokens; t++)
                y[t * yStride + r] = DotQ8_0(w + r * (columns / 32 * 34), (float*)x + t * columns, columns);
    }

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsQ4_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride)
    {
        for (long r = row0; r < row1; r++)
            for (long t = 0; t < tokens; t++)
                y[t * yStride + r] = DotQ4_0(w + r * (columns / 32 * 18), (float*)x + t * columns, columns);
    }

    /// <summary>Four halves to float, exact, as <see cref="FloatScalar.FromF16"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> FromF16(Vector64<ushort> halves)
    {
        var wide = AdvSimd.ZeroExtendWideningLower(halves);
        var magnitude = (wide & Vector128.Create(0x7FFFu)) << 13;
        var value = (magnitude.AsSingle() * Vector128.Create(HalfUnit)).AsUInt32();
        var special = AdvSimd.CompareGreaterThan(magnitude,
            Vector128.Create(0x0F7FFFFFu)) & Vector128.Create(0x7F800000u);
        return (value | special | (wide & Vector128.Create(0x8000u)) << 16).AsSingle();
    }

    /// <summary>Four finite halves as floats of 2⁻¹¹² times their value, exact: a half's exponent and mantissa in those
    /// of a float, the copies of its sign between them masked by <see cref="WidenMask"/>. A loop is given the mask, as
    /// the compiler would make a constant in each of its steps; and it loads four halves, as it would copy eight.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Widen(Vector64<short> halves, Vector128<uint> mask) =>
        (Shift(halves) & mask).AsSingle();

    /// <summary>The first half of <see cref="Widen"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> Shift(Vector64<short> halves) =>
        AdvSimd.ShiftLeftLogicalWideningLower(halves, 13).AsUInt32();

    /// <summary>Eight floats to half, the same bits as <see cref="FloatScalar.ToF16"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> ToF16(Vector128<float> a, Vector128<float> b) =>
        AdvSimd.Arm64.UnzipEven(ToF16(a.AsUInt32()).AsUInt16(), ToF16(b.AsUInt32()).AsUInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> ToF16(Vector128<uint> bits)
    {
        var sign = (bits & Vector128.Create(0x80000000u)) >>> 16;
        bits &= Vector128.Create(0x7FFFFFFFu);
        var subnormal = (bits.AsSingle() + Vector128.Create(0.5f)).AsUInt32() - Vector128.Create(0x3F000000u);
        var odd = (bits >>> 13) & Vector128.Create(1u);
        var normal = (bits + Vector128.Create(0xC8000FFFu) + odd) >>> 13;
        var half = AdvSimd.BitwiseSelect(AdvSimd.CompareLessThan(bits, Vector128.Create(0x38800000u)), subnormal,
            normal);
        half = AdvSimd.BitwiseSelect(AdvSimd.CompareLessThan(bits, Vector128.Create(0x47800000u)), half,
            Vector128.Create(0x7C00u));
        var nan = AdvSimd.CompareGreaterThan(bits, Vector128.Create(0x7F800000u));
        return AdvSimd.BitwiseSelect(nan, Vector128.Create(0x7E00u), half) | sign;
    }

    private static float DotQ8_0(byte* block, float* x, long columns)
    {
        Vector128<float> s0 = Vector128<float>.Zero, s1 = s0;
        for (long c = 0; c < columns; c += 32, block += 34)
        {
            var scale = Vector128.Create(FloatScalar.FromF16(*(ushort*)block));
            Vector128<float> b0 = Vector128<float>.Zero, b1 = b0;
            AddEight(ref b0, ref b1, AdvSimd.LoadVector64((sbyte*)block + 2), x + c);
            AddEight(ref b0, ref b1, AdvSimd.LoadVector64((sbyte*)block + 10), x + c + 8);
            AddEight(ref b0, ref b1, AdvSimd.LoadVector64((sbyte*)block + 18), x + c + 16);
            AddEight(ref b0, ref b1, AdvSimd.LoadVector64((sbyte*)block + 26), x + c + 24);
            s0 = AdvSimd.FusedMultiplyAdd(s0, b0, scale);
            s1 = AdvSimd.FusedMultiplyAdd(s1, b1, scale);
        }
        return Sum(s0 + s1);
    }

    private static float DotQ4_0(byte* block, float* x, long columns)
    {
        var nibble = Vector128.Create((byte)15);
        var eight = Vector128.Create((byte)8);
        Vector128<float> s0 = Vector128<float>.Zero, s1 = s0;
        for (long c = 0; c < columns; c += 32, block += 18)
        {
            var scale = Vector128.Create(FloatScalar.FromF16(*(ushort*)block));
            var both = AdvSimd.LoadVector128(block + 2);
            var low = ((both & nibble) - eight).AsSByte();
            var high = ((both >>> 4) - eight).AsSByte();
            Vector128<float> b0 = Vector128<float>.Zero, b1 = b0;
            AddEight(ref b0, ref b1, low.GetLower(), x + c);
            AddEight(ref b0, ref b1, low.GetUpper(), x + c + 8);
            AddEight(ref b0, ref b1, high.GetLower(), x + c + 16);
            AddEight(ref b0, ref b1, high.GetUpper(), x + c + 24);
            s0 = AdvSimd.FusedMultiplyAdd(s0, b0, scale);
            s1 = AdvSimd.FusedMultiplyAdd(s1, b1, scale);
        }
        return Sum(s0 + s1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddEight(ref Vector128<float> s0, ref Vector128<float> s1, Vector64<sbyte> weights, float* x)
    {
        var wide = AdvSimd.SignExtendWideningLower(weights);
        var low = AdvSimd.ConvertToSingle(AdvSimd.SignExtendWideningLower(wide.GetLower()));
        var high = AdvSimd.ConvertToSingle(AdvSimd.SignExtendWideningUpper(wide));
        s0 = AdvSimd.FusedMultiplyAdd(s0, low, AdvSimd.LoadVector128(x));
        s1 = AdvSimd.FusedMultiplyAdd(s1, high, AdvSimd.LoadVector128(x + 4));
    }

    /// <summary>The sum of the four lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Sum(Vector128<float> s)
    {
        s = AdvSimd.Arm64.AddPairwise(s, s);
        return AdvSimd.Arm64.AddPairwise(s, s).ToScalar();
    }
}
