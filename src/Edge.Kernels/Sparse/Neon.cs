using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>NEON twin of <see cref="SparseScalar"/>: a lane per partial sum, four activations loaded by column. Four
/// tokens share the columns and values of a row.</summary>
public static unsafe class SparseNeon
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
        for (; entry + 4 <= end; entry += 4)
            sums += Values(AdvSimd.LoadVector128(entry), format) * Load(entry, x);
        if (entry < end) sums += Values(Rest(entry, end), format) * Rest(entry, end, x);
        sums = AdvSimd.Arm64.AddPairwise(sums, sums);
        *y += sums.ToScalar() + AdvSimd.Extract(sums, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(uint* entry, uint* end, float* x, long columns, float* y, long yStride, int format)
    {
        Vector128<float> a = Vector128<float>.Zero, b = a, c = a, d = a;
        float* x1 = x + columns, x2 = x1 + columns, x3 = x2 + columns;
        for (; entry + 4 <= end; entry += 4)
        {
            Vector128<float> values = Values(AdvSimd.LoadVector128(entry), format);
            a += values * Load(entry, x);
            b += values * Load(entry, x1);
            c += values * Load(entry, x2);
            d += values * Load(entry, x3);
        }
        if (entry < end)
        {
            Vector128<float> values = Values(Rest(entry, end), format);
            a += values * Rest(entry, end, x);
            b += values * Rest(entry, end, x1);
            c += values * Rest(entry, end, x2);
            d += values * Rest(entry, end, x3);
        }
        a = AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a, b), AdvSimd.Arm64.AddPairwise(c, d));
        y[0] += a.ToScalar();
        y[yStride] += AdvSimd.Extract(a, 1);
        y[2 * yStride] += AdvSimd.Extract(a, 2);
        y[3 * yStride] += AdvSimd.Extract(a, 3);
    }

    /// <summary>The last entries of a row, one to three, and zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Rest(uint* entry, uint* end) =>
        Vector128.Create(entry[0], entry + 1 < end ? entry[1] : 0, entry + 2 < end ? entry[2] : 0, 0);

    /// <summary>Their activations, and zeros, which leave the other sums as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Rest(uint* entry, uint* end, float* x) => Vector128.Create(
        x[entry[0] & 0xFFFF], entry + 1 < end ? x[entry[1] & 0xFFFF] : 0,
        entry + 2 < end ? x[entry[2] & 0xFFFF] : 0, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(uint* entry, float* x)
    {
        Vector128<float> v = AdvSimd.LoadAndReplicateToVector128(x + (entry[0] & 0xFFFF));
        v = AdvSimd.LoadAndInsertScalar(v, 1, x + (entry[1] & 0xFFFF));
        v = AdvSimd.LoadAndInsertScalar(v, 2, x + (entry[2] & 0xFFFF));
        return AdvSimd.LoadAndInsertScalar(v, 3, x + (entry[3] & 0xFFFF));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Values(Vector128<uint> bits, int format)
    {
        if (format == SparseScalar.BF16) return (bits & Vector128.Create(0xFFFF0000u)).AsSingle();
        // Finite halves, exact: the exponent is moved by a multiplication by 2^112.
        Vector128<float> magnitude = ((bits >>> 3) & Vector128.Create(0x0FFFE000u)).AsSingle();
        Vector128<float> value = magnitude * Vector128.Create(5.192296858534828e33f);
        return (value.AsUInt32() | (bits & Vector128.Create(0x80000000u))).AsSingle();
    }
}
