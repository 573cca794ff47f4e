using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>The weighted values of <see cref="AttentionNeon"/>: four rows at a time, in the order in which they lie in
/// memory, for up to eight heads.</summary>
internal static unsafe class AttentionNeonValues
{
    private const int Chunk = AttentionScalar.Chunk;

    /// <summary>y[h][i] += Σ weight[h][p] · v[p][i] over whole eights of i. Weights behind the n-th are zero up to a
    /// multiple of four; the last row stands in for theirs.</summary>
    public static void Rows<THeads, TValue>(float* y, byte* values, float* weight, long headSize, long n,
        uint mask) where THeads : unmanaged where TValue : unmanaged
    {
        int heads = sizeof(THeads);
        bool half = sizeof(TValue) == sizeof(ushort);
        long rowBytes = headSize * sizeof(TValue), whole = headSize & ~7;
        var masks = Vector128.Create(mask);
        float* y1 = y + headSize, y2 = y1 + headSize, y3 = y2 + headSize;
        float* y4 = y3 + headSize, y5 = y4 + headSize, y6 = y5 + headSize, y7 = y6 + headSize;
        for (long p = 0; p < n; p += 4, values += 4 * rowBytes, weight += 4)
        {
            byte* v1 = p + 1 < n ? values + rowBytes : values;
            byte* v2 = p + 2 < n ? v1 + rowBytes : v1;
            byte* v3 = p + 3 < n ? v2 + rowBytes : v2;
            var w0 = AdvSimd.LoadVector128(weight);
            var w1 = heads > 1 ? AdvSimd.LoadVector128(weight + Chunk) : w0;
            var w2 = heads > 2 ? AdvSimd.LoadVector128(weight + 2 * Chunk) : w0;
            var w3 = heads > 3 ? AdvSimd.LoadVector128(weight + 3 * Chunk) : w0;
            var w4 = heads > 4 ? AdvSimd.LoadVector128(weight + 4 * Chunk) : w0;
            var w5 = heads > 5 ? AdvSimd.LoadVector128(weight + 5 * Chunk) : w0;
            var w6 = heads > 6 ? AdvSimd.LoadVector128(weight + 6 * Chunk) : w0;
            var w7 = heads > 7 ? AdvSimd.LoadVector128(weight + 7 * Chunk) : w0;
            for (long i = 0; i < whole; i += 8)
            {
                AttentionNeon.Two(values, v1, i, half, masks, out var a, out var b, out var c, out var d);
                AttentionNeon.Two(v2, v3, i, half, masks, out var e, out var f, out var g, out var h);
                if (heads == 1) Add(y + i, w0, a, b, c, d, e, f, g, h);
                if (heads > 1) Add(y + i, y1 + i, w0, w1, a, b, c, d, e, f, g, h);
                if (heads == 3) Add(y2 + i, w2, a, b, c, d, e, f, g, h);
                if (heads > 3) Add(y2 + i, y3 + i, w2, w3, a, b, c, d, e, f, g, h);
                if (heads == 5) Add(y4 + i, w4, a, b, c, d, e, f, g, h);
                if (heads > 5) Add(y4 + i, y5 + i, w4, w5, a, b, c, d, e, f, g, h);
                if (heads == 7) Add(y6 + i, w6, a, b, c, d, e, f, g, h);
                if (heads > 7) Add(y6 + i, y7 + i, w6, w7, a, b, c, d, e, f, g, h);
            }
        }
    }

    /// <summary>Adds what head sizes have beyond whole eights; the weights are unit times too large.</summary>
    public static void Rest(float* y, byte* values, float* weight, long headSize, long group, long n, float unit,
        bool half)
    {
        float one = 1 / unit;
        for (long g = 0; g < group; g++, y += headSize, weight += Chunk)
        {
            for (long i = headSize & ~7; i < headSize; i++)
                for (long p = 0; p < n; p++)
                    y[i] += weight[p] * one * AttentionScalar.At(values, p * headSize + i, half);
        }
    }

    /// <summary>Eight dimensions of four rows, as lower and upper halves, to one head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, Vector128<float> w, Vector128<float> a, Vector128<float> b, Vector128<float> c,
        Vector128<float> d, Vector128<float> e, Vector128<float> f, Vector128<float> g, Vector128<float> h)
    {
        Vector128<float> low = AdvSimd.LoadVector128(y), high = AdvSimd.LoadVector128(y + 4);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, a, w, 0);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, b, w, 0);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, c, w, 1);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, d, w, 1);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, e, w, 2);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, f, w, 2);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, g, w, 3);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, h, w, 3);
        AdvSimd.Store(y, low);
        AdvSimd.Store(y + 4, high);
    }

    /// <summary>The same to two heads, turn about, so that no sum waits for itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* y, float* other, Vector128<float> w, Vector128<float> u, Vector128<float> a,
        Vector128<float> b, Vector128<float> c, Vector128<float> d, Vector128<float> e, Vector128<float> f,
        Vector128<float> g, Vector128<float> h)
    {
        Vector128<float> low = AdvSimd.LoadVector128(y), high = AdvSimd.LoadVector128(y + 4);
        Vector128<float> otherLow = AdvSimd.LoadVector128(other), otherHigh = AdvSimd.LoadVector128(other + 4);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, a, w, 0);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, b, w, 0);
        otherLow = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherLow, a, u, 0);
        otherHigh = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherHigh, b, u, 0);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, c, w, 1);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, d, w, 1);
        otherLow = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherLow, c, u, 1);
        otherHigh = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherHigh, d, u, 1);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, e, w, 2);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, f, w, 2);
        otherLow = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherLow, e, u, 2);
        otherHigh = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherHigh, f, u, 2);
        low = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(low, g, w, 3);
        high = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(high, h, w, 3);
        otherLow = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherLow, g, u, 3);
        otherHigh = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(otherHigh, h, u, 3);
        AdvSimd.Store(y, low);
        AdvSimd.Store(y + 4, high);
        AdvSimd.Store(other, otherLow);
        AdvSimd.Store(other + 4, otherHigh);
    }
}
