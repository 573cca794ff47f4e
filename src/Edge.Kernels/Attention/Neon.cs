using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Attention with NEON, within the bound of <see cref="AttentionScalar"/>. Four queries of a group share each
/// key and value that is loaded (and widened from half).</summary>
public static unsafe class AttentionNeon
{
    private const int Chunk = AttentionScalar.Chunk;

    /// <inheritdoc cref="AttentionScalar.HeadF32"/>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) => Head(q, k, v, y, headSize, group, length, scale, scratch, false);

    /// <inheritdoc cref="AttentionScalar.HeadF16"/>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) => Head(q, k, v, y, headSize, group, length, scale, scratch, true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Head(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch, bool half)
    {
        float* max = scratch + group * Chunk;
        float* sum = max + group;
        for (long g = 0; g < group; g++)
        {
            max[g] = float.NegativeInfinity;
            sum[g] = 0;
        }
        for (long i = 0; i < group * headSize; i++) y[i] = 0;
        long rowBytes = headSize * (half ? 2 : 4);
        for (long p0 = 0; p0 < length; p0 += Chunk)
        {
            long n = length - p0 < Chunk ? length - p0 : Chunk;
            byte* keys = k + p0 * rowBytes, values = v + p0 * rowBytes;
            long g = 0;
            for (; g + 4 <= group; g += 4) Scores4(q + g * headSize, keys, scratch + g * Chunk, headSize, n, scale,
                half);
            for (; g < group; g++) Scores(q + g * headSize, keys, scratch + g * Chunk, headSize, n, scale, half);
            for (g = 0; g < group; g++) Weigh(scratch + g * Chunk, n, max + g, sum + g, y + g * headSize, headSize);
            for (g = 0; g + 4 <= group; g += 4) Add4(y + g * headSize, values, scratch + g * Chunk, headSize, n, half);
            for (; g < group; g++) Add(y + g * headSize, values, scratch + g * Chunk, headSize, n, half);
        }
        for (long g = 0; g < group; g++) Multiply(y + g * headSize, 1 / sum[g], headSize);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(byte* values, long i, bool half) =>
        half ? FloatNeon.FromF16(AdvSimd.LoadVector64((ushort*)values + i)) : AdvSimd.LoadVector128((float*)values + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float One(byte* values, long i, bool half) =>
        half ? FloatScalar.FromF16(((ushort*)values)[i]) : ((float*)values)[i];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scores4(float* q, byte* keys, float* score, long headSize, long n, float scale, bool half)
    {
        float* q1 = q + headSize, q2 = q1 + headSize, q3 = q2 + headSize;
        for (long p = 0; p < n; p++, keys += headSize * (half ? 2 : 4))
        {
            Vector128<float> s0 = Vector128<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
            long i = 0;
            for (; i + 4 <= headSize; i += 4)
            {
                var key = Load(keys, i, half);
                s0 = AdvSimd.FusedMultiplyAdd(s0, AdvSimd.LoadVector128(q + i), key);
                s1 = AdvSimd.FusedMultiplyAdd(s1, AdvSimd.LoadVector128(q1 + i), key);
                s2 = AdvSimd.FusedMultiplyAdd(s2, AdvSimd.LoadVector128(q2 + i), key);
                s3 = AdvSimd.FusedMultiplyAdd(s3, AdvSimd.LoadVector128(q3 + i), key);
            }
            float d0 = FloatNeon.Sum(s0), d1 = FloatNeon.Sum(s1), d2 = FloatNeon.Sum(s2), d3 = FloatNeon.Sum(s3);
            for (; i < headSize; i++)
            {
                float key = One(keys, i, half);
                d0 += q[i] * key;
                d1 += q1[i] * key;
                d2 += q2[i] * key;
                d3 += q3[i] * key;
            }
            score[p] = d0 * scale;
            score[p + Chunk] = d1 * scale;
            score[p + 2 * Chunk] = d2 * scale;
            score[p + 3 * Chunk] = d3 * scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scores(float* q, byte* keys, float* score, long headSize, long n, float scale, bool half)
    {
        for (long p = 0; p < n; p++, keys += headSize * (half ? 2 : 4))
        {
            Vector128<float> s0 = Vector128<float>.Zero, s1 = s0;
            long i = 0;
            for (; i + 8 <= headSize; i += 8)
            {
                s0 = AdvSimd.FusedMultiplyAdd(s0, AdvSimd.LoadVector128(q + i), Load(keys, i, half));
                s1 = AdvSimd.FusedMultiplyAdd(s1, AdvSimd.LoadVector128(q + i + 4), Load(keys, i + 4, half));
            }
            float dot = FloatNeon.Sum(s0 + s1);
            for (; i < headSize; i++) dot += q[i] * One(keys, i, half);
            score[p] = dot * scale;
        }
    }

    // Scores become weights; what was summed under the old maximum shrinks to the new one (the first chunk shrinks
    // zeros).
    private static void Weigh(float* score, long n, float* max, float* sum, float* y, long headSize)
    {
        float top = *max;
        for (long p = 0; p < n; p++) top = score[p] > top ? score[p] : top;
        float shrink = SoftmaxScalar.Exp(*max - top);
        *max = top;
        Multiply(y, shrink, headSize);
        var tops = Vector128.Create(top);
        var sums = Vector128<float>.Zero;
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var e = SoftmaxNeon.Exp(AdvSimd.LoadVector128(score + i) - tops);
            AdvSimd.Store(score + i, e);
            sums += e;
        }
        float rest = FloatNeon.Sum(sums);
        for (; i < n; i++)
        {
            score[i] = SoftmaxScalar.Exp(score[i] - top);
            rest += score[i];
        }
        *sum = *sum * shrink + rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add4(float* y, byte* values, float* weight, long headSize, long n, bool half)
    {
        float* y1 = y + headSize, y2 = y1 + headSize, y3 = y2 + headSize;
        long i = 0;
        for (; i + 4 <= headSize; i += 4)
        {
            var s0 = AdvSimd.LoadVector128(y + i);
            var s1 = AdvSimd.LoadVector128(y1 + i);
            var s2 = AdvSimd.LoadVector128(y2 + i);
            var s3 = AdvSimd.LoadVector128(y3 + i);
            for (long p = 0; p < n; p++)
            {
                var value = Load(values, p * headSize + i, half);
                s0 = AdvSimd.FusedMultiplyAdd(s0, value, AdvSimd.LoadAndReplicateToVector128(weight + p));
                s1 = AdvSimd.FusedMultiplyAdd(s1, value, AdvSimd.LoadAndReplicateToVector128(weight + p + Chunk));
                s2 = AdvSimd.FusedMultiplyAdd(s2, value, AdvSimd.LoadAndReplicateToVector128(weight + p + 2 * Chunk));
                s3 = AdvSimd.FusedMultiplyAdd(s3, value, AdvSimd.LoadAndReplicateToVector128(weight + p + 3 * Chunk));
            }
            AdvSimd.Store(y + i, s0);
            AdvSimd.Store(y1 + i, s1);
            AdvSimd.Store(y2 + i, s2);
            AdvSimd.Store(y3 + i, s3);
        }
        for (; i < headSize; i++)
        {
            for (long p = 0; p < n; p++)
            {
                float value = One(values, p * headSize + i, half);
                y[i] += weight[p] * value;
                y1[i] += weight[p + Chunk] * value;
                y2[i] += weight[p + 2 * Chunk] * value;
                y3[i] += weight[p + 3 * Chunk] * value;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, byte* values, float* weight, long headSize, long n, bool half)
    {
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            var s0 = AdvSimd.LoadVector128(y + i);
            var s1 = AdvSimd.LoadVector128(y + i + 4);
            for (long p = 0; p < n; p++)
            {
                var w = AdvSimd.LoadAndReplicateToVector128(weight + p);
                s0 = AdvSimd.FusedMultiplyAdd(s0, Load(values, p * headSize + i, half), w);
                s1 = AdvSimd.FusedMultiplyAdd(s1, Load(values, p * headSize + i + 4, half), w);
            }
            AdvSimd.Store(y + i, s0);
            AdvSimd.Store(y + i + 4, s1);
        }
        for (; i < headSize; i++)
            for (long p = 0; p < n; p++) y[i] += weight[p] * One(values, p * headSize + i, half);
    }

    private static void Multiply(float* y, float factor, long n)
    {
        var factors = Vector128.Create(factor);
        long i = 0;
        for (; i + 4 <= n; i += 4) AdvSimd.Store(y + i, AdvSimd.LoadVector128(y + i) * factors);
        for (; i < n; i++) y[i] *= factor;
    }
}
