using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>NEON twin of <see cref="CappedAttentionScalar"/>, head by head.</summary>
public static unsafe class CappedAttentionNeon
{
    private const int Chunk = CappedAttentionScalar.Chunk;

    /// <inheritdoc cref="CappedAttentionScalar.HeadF32"/>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) =>
        Head(q, k, v, y, headSize, group, length, scale, cap, sinks, scratch, false);

    /// <inheritdoc cref="CappedAttentionScalar.HeadF16"/>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* scratch) =>
        Head(q, k, v, y, headSize, group, length, scale, cap, sinks, scratch, true);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Head(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float cap, float* sinks, float* score, bool half)
    {
        long rowBytes = headSize * (half ? 2 : 4);
        for (long g = 0; g < group; g++, q += headSize, y += headSize)
        {
            float max = sinks != null ? sinks[g] : float.NegativeInfinity, sum = sinks != null ? 1 : 0;
            for (long i = 0; i < headSize; i++) y[i] = 0;
            for (long p0 = 0; p0 < length; p0 += Chunk)
            {
                long n = length - p0 < Chunk ? length - p0 : Chunk;
                for (long p = 0; p < n; p++) score[p] = Dot(q, k + (p0 + p) * rowBytes, headSize, half) * scale;
                if (cap != 0) Cap(score, cap, n);
                float top = max;
                for (long p = 0; p < n; p++) top = score[p] > top ? score[p] : top;
                float shrink = SoftmaxScalar.Exp(max - top);
                max = top;
                sum = sum * shrink + ExpSum(score, n, top);
                Add(y, v + p0 * rowBytes, score, shrink, headSize, n, half);
            }
            float inverse = 1 / sum;
            for (long i = 0; i < headSize; i++) y[i] *= inverse;
        }
    }

    private static void Cap(float* score, float cap, long n)
    {
        Vector128<float> caps = Vector128.Create(cap), one = Vector128.Create(1f), two = Vector128.Create(2f);
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var e = SoftmaxNeon.Exp(two * (AdvSimd.LoadVector128(score + i) / caps));
            AdvSimd.Store(score + i, caps * (one - two / (one + e)));
        }
        for (; i < n; i++) score[i] = CappedAttentionScalar.Cap(score[i], cap);
    }

    private static float ExpSum(float* score, long n, float top)
    {
        var tops = Vector128.Create(top);
        var sums = Vector128<float>.Zero;
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var e = SoftmaxNeon.Exp(AdvSimd.LoadVector128(score + i) - tops);
            AdvSimd.Store(score + i, e);
            sums += e;
        }
        float sum = FloatNeon.Sum(sums);
        for (; i < n; i++)
        {
            score[i] = SoftmaxScalar.Exp(score[i] - top);
            sum += score[i];
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot(float* q, byte* k, long headSize, bool half)
    {
        Vector128<float> a = Vector128<float>.Zero, b = a;
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            a = AdvSimd.FusedMultiplyAdd(a, AdvSimd.LoadVector128(q + i), Four(k, i, half));
            b = AdvSimd.FusedMultiplyAdd(b, AdvSimd.LoadVector128(q + i + 4), Four(k, i + 4, half));
        }
        float dot = FloatNeon.Sum(a + b);
        for (; i < headSize; i++) dot += q[i] * CappedAttentionScalar.At(k, i, half);
        return dot;
    }

    /// <summary>y ← shrink · y + Σ weight[p] · v[p].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, byte* v, float* weight, float shrink, long headSize, long n, bool half)
    {
        var shrinks = Vector128.Create(shrink);
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            var a = AdvSimd.LoadVector128(y + i) * shrinks;
            var b = AdvSimd.LoadVector128(y + i + 4) * shrinks;
            for (long p = 0; p < n; p++)
            {
                var w = AdvSimd.LoadAndReplicateToVector128(weight + p);
                a = AdvSimd.FusedMultiplyAdd(a, Four(v, p * headSize + i, half), w);
                b = AdvSimd.FusedMultiplyAdd(b, Four(v, p * headSize + i + 4, half), w);
            }
            AdvSimd.Store(y + i, a);
            AdvSimd.Store(y + i + 4, b);
        }
        for (; i < headSize; i++)
        {
            y[i] *= shrink;
            for (long p = 0; p < n; p++) y[i] += weight[p] * CappedAttentionScalar.At(v, p * headSize + i, half);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Four(byte* values, long i, bool half) =>
        half ? FloatNeon.FromF16(AdvSimd.LoadVector64((ushort*)values + i))
            : AdvSimd.LoadVector128((float*)values + i);
}
