using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="FloatScalar"/>: eight partial sums per row and token, fused multiply-add. One body
/// serves all formats; the format is a constant where it is inlined. A row and token's sum has the same order in every
/// tile shape, so that results do not depend on the batch.</summary>
public static unsafe class FloatAvx2
{
    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsF32(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, FloatScalar.F32);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, FloatScalar.F16);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsBF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, FloatScalar.BF16);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsQ8_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, FloatScalar.Q8_0);

    /// <inheritdoc cref="FloatScalar.RowsF32"/>
    public static void RowsQ4_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, FloatScalar.Q4_0);

    /// <summary>Eight halves as floats, exact: subnormals, infinities and NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> FromF16(ushort* halves)
    {
        Vector256<int> bits = Avx2.ConvertToVector256Int32((short*)halves);
        Vector256<int> sign = Avx2.And(bits, Vector256.Create(int.MinValue));
        bits = Avx2.And(Avx2.ShiftLeftLogical(bits, 13), Vector256.Create(0x0FFFE000));
        Vector256<int> infinite = Avx2.CompareGreaterThan(bits, Vector256.Create(0x0F7FFFFF));
        Vector256<float> value = Avx.Multiply(bits.AsSingle(), Vector256.Create(5.192296858534828e33f));
        Vector256<int> exponent = Avx2.And(infinite, Vector256.Create(0x7F800000));
        return Avx2.Or(Avx2.Or(value.AsInt32(), exponent), sign).AsSingle();
    }

    /// <summary>Sum of lanes in the order of the scalar kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Sum(Vector256<float> v)
    {
        Vector128<float> four = Sse.Add(v.GetLower(), v.GetUpper());
        Vector128<float> two = Sse.Add(four, Sse.MoveHighToLow(four, four));
        return two.ToScalar() + two.GetElement(1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows(byte* w, float* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long rowBytes = FloatScalar.RowBytes(columns, format);
        long r = row0;
        // Halves are dear to convert: two rows serve four tokens.
        for (; format == FloatScalar.F16 && tokens >= 4 && r + 2 <= row1; r += 2)
        {
            byte* rows = w + r * rowBytes;
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                TwoByFour(rows, rowBytes, x + t * columns, y + t * yStride + r, yStride, columns, format);
            for (; t < tokens; t++)
            {
                y[t * yStride + r] = One(rows, x + t * columns, columns, format);
                y[t * yStride + r + 1] = One(rows + rowBytes, x + t * columns, columns, format);
            }
        }
        for (; r + 4 <= row1; r += 4)
        {
            byte* rows = w + r * rowBytes;
            long t = 0;
            for (; t + 2 <= tokens; t += 2)
                FourByTwo(rows, rowBytes, x + t * columns, y + t * yStride + r, yStride, columns, format);
            if (t < tokens) FourByOne(rows, rowBytes, x + t * columns, y + t * yStride + r, columns, format);
        }
        for (; r < row1; r++)
        {
            for (long t = 0; t < tokens; t++)
                y[t * yStride + r] = One(w + r * rowBytes, x + t * columns, columns, format);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByTwo(byte* w, long rowBytes, float* x, float* y, long yStride, long columns, int format)
    {
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        float* x1 = x + columns;
        long c = 0;
        for (; c + 8 <= columns; c += 8)
        {
            Vector256<float> u = Avx.LoadVector256(x + c), v = Avx.LoadVector256(x1 + c);
            Vector256<float> k = Eight(w, c, format);
            a0 = Fma.MultiplyAdd(k, u, a0);
            b0 = Fma.MultiplyAdd(k, v, b0);
            k = Eight(w + rowBytes, c, format);
            a1 = Fma.MultiplyAdd(k, u, a1);
            b1 = Fma.MultiplyAdd(k, v, b1);
            k = Eight(w + 2 * rowBytes, c, format);
            a2 = Fma.MultiplyAdd(k, u, a2);
            b2 = Fma.MultiplyAdd(k, v, b2);
            k = Eight(w + 3 * rowBytes, c, format);
            a3 = Fma.MultiplyAdd(k, u, a3);
            b3 = Fma.MultiplyAdd(k, v, b3);
        }
        // All sums first: what lived on behind a call would be stored in every step of the loop.
        float s0 = Sum(a0), s1 = Sum(a1), s2 = Sum(a2), s3 = Sum(a3);
        float t0 = Sum(b0), t1 = Sum(b1), t2 = Sum(b2), t3 = Sum(b3);
        Store(y, w, rowBytes, x, c, columns, format, s0, s1, s2, s3);
        Store(y + yStride, w, rowBytes, x1, c, columns, format, t0, t1, t2, t3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TwoByFour(byte* w, long rowBytes, float* x, float* y, long yStride, long columns, int format)
    {
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        float* x1 = x + columns, x2 = x1 + columns, x3 = x2 + columns;
        long c = 0;
        for (; c + 8 <= columns; c += 8)
        {
            Vector256<float> k = Eight(w, c, format), l = Eight(w + rowBytes, c, format), u = Avx.LoadVector256(x + c);
            a0 = Fma.MultiplyAdd(k, u, a0);
            b0 = Fma.MultiplyAdd(l, u, b0);
            u = Avx.LoadVector256(x1 + c);
            a1 = Fma.MultiplyAdd(k, u, a1);
            b1 = Fma.MultiplyAdd(l, u, b1);
            u = Avx.LoadVector256(x2 + c);
            a2 = Fma.MultiplyAdd(k, u, a2);
            b2 = Fma.MultiplyAdd(l, u, b2);
            u = Avx.LoadVector256(x3 + c);
            a3 = Fma.MultiplyAdd(k, u, a3);
            b3 = Fma.MultiplyAdd(l, u, b3);
        }
        float s0 = Sum(a0), s1 = Sum(a1), s2 = Sum(a2), s3 = Sum(a3);
        float t0 = Sum(b0), t1 = Sum(b1), t2 = Sum(b2), t3 = Sum(b3);
        byte* v = w + rowBytes;
        (y[0], y[1]) = (s0 + Rest(w, x, c, columns, format), t0 + Rest(v, x, c, columns, format));
        y += yStride;
        (y[0], y[1]) = (s1 + Rest(w, x1, c, columns, format), t1 + Rest(v, x1, c, columns, format));
        y += yStride;
        (y[0], y[1]) = (s2 + Rest(w, x2, c, columns, format), t2 + Rest(v, x2, c, columns, format));
        y += yStride;
        (y[0], y[1]) = (s3 + Rest(w, x3, c, columns, format), t3 + Rest(v, x3, c, columns, format));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByOne(byte* w, long rowBytes, float* x, float* y, long columns, int format)
    {
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0;
        long c = 0;
        for (; c + 8 <= columns; c += 8)
        {
            Vector256<float> u = Avx.LoadVector256(x + c);
            // The next four rows, a line of one of them at a time: the processor does not see four streams end at once.
            if (format is FloatScalar.F16 or FloatScalar.BF16)
                Sse.Prefetch1(w + (4 + (c >> 3 & 3)) * rowBytes + 2 * c);
            a0 = Fma.MultiplyAdd(Eight(w, c, format), u, a0);
            a1 = Fma.MultiplyAdd(Eight(w + rowBytes, c, format), u, a1);
            a2 = Fma.MultiplyAdd(Eight(w + 2 * rowBytes, c, format), u, a2);
            a3 = Fma.MultiplyAdd(Eight(w + 3 * rowBytes, c, format), u, a3);
        }
        Store(y, w, rowBytes, x, c, columns, format, Sum(a0), Sum(a1), Sum(a2), Sum(a3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float One(byte* w, float* x, long columns, int format)
    {
        Vector256<float> a = Vector256<float>.Zero;
        long c = 0;
        for (; c + 8 <= columns; c += 8) a = Fma.MultiplyAdd(Eight(w, c, format), Avx.LoadVector256(x + c), a);
        return Sum(a) + Rest(w, x, c, columns, format);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* y, byte* w, long rowBytes, float* x, long c, long columns, int format,
        float s0, float s1, float s2, float s3)
    {
        y[0] = s0 + Rest(w, x, c, columns, format);
        y[1] = s1 + Rest(w + rowBytes, x, c, columns, format);
        y[2] = s2 + Rest(w + 2 * rowBytes, x, c, columns, format);
        y[3] = s3 + Rest(w + 3 * rowBytes, x, c, columns, format);
    }

    private static float Rest(byte* row, float* x, long c, long columns, int format)
    {
        float sum = 0;
        for (; c < columns; c++) sum += FloatScalar.Weight(row, c, format) * x[c];
        return sum;
    }

    /// <summary>Weights c … c + 7 of a row; c is a multiple of 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(byte* row, long c, int format)
    {
        if (format == FloatScalar.F32) return Avx.LoadVector256((float*)row + c);
        if (format == FloatScalar.F16) return FromF16((ushort*)row + c);
        if (format == FloatScalar.BF16)
            return Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32((ushort*)row + c), 16).AsSingle();
        if (format == FloatScalar.Q8_0)
        {
            byte* block = row + c / 32 * 34;
            Vector256<int> weights = Avx2.ConvertToVector256Int32((sbyte*)block + 2 + (c & 31));
            Vector256<float> scale = Vector256.Create(FloatScalar.FromF16(*(ushort*)block));
            return Avx.Multiply(Avx.ConvertToVector256Single(weights), scale);
        }
        byte* b = row + c / 32 * 18;
        Vector256<int> pairs = Avx2.ConvertToVector256Int32(b + 2 + (c & 15));
        if ((c & 16) != 0) pairs = Avx2.ShiftRightLogical(pairs, 4);
        pairs = Avx2.Subtract(Avx2.And(pairs, Vector256.Create(15)), Vector256.Create(8));
        return Avx.Multiply(Avx.ConvertToVector256Single(pairs), Vector256.Create(FloatScalar.FromF16(*(ushort*)b)));
    }
}
