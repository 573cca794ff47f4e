using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="AttentionScalar"/>: halves become floats once per chunk, for all heads; then four
/// query heads share each key, and each value, that is loaded. Where a group has fewer left, the last head fills the
/// places: same inputs, same bits, same place.</summary>
public static unsafe class AttentionAvx2
{
    private const long Chunk = AttentionScalar.Chunk;

    /// <inheritdoc cref="AttentionScalar.HeadF32"/>
    public static void HeadF32(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) => Head(q, k, v, y, headSize, group, length, scale, scratch, false);

    /// <inheritdoc cref="AttentionScalar.HeadF16"/>
    public static void HeadF16(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch) => Head(q, k, v, y, headSize, group, length, scale, scratch, true);

    private static void Head(float* q, byte* k, byte* v, float* y, long headSize, long group, long length,
        float scale, float* scratch, bool half)
    {
        float* max = scratch + group * Chunk;
        float* sum = max + group;
        float* floats = sum + group;
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
            float* rows = half ? Floats(k, floats, n * headSize) : (float*)k;
            for (long g = 0; g < group; g += 4)
            {
                long g1 = At(g + 1, group), g2 = At(g + 2, group), g3 = At(g + 3, group);
                Scores(q + g * headSize, q + g1 * headSize, q + g2 * headSize, q + g3 * headSize, rows, headSize, n,
                    scale, scratch + g * Chunk, scratch + g1 * Chunk, scratch + g2 * Chunk, scratch + g3 * Chunk);
            }
            for (long g = 0; g < group; g++)
                Weigh(scratch + g * Chunk, y + g * headSize, headSize, n, max + g, sum + g);
            rows = half ? Floats(v, floats, n * headSize) : (float*)v;
            for (long g = 0; g < group; g += 4)
            {
                long g1 = At(g + 1, group), g2 = At(g + 2, group), g3 = At(g + 3, group);
                Values(scratch + g * Chunk, scratch + g1 * Chunk, scratch + g2 * Chunk, scratch + g3 * Chunk, rows,
                    y + g * headSize, y + g1 * headSize, y + g2 * headSize, y + g3 * headSize, headSize, n);
            }
        }
        for (long g = 0; g < group; g++) Scale(y + g * headSize, headSize, 1 / sum[g]);
    }

    private static long At(long g, long group) => g < group ? g : group - 1;

    private static float* Floats(byte* halves, float* floats, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8) Avx.Store(floats + i, FloatAvx2.FromF16((ushort*)halves + i));
        for (; i < n; i++) floats[i] = FloatScalar.FromF16(((ushort*)halves)[i]);
        return floats;
    }

    /// <summary>Four heads' scaled dot products with n keys, two keys at a time; an odd one at the end is its own
    /// neighbour.</summary>
    private static void Scores(float* q0, float* q1, float* q2, float* q3, float* k, long headSize, long n,
        float scale, float* s0, float* s1, float* s2, float* s3)
    {
        for (long p = 0; p < n; p += 2)
        {
            long next = p + 1 < n ? 1 : 0;
            Vector256<float> dots = Dots(q0, q1, q2, q3, k, k + next * headSize, headSize);
            dots = Avx.Multiply(dots, Vector256.Create(scale));
            (s0[p], s1[p]) = (dots.GetElement(0), dots.GetElement(1));
            (s2[p], s3[p]) = (dots.GetElement(2), dots.GetElement(3));
            (s0[p + next], s1[p + next]) = (dots.GetElement(4), dots.GetElement(5));
            (s2[p + next], s3[p + next]) = (dots.GetElement(6), dots.GetElement(7));
            k += 2 * headSize;
        }
    }

    /// <summary>Four heads' dot products with two keys: the lower half is the first key's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Dots(float* q0, float* q1, float* q2, float* q3, float* k0, float* k1,
        long headSize)
    {
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        long i = 0;
        for (; i + 8 <= headSize; i += 8)
        {
            Vector256<float> first = Avx.LoadVector256(k0 + i), second = Avx.LoadVector256(k1 + i);
            Vector256<float> query = Avx.LoadVector256(q0 + i);
            (a0, b0) = (Fma.MultiplyAdd(query, first, a0), Fma.MultiplyAdd(query, second, b0));
            query = Avx.LoadVector256(q1 + i);
            (a1, b1) = (Fma.MultiplyAdd(query, first, a1), Fma.MultiplyAdd(query, second, b1));
            query = Avx.LoadVector256(q2 + i);
            (a2, b2) = (Fma.MultiplyAdd(query, first, a2), Fma.MultiplyAdd(query, second, b2));
            query = Avx.LoadVector256(q3 + i);
            (a3, b3) = (Fma.MultiplyAdd(query, first, a3), Fma.MultiplyAdd(query, second, b3));
        }
        Vector256<float> a = Avx.HorizontalAdd(Avx.HorizontalAdd(a0, a1), Avx.HorizontalAdd(a2, a3));
        Vector256<float> b = Avx.HorizontalAdd(Avx.HorizontalAdd(b0, b1), Avx.HorizontalAdd(b2, b3));
        Vector256<float> dots = Avx.Add(Avx.Permute2x128(a, b, 0x20), Avx.Permute2x128(a, b, 0x31));
        for (; i < headSize; i++)
        {
            Vector128<float> query = Vector128.Create(q0[i], q1[i], q2[i], q3[i]);
            Vector128<float> first = Sse.Multiply(query, Vector128.Create(k0[i]));
            Vector128<float> second = Sse.Multiply(query, Vector128.Create(k1[i]));
            dots = Avx.Add(dots, Vector256.Create(first, second));
        }
        return dots;
    }

    /// <summary>One head's scores to weights under the new maximum; what was summed under the old one
    /// shrinks.</summary>
    private static void Weigh(float* score, float* y, long headSize, long n, float* max, float* sum)
    {
        float top = SoftmaxAvx2.Max(score, n, *max);
        float shrink = SoftmaxScalar.Exp(*max - top);
        *max = top;
        *sum = *sum * shrink + SoftmaxAvx2.ExpSum(score, n, top);
        if (shrink != 1) Scale(y, headSize, shrink);
    }

    private static void Scale(float* y, long n, float factor)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8) Avx.Store(y + i, Avx.Multiply(Avx.LoadVector256(y + i), Vector256.Create(factor)));
        for (; i < n; i++) y[i] *= factor;
    }

    /// <summary>y[h] += Σ weight[h][p] · v[p] for four heads.</summary>
    private static void Values(float* w0, float* w1, float* w2, float* w3, float* v,
        float* y0, float* y1, float* y2, float* y3, long headSize, long n)
    {
        long i = 0;
        for (; i + 16 <= headSize; i += 16)
        {
            Vector256<float> a0 = Avx.LoadVector256(y0 + i), a1 = Avx.LoadVector256(y1 + i);
            Vector256<float> a2 = Avx.LoadVector256(y2 + i), a3 = Avx.LoadVector256(y3 + i);
            Vector256<float> b0 = Avx.LoadVector256(y0 + i + 8), b1 = Avx.LoadVector256(y1 + i + 8);
            Vector256<float> b2 = Avx.LoadVector256(y2 + i + 8), b3 = Avx.LoadVector256(y3 + i + 8);
            float* row = v + i;
            for (long p = 0; p < n; p++, row += headSize)
            {
                Vector256<float> first = Avx.LoadVector256(row), second = Avx.LoadVector256(row + 8);
                Vector256<float> weight = Avx.BroadcastScalarToVector256(w0 + p);
                (a0, b0) = (Fma.MultiplyAdd(weight, first, a0), Fma.MultiplyAdd(weight, second, b0));
                weight = Avx.BroadcastScalarToVector256(w1 + p);
                (a1, b1) = (Fma.MultiplyAdd(weight, first, a1), Fma.MultiplyAdd(weight, second, b1));
                weight = Avx.BroadcastScalarToVector256(w2 + p);
                (a2, b2) = (Fma.MultiplyAdd(weight, first, a2), Fma.MultiplyAdd(weight, second, b2));
                weight = Avx.BroadcastScalarToVector256(w3 + p);
                (a3, b3) = (Fma.MultiplyAdd(weight, first, a3), Fma.MultiplyAdd(weight, second, b3));
            }
            Store(y0 + i, a0, b0);
            Store(y1 + i, a1, b1);
            Store(y2 + i, a2, b2);
            Store(y3 + i, a3, b3);
        }
        for (; i < headSize; i++)
        {
            float a0 = y0[i], a1 = y1[i], a2 = y2[i], a3 = y3[i];
            for (long p = 0; p < n; p++)
            {
                float value = v[p * headSize + i];
                a0 += w0[p] * value;
                a1 += w1[p] * value;
                a2 += w2[p] * value;
                a3 += w3[p] * value;
            }
            (y0[i], y1[i], y2[i], y3[i]) = (a0, a1, a2, a3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* y, Vector256<float> first, Vector256<float> second)
    {
        Avx.Store(y, first);
        Avx.Store(y + 8, second);
    }
}
