using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Attention with NEON, within the bound of <see cref="AttentionScalar"/>. Up to eight queries of a group
/// share each key and value that is loaded.
/// <para>A half is widened by a shift and a mask to 2⁻¹¹² times its value; the scale of the scores and the weights of
/// the values, both multiplied by 2¹¹², make that good. Sums of scores are thereby rounded to 2⁻³⁷ at best, which a
/// softmax cannot tell. Infinities and NaN, which a cache does not hold, would be read as 65536 to 131008.</para>
/// </summary>
public static unsafe class AttentionNeon
{
    private const int Chunk = AttentionScalar.Chunk, HeadsMax = 8;

    /// <inheritdoc cref="AttentionScalar.HeadF32"/>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) =>
        Head<float>(q, k, v, y, headSize, group, length, scale, 0, null, scratch);

    /// <inheritdoc cref="AttentionScalar.HeadF16"/>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) =>
        Head<ushort>(q, k, v, y, headSize, group, length, scale, 0, null, scratch);

    /// <summary>Either family's attention, over a cache of float or, as ushort, half; cap 0: no cap; sinks null:
    /// none.</summary>
    internal static void Head<TValue>(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) where TValue : unmanaged
    {
        bool half = sizeof(TValue) == sizeof(ushort);
        float unit = half ? FloatNeon.HalfUnit : 1;
        float* max = scratch + group * Chunk, sum = max + group;
        for (long g = 0; g < group; g++)
        {
            max[g] = sinks != null ? sinks[g] : float.NegativeInfinity;
            sum[g] = sinks != null ? 1 : 0;
        }
        for (long i = 0; i < group * headSize; i++) y[i] = 0;
        long chunkBytes = Chunk * headSize * sizeof(TValue);
        for (long p0 = 0; p0 < length; p0 += Chunk, k += chunkBytes, v += chunkBytes)
        {
            long n = length - p0 < Chunk ? length - p0 : Chunk;
            for (long g = 0; g < group; g += HeadsMax)
                Scores<TValue>(group - g, q + g * headSize, k, scratch + g * Chunk, headSize, n, scale * unit,
                    FloatNeon.WidenMask);
            if ((headSize & 7) != 0) AttentionNeonScores.Rest(q, k, scratch, headSize, group, n, scale, half);
            for (long g = 0; g < group; g++)
            {
                if (cap != 0) CappedAttentionNeon.Cap(scratch + g * Chunk, cap, n);
                Weigh(scratch + g * Chunk, n, max + g, sum + g, y + g * headSize, headSize, unit);
            }
            for (long g = 0; g < group; g += HeadsMax)
                Values<TValue>(group - g, y + g * headSize, v, scratch + g * Chunk, headSize, n,
                    FloatNeon.WidenMask);
            if ((headSize & 7) != 0) AttentionNeonValues.Rest(y, v, scratch, headSize, group, n, unit, half);
        }
        for (long g = 0; g < group; g++) Multiply(y + g * headSize, 1 / sum[g], headSize);
    }

