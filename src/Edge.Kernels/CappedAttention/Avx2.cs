using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="CappedAttentionScalar"/>, head by head.</summary>
public static unsafe class CappedAttentionAvx2
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
                sum = sum * shrink + SoftmaxAvx2.ExpSum(score, n, top);
                Add(y, v + p0 * rowBytes, score, shrink, headSize, n, half);
            }
            float inverse = 1 / sum;
            for (long i = 0; i < headSize; i++) y[i] *= inverse;
        }
    }

    private static void Cap(float* score, float cap, long n)
    {
        Vector256<float> caps = Vector256.Create(cap), one = Vector256.Create(1f), two = Vector256.Create(2f);
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> e = SoftmaxAvx2.Exp(Avx.Multiply(two, Avx.Divide(Avx.LoadVector256(score + i), caps)));
            e = Avx.Subtract(one, Avx.Divide(two, Avx.Add(one, e)));
            Avx.Store(score + i, Avx.Multiply(caps, e));
        }
        for (; i < n; i++) score[i] = CappedAttentionScalar.Cap(score[i], cap);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot(float* q, byte* k, long headSize, bool half)
    {
        Vector256<float> a = Vector256<float>.Zero, b = a;
        long i = 0;
        for (; i + 16 <= headSize; i += 16)
        {
            a = Fma.MultiplyAdd(Avx.LoadVector256(q + i), Eight(k, i, half), a);
            b = Fma.MultiplyAdd(Avx.LoadVector256(q + i + 8), Eight(k, i + 8, half), b);
        }
        for (; i + 8 <= headSize; i += 8) a = Fma.MultiplyAdd(Avx.LoadVector256(q + i), Eight(k, i, half), a);
        float dot = FloatAvx2.Sum(Avx.Add(a, b));
        for (; i < headSize; i++) dot += q[i] * CappedAttentionScalar.At(k, i, half);
        return dot;
    }

    /// <summary>y ← shrink · y + Σ weight[p] · v[p].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, byte* v, float* weight, float shrink, long headSize, long n, bool half)
    {
        Vector256<float> shrinks = Vector256.Create(shrink);
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            Vector256<float> a = Avx.Multiply(Avx.LoadVector256(y + i), shrinks);
            for (long p = 0; p < n; p++)
                a = Fma.MultiplyAdd(
                    Avx.BroadcastScalarToVector256(weight + p), Eight(v, p * headSize + i, half), a);
            Avx.Store(y + i, a);
        }
        for (; i < headSize; i++)
        {
            y[i] *= shrink;
            for (long p = 0; p < n; p++) y[i] += weight[p] * CappedAttentionScalar.At(v, p * headSize + i, half);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(byte* values, long i, bool half) =>
        half ? FloatAvx2.FromF16((ushort*)values + i) : Avx.LoadVector256((float*)values + i);
}
