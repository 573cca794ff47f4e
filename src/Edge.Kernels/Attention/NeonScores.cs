using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>The scores of <see cref="AttentionNeon"/>: up to eight queries with two keys at a time.</summary>
internal static unsafe class AttentionNeonScores
{
    private const int Chunk = AttentionScalar.Chunk;

    /// <summary>score[h][p] = scale · Σ q[h][i] · k[p][i] over whole eights of i. An odd key at the end is its own
    /// neighbour, so score has room for it. Up to two queries sum the upper halves of the eights apart: two chains
    /// would wait for each other's end.</summary>
    public static void Rows<THeads, TValue>(float* q, byte* keys, float* score, long headSize, long n, float scale,
        uint mask) where THeads : unmanaged where TValue : unmanaged
    {
        int heads = sizeof(THeads);
        bool half = sizeof(TValue) == sizeof(ushort);
        long rowBytes = headSize * sizeof(TValue), whole = headSize & ~7;
        var masks = Vector128.Create(mask);
        float* q1 = q + headSize, q2 = q1 + headSize, q3 = q2 + headSize;
        float* q4 = q3 + headSize, q5 = q4 + headSize, q6 = q5 + headSize, q7 = q6 + headSize;
        for (long p = 0; p < n; p += 2, keys += 2 * rowBytes)
        {
            byte* next = p + 1 < n ? keys + rowBytes : keys;
            Vector128<float> a0 = Vector128<float>.Zero, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
            Vector128<float> b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0, b6 = a0, b7 = a0;
            for (long i = 0; i < whole; i += 8)
            {
                AttentionNeon.Two(keys, next, i, half, masks, out var k, out var l, out var m, out var o);
                if (heads <= 2)
                {
                    Add(q + i, k, m, ref a0, ref b0);
                    Add(q + i + 4, l, o, ref a4, ref b4);
                    if (heads > 1) Add(q1 + i, k, m, ref a1, ref b1);
                    if (heads > 1) Add(q1 + i + 4, l, o, ref a5, ref b5);
                    continue;
                }
                Add(q + i, q1 + i, k, l, m, o, ref a0, ref b0, ref a1, ref b1);
                if (heads == 3) Add(q2 + i, k, l, m, o, ref a2, ref b2);
                if (heads > 3) Add(q2 + i, q3 + i, k, l, m, o, ref a2, ref b2, ref a3, ref b3);
                if (heads == 5) Add(q4 + i, k, l, m, o, ref a4, ref b4);
                if (heads > 5) Add(q4 + i, q5 + i, k, l, m, o, ref a4, ref b4, ref a5, ref b5);
                if (heads == 7) Add(q6 + i, k, l, m, o, ref a6, ref b6);
                if (heads > 7) Add(q6 + i, q7 + i, k, l, m, o, ref a6, ref b6, ref a7, ref b7);
            }
            if (heads <= 2) (a0, b0, a1, b1) = (a0 + a4, b0 + b4, a1 + a5, b1 + b5);
            Store(score + p, a0, b0, a1, b1, scale, heads > 1);
            if (heads > 2) Store(score + p + 2 * Chunk, a2, b2, a3, b3, scale, heads > 3);
            if (heads > 4) Store(score + p + 4 * Chunk, a4, b4, a5, b5, scale, heads > 5);
            if (heads > 6) Store(score + p + 6 * Chunk, a6, b6, a7, b7, scale, heads > 7);
        }
    }

    /// <summary>Adds what head sizes have beyond whole eights.</summary>
    public static void Rest(float* q, byte* keys, float* score, long headSize, long group, long n, float scale,
        bool half)
    {
        for (long g = 0; g < group; g++, q += headSize, score += Chunk)
        {
            for (long p = 0; p < n; p++)
            {
                float dot = 0;
                for (long i = headSize & ~7; i < headSize; i++)
                    dot += q[i] * AttentionScalar.At(keys, p * headSize + i, half);
                score[p] += dot * scale;
            }
        }
    }

    /// <summary>Four dimensions of one query with two keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* q, Vector128<float> k, Vector128<float> m, ref Vector128<float> a,
        ref Vector128<float> b)
    {
        var query = AdvSimd.LoadVector128(q);
        a = AdvSimd.FusedMultiplyAdd(a, query, k);
        b = AdvSimd.FusedMultiplyAdd(b, query, m);
    }

    /// <summary>Eight dimensions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* q, Vector128<float> k, Vector128<float> l, Vector128<float> m, Vector128<float> o,
        ref Vector128<float> a, ref Vector128<float> b)
    {
        Vector128<float> low = AdvSimd.LoadVector128(q), high = AdvSimd.LoadVector128(q + 4);
        a = AdvSimd.FusedMultiplyAdd(a, low, k);
        b = AdvSimd.FusedMultiplyAdd(b, low, m);
        a = AdvSimd.FusedMultiplyAdd(a, high, l);
        b = AdvSimd.FusedMultiplyAdd(b, high, o);
    }

    /// <summary>Eight dimensions of two queries, turn about, so that no sum waits for itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* q, float* r, Vector128<float> k, Vector128<float> l, Vector128<float> m,
        Vector128<float> o, ref Vector128<float> a, ref Vector128<float> b, ref Vector128<float> c,
        ref Vector128<float> d)
    {
        Vector128<float> low = AdvSimd.LoadVector128(q), high = AdvSimd.LoadVector128(q + 4);
        Vector128<float> second = AdvSimd.LoadVector128(r), secondHigh = AdvSimd.LoadVector128(r + 4);
        a = AdvSimd.FusedMultiplyAdd(a, low, k);
        b = AdvSimd.FusedMultiplyAdd(b, low, m);
        c = AdvSimd.FusedMultiplyAdd(c, second, k);
        d = AdvSimd.FusedMultiplyAdd(d, second, m);
        a = AdvSimd.FusedMultiplyAdd(a, high, l);
        b = AdvSimd.FusedMultiplyAdd(b, high, o);
        c = AdvSimd.FusedMultiplyAdd(c, secondHigh, l);
        d = AdvSimd.FusedMultiplyAdd(d, secondHigh, o);
    }

    /// <summary>Two queries' sums with two keys to their rows of scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* score, Vector128<float> a0, Vector128<float> b0, Vector128<float> a1,
        Vector128<float> b1, float scale, bool both)
    {
        Vector128<float> first = AdvSimd.Arm64.AddPairwise(a0, b0);
        Vector128<float> second = both ? AdvSimd.Arm64.AddPairwise(a1, b1) : first;
        var sums = AdvSimd.Arm64.AddPairwise(first, second) * scale;
        AdvSimd.Store(score, sums.GetLower());
        if (both) AdvSimd.Store(score + Chunk, sums.GetUpper());
    }
}
