using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="AttentionScalar"/>: up to four query heads share each key and value that is loaded
/// (and converted). Where a group has fewer left, the last head fills the places: same inputs, same bits, same place.
/// </summary>
public static unsafe class AttentionAvx2
{
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
        const long Chunk = AttentionScalar.Chunk;
        float* max = scratch + group * Chunk;
        float* sum = max + group;
        for (long g = 0; g < group; g++)
        {
            max[g] = float.NegativeInfinity;
            sum[g] = 0;
        }
        for (long i = 0; i < group * headSize; i++) y[i] = 0;
        long rowBytes = headSize * (half ? 2 : 4);
        for (long p0 = 0; p0 < length; p0 += Chunk, k += Chunk * rowBytes, v += Chunk * rowBytes)
        {
            long n = length - p0 < Chunk ? length - p0 : Chunk;
            for (long g = 0; g < group; g += 4)
            {
                long g1 = g + 1 < group ? g + 1 : group - 1;
                long g2 = g + 2 < group ? g + 2 : group - 1;
                long g3 = g + 3 < group ? g + 3 : group - 1;
                for (long p = 0; p < n; p++)
                {
                    Vector128<float> dots = Dots(q + g * headSize, q + g1 * headSize, q + g2 * headSize,
                        q + g3 * headSize, k + p * rowBytes, headSize, half);
                    dots = Sse.Multiply(dots, Vector128.Create(scale));
                    scratch[g * Chunk + p] = dots.GetElement(0);
                    scratch[g1 * Chunk + p] = dots.GetElement(1);
                    scratch[g2 * Chunk + p] = dots.GetElement(2);
                    scratch[g3 * Chunk + p] = dots.GetElement(3);
                }
            }
            for (long g = 0; g < group; g++)
                Weigh(scratch + g * Chunk, y + g * headSize, headSize, n, max + g, sum + g);
            for (long g = 0; g < group; g += 4)
            {
                long g1 = g + 1 < group ? g + 1 : group - 1;
                long g2 = g + 2 < group ? g + 2 : group - 1;
                long g3 = g + 3 < group ? g + 3 : group - 1;
                Values(scratch + g * Chunk, scratch + g1 * Chunk, scratch + g2 * Chunk, scratch + g3 * Chunk, v,
                    y + g * headSize, y + g1 * headSize, y + g2 * headSize, y + g3 * headSize, headSize, n, half);
            }
        }
        for (long g = 0; g < group; g++)
        {
            float inverse = 1 / sum[g];
            for (long i = 0; i < headSize; i++) y[g * headSize + i] *= inverse;
        }
    }

    /// <summary>Four heads' dot products with one key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Dots(float* q0, float* q1, float* q2, float* q3, byte* k, long headSize, bool half)
    {
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0;
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            Vector256<float> key = Eight(k, i, half);
            a0 = Fma.MultiplyAdd(Avx.LoadVector256(q0 + i), key, a0);
            a1 = Fma.MultiplyAdd(Avx.LoadVector256(q1 + i), key, a1);
            a2 = Fma.MultiplyAdd(Avx.LoadVector256(q2 + i), key, a2);
            a3 = Fma.MultiplyAdd(Avx.LoadVector256(q3 + i), key, a3);
        }
        Vector256<float> sums = Avx.HorizontalAdd(Avx.HorizontalAdd(a0, a1), Avx.HorizontalAdd(a2, a3));
        Vector128<float> dots = Sse.Add(sums.GetLower(), sums.GetUpper());
        for (; i < headSize; i++)
        {
            Vector128<float> key = Vector128.Create(At(k, i, half));
            dots = Sse.Add(dots, Sse.Multiply(Vector128.Create(q0[i], q1[i], q2[i], q3[i]), key));
        }
        return dots;
    }

    /// <summary>One head's scores to weights under the new maximum; what was summed under the old one
    /// shrinks.</summary>
    private static void Weigh(float* score, float* y, long headSize, long n, float* max, float* sum)
    {
        float top = *max;
        for (long p = 0; p < n; p++) top = score[p] > top ? score[p] : top;
        float shrink = SoftmaxScalar.Exp(*max - top);
        *max = top;
        *sum = *sum * shrink + SoftmaxAvx2.ExpSum(score, n, top);
        for (long i = 0; i < headSize; i++) y[i] *= shrink;
    }

    /// <summary>y[h] += Σ weight[h][p] · v[p] for four heads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Values(float* w0, float* w1, float* w2, float* w3, byte* v,
        float* y0, float* y1, float* y2, float* y3, long headSize, long n, bool half)
    {
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            Vector256<float> a0 = Avx.LoadVector256(y0 + i), a1 = Avx.LoadVector256(y1 + i);
            Vector256<float> a2 = Avx.LoadVector256(y2 + i), a3 = Avx.LoadVector256(y3 + i);
            for (long p = 0; p < n; p++)
            {
                Vector256<float> value = Eight(v, p * headSize + i, half);
                a0 = Fma.MultiplyAdd(Avx.BroadcastScalarToVector256(w0 + p), value, a0);
                a1 = Fma.MultiplyAdd(Avx.BroadcastScalarToVector256(w1 + p), value, a1);
                a2 = Fma.MultiplyAdd(Avx.BroadcastScalarToVector256(w2 + p), value, a2);
                a3 = Fma.MultiplyAdd(Avx.BroadcastScalarToVector256(w3 + p), value, a3);
            }
            Avx.Store(y0 + i, a0);
            Avx.Store(y1 + i, a1);
            Avx.Store(y2 + i, a2);
            Avx.Store(y3 + i, a3);
        }
        for (; i < headSize; i++)
        {
            float a0 = y0[i], a1 = y1[i], a2 = y2[i], a3 = y3[i];
            for (long p = 0; p < n; p++)
            {
                float value = At(v, p * headSize + i, half);
                a0 += w0[p] * value;
                a1 += w1[p] * value;
                a2 += w2[p] * value;
                a3 += w3[p] * value;
            }
            (y0[i], y1[i], y2[i], y3[i]) = (a0, a1, a2, a3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(byte* values, long i, bool half) =>
        half ? FloatAvx2.FromF16((ushort*)values + i) : Avx.LoadVector256((float*)values + i);

    private static float At(byte* values, long i, bool half) =>
        half ? FloatScalar.FromF16(((ushort*)values)[i]) : ((float*)values)[i];
}
