using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="BlocksScalar"/>: a group of 32 is one vector. One body serves all formats, but
/// those of <see cref="BlocksAvx2Supers"/>; the format is a constant where it is inlined.</summary>
public static unsafe class BlocksAvx2
{
    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q4_1);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_0);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_1);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksAvx2Supers.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q2_K);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksAvx2Supers.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q3_K);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksAvx2Supers.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q4_K);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksAvx2Supers.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q5_K);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksAvx2Supers.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.Q6_K);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.IQ4_NL);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => BlocksAvx2Supers.Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.IQ4_XS);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsTQ1_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.TQ1_0);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsTQ2_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.TQ2_0);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsI2_S(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.I2_S);

    /// <inheritdoc cref="BlocksScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, Blocks.MXFP4);

    /// <summary>Rows × tokens, tokens by four: a group is unpacked once for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long rowBytes = Blocks.RowBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r++)
        {
            byte* row = w + r * rowBytes;
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                Four(row, x + t * tokenBytes, tokenBytes, y + t * yStride + r, yStride, columns, format);
            for (; t < tokens; t++) y[t * yStride + r] = One(row, x + t * tokenBytes, columns, format);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float One(byte* row, byte* x, long columns, int format)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        Vector128<float> scales;
        float offset = 0;
        for (long b = 0; b < columns / 32; b++)
        {
            Vector256<sbyte> q = Group(row, b, format, (float*)&scales);
            Vector256<float> scale = Scale((float*)&scales);
            sum = Add(sum, q, Avx2.Abs(q), scale, x, b, columns);
            if (Blocks.HasOffset(format)) offset = Offset(offset, (sbyte*)x, b, columns, (float*)&scales, format);
        }
        return Blocks.HasOffset(format) ? FloatAvx2.Sum(sum) + offset : FloatAvx2.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(byte* row, byte* x, long tokenBytes, float* y, long yStride, long columns, int format)
    {
        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
        Vector128<float> scales;
        float o0 = 0, o1 = 0, o2 = 0, o3 = 0;
        byte* x1 = x + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        for (long b = 0; b < columns / 32; b++)
        {
            Vector256<sbyte> q = Group(row, b, format, (float*)&scales);
            Vector256<byte> abs = Avx2.Abs(q);
            Vector256<float> scale = Scale((float*)&scales);
            s0 = Add(s0, q, abs, scale, x, b, columns);
            s1 = Add(s1, q, abs, scale, x1, b, columns);
            s2 = Add(s2, q, abs, scale, x2, b, columns);
            s3 = Add(s3, q, abs, scale, x3, b, columns);
            if (!Blocks.HasOffset(format)) continue;
            o0 = Offset(o0, (sbyte*)x, b, columns, (float*)&scales, format);
            o1 = Offset(o1, (sbyte*)x1, b, columns, (float*)&scales, format);
            o2 = Offset(o2, (sbyte*)x2, b, columns, (float*)&scales, format);
            o3 = Offset(o3, (sbyte*)x3, b, columns, (float*)&scales, format);
        }
        y[0] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s0) + o0 : FloatAvx2.Sum(s0);
        y[yStride] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s1) + o1 : FloatAvx2.Sum(s1);
        y[2 * yStride] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s2) + o2 : FloatAvx2.Sum(s2);
        y[3 * yStride] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s3) + o3 : FloatAvx2.Sum(s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Group(byte* row, long b, int format, float* scales)
    {
        Blocks.Unpack(row, b, format, scales, out Vector128<sbyte> low, out Vector128<sbyte> high);
        if (!Blocks.HasTable(format)) return Vector256.Create(low, high);
        Vector128<sbyte> table = Blocks.Table(format);
        return Vector256.Create(Ssse3.Shuffle(table, low), Ssse3.Shuffle(table, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scale(float* scales) =>
        Vector256.Create(Vector128.Create(scales[0]), Vector128.Create(scales[1]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> sum, Vector256<sbyte> q, Vector256<byte> abs,
        Vector256<float> scale, byte* x, long b, long columns)
    {
        Vector256<sbyte> a = Avx2.Sign(Avx.LoadVector256((sbyte*)x + b * 32), q);
        Vector256<int> dots = Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(abs, a), Vector256.Create((short)1));
        Vector256<float> both = Avx.Multiply(scale, Avx.BroadcastScalarToVector256((float*)(x + columns) + b));
        return Avx.Add(sum, Avx.Multiply(Avx.ConvertToVector256Single(dots), both));
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
        Vector128<short> pairs = Ssse3.MultiplyAddAdjacent(Vector128.Create((byte)1), Sse2.LoadVector128(x));
        Vector128<int> fours = Sse2.MultiplyAddAdjacent(pairs, Vector128.Create((short)1));
        fours = Sse2.Add(fours, Sse2.Shuffle(fours, 0x4E));
        return Sse2.Add(fours, Sse2.Shuffle(fours, 0xB1)).ToScalar();
    }
}