    /// <summary>Eight values from the i-th of two rows: floats, or halves as 2⁻¹¹² times their value, exact. Step by
    /// step for all four vectors, since little cores wait for each result where it is used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Two(byte* row, byte* next, long i, bool half, Vector128<uint> mask, out Vector128<float> low,
        out Vector128<float> high, out Vector128<float> nextLow, out Vector128<float> nextHigh)
    {
        if (half)
        {
            Vector64<short> a = AdvSimd.LoadVector64((short*)row + i), b = AdvSimd.LoadVector64((short*)row + i + 4);
            Vector64<short> c = AdvSimd.LoadVector64((short*)next + i), d = AdvSimd.LoadVector64((short*)next + i + 4);
            Vector128<uint> e = FloatNeon.Shift(a), f = FloatNeon.Shift(b), g = FloatNeon.Shift(c);
            Vector128<uint> h = FloatNeon.Shift(d);
            (low, high) = ((e & mask).AsSingle(), (f & mask).AsSingle());
            (nextLow, nextHigh) = ((g & mask).AsSingle(), (h & mask).AsSingle());
            return;
        }
        (low, high) = (AdvSimd.LoadVector128((float*)row + i), AdvSimd.LoadVector128((float*)row + i + 4));
        (nextLow, nextHigh) = (AdvSimd.LoadVector128((float*)next + i), AdvSimd.LoadVector128((float*)next + i + 4));
    }

    private static void Scores<TValue>(long heads, float* q, byte* keys, float* score, long headSize, long n,
        float scale, uint mask) where TValue : unmanaged
    {
        switch (heads)
        {
            case 1: AttentionNeonScores.Few<Heads1, TValue>(q, keys, score, headSize, n, scale, mask); break;
            case 2: AttentionNeonScores.Few<Heads2, TValue>(q, keys, score, headSize, n, scale, mask); break;
            case 3: AttentionNeonScores.Rows<Heads3, TValue>(q, keys, score, headSize, n, scale, mask); break;
            case 4: AttentionNeonScores.Rows<Heads4, TValue>(q, keys, score, headSize, n, scale, mask); break;
            case 5: AttentionNeonScores.Rows<Heads5, TValue>(q, keys, score, headSize, n, scale, mask); break;
            case 6: AttentionNeonScores.Rows<Heads6, TValue>(q, keys, score, headSize, n, scale, mask); break;
            case 7: AttentionNeonScores.Rows<Heads7, TValue>(q, keys, score, headSize, n, scale, mask); break;
            default: AttentionNeonScores.Rows<Heads8, TValue>(q, keys, score, headSize, n, scale, mask); break;
        }
    }

    private static void Values<TValue>(long heads, float* y, byte* values, float* weight, long headSize, long n,
        uint mask) where TValue : unmanaged
    {
        switch (heads)
        {
            case 1: AttentionNeonValues.Rows<Heads1, TValue>(y, values, weight, headSize, n, mask); break;
            case 2: AttentionNeonValues.Rows<Heads2, TValue>(y, values, weight, headSize, n, mask); break;
            case 3: AttentionNeonValues.Rows<Heads3, TValue>(y, values, weight, headSize, n, mask); break;
            case 4: AttentionNeonValues.Rows<Heads4, TValue>(y, values, weight, headSize, n, mask); break;
            case 5: AttentionNeonValues.Rows<Heads5, TValue>(y, values, weight, headSize, n, mask); break;
            case 6: AttentionNeonValues.Rows<Heads6, TValue>(y, values, weight, headSize, n, mask); break;
            case 7: AttentionNeonValues.Rows<Heads7, TValue>(y, values, weight, headSize, n, mask); break;
            default: AttentionNeonValues.Rows<Heads8, TValue>(y, values, weight, headSize, n, mask); break;
        }
    }

    // Scores become weights, unit times too large, and zeros up to a multiple of four; what was summed under the old
    // maximum shrinks to the new one.
    private static void Weigh(float* score, long n, float* max, float* sum, float* y, long headSize, float unit)
    {
        long whole = (n + 3) & ~3;
        for (long p = n; p < whole; p++) score[p] = float.NegativeInfinity;
        var tops = Vector128.Create(*max);
        for (long p = 0; p < whole; p += 4) tops = AdvSimd.Max(tops, AdvSimd.LoadVector128(score + p));
        float top = AdvSimd.Arm64.MaxAcross(tops).ToScalar();
        float shrink = SoftmaxScalar.Exp(*max - top);
        *max = top;
        if (shrink != 1) Multiply(y, shrink, headSize);
        tops = Vector128.Create(top);
        var units = Vector128.Create(unit);
        var sums = Vector128<float>.Zero;
        for (long p = 0; p < whole; p += 4)
        {
            var e = SoftmaxNeon.Exp(AdvSimd.LoadVector128(score + p) - tops);
            AdvSimd.Store(score + p, e * units);
            sums += e;
        }
        for (long p = n; p < whole; p++) score[p] = 0;
        *sum = *sum * shrink + FloatNeon.Sum(sums);
    }

    private static void Multiply(float* y, float factor, long n)
    {
        var factors = Vector128.Create(factor);
        long i = 0;
        for (; i + 4 <= n; i += 4) AdvSimd.Store(y + i, AdvSimd.LoadVector128(y + i) * factors);
        for (; i < n; i++) y[i] *= factor;
    }
}
