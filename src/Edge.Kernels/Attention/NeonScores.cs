using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>The scores of <see cref="AttentionNeon"/>: one or two queries with four keys at a time, more with two.
/// </summary>
internal static unsafe class AttentionNeonScores
{
    private const int Chunk = AttentionScalar.Chunk;

    /// <summary>As <see cref="Rows"/>, of one query or two; scores come in fours.</summary>
    public static void Few<THeads, TValue>(float* q, byte* keys, float* score, long headSize, long n, float scale,
        uint mask) where THeads : unmanaged where TValue : unmanaged
    {
        bool two = sizeof(THeads) > 1, half = sizeof(TValue) == sizeof(ushort);
        long rowBytes = headSize * sizeof(TValue), whole = headSize & ~7;
        var masks = Vector128.Create(mask);
        float* r = q + headSize;
        for (long p = 0; p < n; p += 4, keys += 4 * rowBytes)
        {
            byte* k1 = p + 1 < n ? keys + rowBytes : keys;
            byte* k2 = p + 2 < n ? k1 + rowBytes : k1;
            byte* k3 = p + 3 < n ? k2 + rowBytes : k2;
            Vector128<float> s0 = Vector128<float>.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
            for (long i = 0; i < whole; i += 8)
            {
                AttentionNeon.Two(keys, k1, i, half, masks, out var a, out var b, out var c, out var d);
                AttentionNeon.Two(k2, k3, i, half, masks, out var e, out var f, out var g, out var h);
                Add(q + i, a, c, e, g, ref s0, ref s1, ref s2, ref s3);
                if (two) Add(r + i, a, c, e, g, ref t0, ref t1, ref t2, ref t3);
                Add(q + i + 4, b, d, f, h, ref s0, ref s1, ref s2, ref s3);
                if (two) Add(r + i + 4, b, d, f, h, ref t0, ref t1, ref t2, ref t3);
            }
            AdvSimd.Store(score + p, Four(s0, s1, s2, s3) * scale);
            if (two) AdvSimd.Store(score + p + Chunk, Four(t0, t1, t2, t3) * scale);
        }
    }

    /// <summary>score[h][p] = scale · Σ q[h][i] · k[p][i] over whole eights of i, of three queries or more. An odd key
    /// at the end is its own neighbour, so score has room for it.</summary>
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
                Add(q + i, q1 + i, k, l, m, o, ref a0, ref b0, ref a1, ref b1);
                if (heads == 3) Add(q2 + i, k, l, m, o, ref a2, ref b2);
                if (heads > 3) Add(q2 + i, q3 + i, k, l, m, o, ref a2, ref b2, ref a3, ref b3);
                if (heads == 5) Add(q4 + i, k, l, m, o, ref a4, ref b4);
                if (heads > 5) Add(q4 + i, q5 + i, k, l, m, o, ref a4, ref b4, ref a5, ref b5);
                if (heads == 7) Add(q6 + i, k, l, m, o, ref a6, ref b6);
                if (heads > 7) Add(q6 + i, q7 + i, k, l, m, o, ref a6, ref b6, ref a7, ref b7);
            }
            Store(score + p, a0, b0, a1, b1, scale, true);
            Store(score + p + 2 * Chunk, a2, b2, a3, b3, scale, heads > 3);
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

    /// <summary>Four dimensions of one query with four keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* q, Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d,
        ref Vector128<float> s0, ref Vector128<float> s1, ref Vector128<float> s2, ref Vector128<float> s3)
    {
        var query = AdvSimd.LoadVector128(q);
        s0 = AdvSimd.FusedMultiplyAdd(s0, query, a);
        s1 = AdvSimd.FusedMultiplyAdd(s1, query, b);
        s2 = AdvSimd.FusedMultiplyAdd(s2, query, c);
        s3 = AdvSimd.FusedMultiplyAdd(s3, query, d);
    }

    /// <summary>The sums of the lanes of four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Four(Vector128<float> a, Vector128<float> b, Vector128<float> c,
        Vector128<float> d) => AdvSimd.Arm64.AddPairwise(AdvSimd.Arm64.AddPairwise(a, b),
        AdvSimd.Arm64.AddPairwise(c, d));

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
