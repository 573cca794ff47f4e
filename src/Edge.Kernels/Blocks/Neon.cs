using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>NEON twin of <see cref="BlocksScalar"/>, ARMv8.0. One body serves all formats, and
/// <see cref="BlocksNeonDot"/> too: the format and the instruction are constants where it is inlined.</summary>
public static unsafe class BlocksNeon
{
    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q4_1, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_0, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_1, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q2_K, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q3_K, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q4_K, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_K, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q6_K, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.IQ4_NL, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.IQ4_XS, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsTQ1_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.TQ1_0, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsTQ2_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.TQ2_0, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsI2_S(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.I2_S, hasDot: false);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.MXFP4, hasDot: false);

    /// <summary>Rows × tokens, tokens by four: a group is unpacked once for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format, bool hasDot)
    {
        long rowBytes = Blocks.RowBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r++)
        {
            byte* row = w + r * rowBytes;
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                Four(row, x + t * tokenBytes, tokenBytes, y + t * yStride + r, yStride, columns, format, hasDot);
            for (; t < tokens; t++) y[t * yStride + r] = One(row, x + t * tokenBytes, columns, format, hasDot);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float One(byte* row, byte* x, long columns, int format, bool hasDot)
    {
        Vector128<float> low = Vector128<float>.Zero, high = low, scales;
        float offset = 0;
        for (long b = 0; b < columns / 32; b++)
        {
            Group(row, b, format, (float*)&scales, out Vector128<sbyte> p, out Vector128<sbyte> q);
            Add(ref low, ref high, p, q, (float*)&scales, x, b, columns, hasDot);
            if (Blocks.HasOffset(format)) offset = Offset(offset, (sbyte*)x, b, columns, (float*)&scales, format);
        }
        return Blocks.HasOffset(format) ? Sum(low, high) + offset : Sum(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(byte* row, byte* x, long tokenBytes, float* y, long yStride, long columns, int format,
        bool hasDot)
    {
        Vector128<float> l0 = Vector128<float>.Zero, l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
        Vector128<float> scales;
        float o0 = 0, o1 = 0, o2 = 0, o3 = 0;
        byte* x1 = x + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        for (long b = 0; b < columns / 32; b++)
        {
            Group(row, b, format, (float*)&scales, out Vector128<sbyte> p, out Vector128<sbyte> q);
            Add(ref l0, ref h0, p, q, (float*)&scales, x, b, columns, hasDot);
            Add(ref l1, ref h1, p, q, (float*)&scales, x1, b, columns, hasDot);
            Add(ref l2, ref h2, p, q, (float*)&scales, x2, b, columns, hasDot);
            Add(ref l3, ref h3, p, q, (float*)&scales, x3, b, columns, hasDot);
            if (!Blocks.HasOffset(format)) continue;
            o0 = Offset(o0, (sbyte*)x, b, columns, (float*)&scales, format);
            o1 = Offset(o1, (sbyte*)x1, b, columns, (float*)&scales, format);
            o2 = Offset(o2, (sbyte*)x2, b, columns, (float*)&scales, format);
            o3 = Offset(o3, (sbyte*)x3, b, columns, (float*)&scales, format);
        }
        y[0] = Blocks.HasOffset(format) ? Sum(l0, h0) + o0 : Sum(l0, h0);
        y[yStride] = Blocks.HasOffset(format) ? Sum(l1, h1) + o1 : Sum(l1, h1);
        y[2 * yStride] = Blocks.HasOffset(format) ? Sum(l2, h2) + o2 : Sum(l2, h2);
        y[3 * yStride] = Blocks.HasOffset(format) ? Sum(l3, h3) + o3 : Sum(l3, h3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group(byte* row, long b, int format, float* scales, out Vector128<sbyte> low,
        out Vector128<sbyte> high)
    {
        Blocks.Unpack(row, b, format, scales, out low, out high);
        if (!Blocks.HasTable(format)) return;
        low = AdvSimd.Arm64.VectorTableLookup(Blocks.Table(format), low);
        high = AdvSimd.Arm64.VectorTableLookup(Blocks.Table(format), high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Vector128<float> low, ref Vector128<float> high, Vector128<sbyte> p,
        Vector128<sbyte> q, float* scales, byte* x, long b, long columns, bool hasDot)
    {
        float scale = ((float*)(x + columns))[b];
        sbyte* a = (sbyte*)x + b * 32;
        low += AdvSimd.ConvertToSingle(Dots(p, a, hasDot)) * Vector128.Create(scales[0] * scale);
        high += AdvSimd.ConvertToSingle(Dots(q, a + 16, hasDot)) * Vector128.Create(scales[1] * scale);
    }

    /// <summary>Sums of four products each, exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Dots(Vector128<sbyte> q, sbyte* x, bool hasDot)
    {
        Vector128<sbyte> a = AdvSimd.LoadVector128(x);
        if (hasDot) return Dp.DotProduct(Vector128<int>.Zero, q, a);
        Vector128<short> low = AdvSimd.MultiplyWideningLower(q.GetLower(), a.GetLower());
        return AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(low),
            AdvSimd.AddPairwiseWidening(AdvSimd.MultiplyWideningUpper(q, a)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(Vector128<float> low, Vector128<float> high)
    {
        Vector128<float> four = low + high;
        return four.GetElement(0) + four.GetElement(2) + (four.GetElement(1) + four.GetElement(3));
    }

    /// <summary>What the offsets of group b add, in the order of the specification.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Offset(float offset, sbyte* x, long b, long columns, float* scales, int format)
    {
        float scale = ((float*)(x + columns))[b];
        int sum = ((int*)(x + columns + columns / 8))[b];
        if (!Blocks.HasTwoOffsets(format)) return offset + sum * (scales[2] * scale);
        int first = SumOfHalf(x + b * 32);
        offset += first * (scales[2] * scale);
        return offset + (sum - first) * (scales[3] * scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SumOfHalf(sbyte* x)
    {
        Vector128<int> fours = AdvSimd.AddPairwiseWidening(AdvSimd.AddPairwiseWidening(AdvSimd.LoadVector128(x)));
        return AdvSimd.Arm64.AddAcross(fours).ToScalar();
    }
}
