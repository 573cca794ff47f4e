using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Q8_0Scalar"/>, the same bits. The multiply wants one unsigned operand: |w| · (q
/// with w's sign); two such products stay below 2^15 (128 · 127 · 2).</summary>
public static unsafe class Q8_0Avx2
{
    /// <inheritdoc cref="Q8_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Tiles.Q8_0BlockBytes;
        long tokenBytes = Tiles.ActivationBytes(columns);
        byte* tile = w + row0 / Tiles.Rows * tileBytes;
        for (long r = row0; r < row1; r += Tiles.Rows, tile += tileBytes)
        {
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                Four(tile, x + t * tokenBytes, tokenBytes, y + t * yStride + r, yStride, columns, row1 - r);
            for (; t < tokens; t++) One(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    private static void One(byte* block, byte* q, float* y, long columns, long rows)
    {
        float* scale = (float*)(q + columns);
        byte* end = q + columns;
        Vector256<float> y0 = Vector256<float>.Zero;
        for (; q < end; q += Tiles.Block, block += Tiles.Q8_0BlockBytes, scale++)
        {
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 64);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 128);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 192);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 256);
            sbyte* v = (sbyte*)(block + Tiles.ScaleBytes);
            Vector256<int> dot = Avx2.Add(
                Avx2.Add(Dot(v, q), Dot(v + 64, q + 8)), Avx2.Add(Dot(v + 128, q + 16), Dot(v + 192, q + 24)));
            y0 = TilesAvx2.AddScaled(y0, dot, TilesAvx2.Scales(block), scale);
        }
        TilesAvx2.Store(y, y0, rows);
    }

    /// <summary>Four tokens at a time: each vector of weights is loaded once.</summary>
    private static void Four(byte* block, byte* q, long tokenBytes, float* y, long yStride, long columns, long rows)
    {
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0, y2 = y0, y3 = y0;
        for (long b = 0; b < columns / Tiles.Block; b++, block += Tiles.Q8_0BlockBytes)
        {
            Vector256<int> d0 = Vector256<int>.Zero, d1 = d0, d2 = d0, d3 = d0;
            byte* t = q + b * Tiles.Block;
            for (long g = 0; g < 8; g++)
            {
                Vector256<sbyte> v = Avx.LoadVector256((sbyte*)(block + Tiles.ScaleBytes + g * 32));
                Vector256<byte> magnitude = Avx2.Abs(v);
                d0 = Avx2.Add(d0, Mul(v, magnitude, t + g * 4));
                d1 = Avx2.Add(d1, Mul(v, magnitude, t + tokenBytes + g * 4));
                d2 = Avx2.Add(d2, Mul(v, magnitude, t + 2 * tokenBytes + g * 4));
                d3 = Avx2.Add(d3, Mul(v, magnitude, t + 3 * tokenBytes + g * 4));
            }
            Vector256<float> scales = TilesAvx2.Scales(block);
            byte* s = q + columns + b * 4;
            y0 = TilesAvx2.AddScaled(y0, d0, scales, (float*)s);
            y1 = TilesAvx2.AddScaled(y1, d1, scales, (float*)(s + tokenBytes));
            y2 = TilesAvx2.AddScaled(y2, d2, scales, (float*)(s + 2 * tokenBytes));
            y3 = TilesAvx2.AddScaled(y3, d3, scales, (float*)(s + 3 * tokenBytes));
        }
        TilesAvx2.Store(y, y0, rows);
        TilesAvx2.Store(y + yStride, y1, rows);
        TilesAvx2.Store(y + 2 * yStride, y2, rows);
        TilesAvx2.Store(y + 3 * yStride, y3, rows);
    }

    /// <summary>Eight rows, eight columns: two vectors of weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(sbyte* v, byte* q)
    {
        Vector256<sbyte> first = Avx.LoadVector256(v), second = Avx.LoadVector256(v + 32);
        return Avx2.Add(Mul(first, Avx2.Abs(first), q), Mul(second, Avx2.Abs(second), q + 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Mul(Vector256<sbyte> v, Vector256<byte> magnitude, byte* q)
    {
        Vector256<short> pairs = Avx2.MultiplyAddAdjacent(magnitude, Avx2.Sign(TilesAvx2.Four(q), v));
        return Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((short)1));
    }
}
