using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="SparseScalar"/>: a lane per partial sum, four activations loaded by column. Four
/// tokens share the columns and values of a row.</summary>
public static unsafe class SparseAvx2
{
    /// <inheritdoc cref="SparseScalar.RowsF16"/>
    public static void RowsF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows((uint*)w, (float*)x, y, columns, row0, row1, tokens, yStride, SparseScalar.F16);

    /// <inheritdoc cref="SparseScalar.RowsF16"/>
    public static void RowsBF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows((uint*)w, (float*)x, y, columns, row0, row1, tokens, yStride, SparseScalar.BF16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows(uint* words, float* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        for (long r = row0; r < row1; r++)
        {
            uint* from = words + words[r], end = words + words[r + 1];
            if (from == end) continue;
            float* at = x, to = y + r;
            long t = 0;
            for (; t + 4 <= tokens; t += 4, at += 4 * columns, to += 4 * yStride)
                Four(from, end, at, columns, to, yStride, format);
            for (; t < tokens; t++, at += columns, to += yStride) One(from, end, at, to, format);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One(uint* entry, uint* end, float* x, float* y, int format)
    {
        Vector128<float> sums = Vector128<float>.Zero;
        for (; entry + 4 <= end; entry += 4) sums = Sse.Add(sums, Sse.Multiply(Values(entry, format), Load(entry, x)));
        *y += Sum(sums, entry, end, x, format);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(uint* entry, uint* end, float* x, long columns, float* y, long yStride, int format)
    {
        Vector128<float> a = Vector128<float>.Zero, b = a, c = a, d = a;
        float* x1 = x + columns, x2 = x1 + columns, x3 = x2 + columns;
        for (; entry + 4 <= end; entry += 4)
        {
            Vector128<float> values = Values(entry, format);
            a = Sse.Add(a, Sse.Multiply(values, Load(entry, x)));
            b = Sse.Add(b, Sse.Multiply(values, Load(entry, x1)));
            c = Sse.Add(c, Sse.Multiply(values, Load(entry, x2)));
            d = Sse.Add(d, Sse.Multiply(values, Load(entry, x3)));
        }
        y[0] += Sum(a, entry, end, x, format);
        y[yStride] += Sum(b, entry, end, x1, format);
        y[2 * yStride] += Sum(c, entry, end, x2, format);
        y[3 * yStride] += Sum(d, entry, end, x3, format);
    }

    /// <summary>The sum of a row whose last entries, fewer than four, are still to be added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(Vector128<float> sums, uint* entry, uint* end, float* x, int format)
    {
        float s0 = sums.ToScalar(), s1 = sums.GetElement(1), s2 = sums.GetElement(2);
        if (entry < end) s0 += SparseScalar.Value(entry[0], format) * x[entry[0] & 0xFFFF];
        if (entry + 1 < end) s1 += SparseScalar.Value(entry[1], format) * x[entry[1] & 0xFFFF];
        if (entry + 2 < end) s2 += SparseScalar.Value(entry[2], format) * x[entry[2] & 0xFFFF];
        return (s0 + s1) + (s2 + sums.GetElement(3));
    }

    /// <summary>Four loads: on most cores faster than a gather, on none much slower.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(uint* entry, float* x) => Vector128.Create(
        x[entry[0] & 0xFFFF], x[entry[1] & 0xFFFF], x[entry[2] & 0xFFFF], x[entry[3] & 0xFFFF]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Values(uint* entry, int format)
    {
        Vector128<uint> bits = Sse2.LoadVector128(entry);
        if (format == SparseScalar.BF16) return Sse2.And(bits, Vector128.Create(0xFFFF0000)).AsSingle();
        // Finite halves, exact: the exponent is moved by a multiplication by 2^112.
        Vector128<uint> magnitude = Sse2.And(Sse2.ShiftRightLogical(bits, 3), Vector128.Create(0x0FFFE000u));
        Vector128<float> value = Sse.Multiply(magnitude.AsSingle(), Vector128.Create(5.192296858534828e33f));
        return Sse2.Or(value.AsUInt32(), Sse2.And(bits, Vector128.Create(0x80000000u))).AsSingle();
    }
}
