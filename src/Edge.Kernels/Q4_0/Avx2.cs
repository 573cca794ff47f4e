using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Q4_0Scalar"/>, the same bits: a lane is a row, so nothing is added across lanes.
/// Sixteen products of nibble and activation stay below 2^15, so a block is summed in 16 bits and widened
/// once.</summary>
public static unsafe class Q4_0Avx2
{
    /// <inheritdoc cref="Q4_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Tiles.Q4_0BlockBytes;
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
        int* sum = (int*)(scale + columns / Tiles.Block);
        byte* end = q + columns;
        Vector256<float> y0 = Vector256<float>.Zero;
        for (; q < end; q += Tiles.Block, block += Tiles.Q4_0BlockBytes, scale++, sum++)
        {
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 64);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 128);
            Vector256<byte> v0 = Avx.LoadVector256(block + 16), v1 = Avx.LoadVector256(block + 48);
            Vector256<byte> v2 = Avx.LoadVector256(block + 80), v3 = Avx.LoadVector256(block + 112);
            Vector256<int> dot = Dot(
                Low(v0), Low(v1), Low(v2), Low(v3), High(v0), High(v1), High(v2), High(v3), q, sum);
            y0 = TilesAvx2.AddScaled(y0, dot, TilesAvx2.Scales(block), scale);
        }
        TilesAvx2.Store(y, y0, rows);
    }

    /// <summary>Four tokens at a time: each block's nibbles are unpacked once.</summary>
    private static void Four(byte* block, byte* q, long tokenBytes, float* y, long yStride, long columns, long rows)
    {
        long toScale = columns, toSum = columns + columns / Tiles.Block * 4;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0, y2 = y0, y3 = y0;
        for (long b = 0; b < columns / Tiles.Block; b++, block += Tiles.Q4_0BlockBytes)
        {
            Vector256<byte> h0 = Avx.LoadVector256(block + 16), h1 = Avx.LoadVector256(block + 48);
            Vector256<byte> h2 = Avx.LoadVector256(block + 80), h3 = Avx.LoadVector256(block + 112);
            Vector256<byte> l0 = Low(h0), l1 = Low(h1), l2 = Low(h2), l3 = Low(h3);
            (h0, h1, h2, h3) = (High(h0), High(h1), High(h2), High(h3));
            Vector256<float> scales = TilesAvx2.Scales(block);
            byte* t = q + b * Tiles.Block;
            byte* s = q + toScale + b * 4;
            byte* n = q + toSum + b * 4;
            Vector256<int> dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t, (int*)n);
            y0 = TilesAvx2.AddScaled(y0, dot, scales, (float*)s);
            dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t + tokenBytes, (int*)(n + tokenBytes));
            y1 = TilesAvx2.AddScaled(y1, dot, scales, (float*)(s + tokenBytes));
            dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t + 2 * tokenBytes, (int*)(n + 2 * tokenBytes));
            y2 = TilesAvx2.AddScaled(y2, dot, scales, (float*)(s + 2 * tokenBytes));
            dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t + 3 * tokenBytes, (int*)(n + 3 * tokenBytes));
            y3 = TilesAvx2.AddScaled(y3, dot, scales, (float*)(s + 3 * tokenBytes));
        }
        TilesAvx2.Store(y, y0, rows);
        TilesAvx2.Store(y + yStride, y1, rows);
        TilesAvx2.Store(y + 2 * yStride, y2, rows);
        TilesAvx2.Store(y + 3 * yStride, y3, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Low(Vector256<byte> pairs) => Avx2.And(pairs, Vector256.Create((byte)15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> High(Vector256<byte> pairs) =>
        Avx2.And(Avx2.ShiftRightLogical(pairs.AsUInt16(), 4).AsByte(), Vector256.Create((byte)15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Mul(Vector256<byte> w, byte* q) => Avx2.MultiplyAddAdjacent(w, TilesAvx2.Four(q));

    /// <summary>Eight rows' exact dot products of a block: Σ nibble · q − 8 · sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(Vector256<byte> l0, Vector256<byte> l1, Vector256<byte> l2, Vector256<byte> l3,
        Vector256<byte> h0, Vector256<byte> h1, Vector256<byte> h2, Vector256<byte> h3, byte* q, int* sum)
    {
        Vector256<short> low = Avx2.Add(
            Avx2.Add(Mul(l0, q), Mul(l1, q + 4)), Avx2.Add(Mul(l2, q + 8), Mul(l3, q + 12)));
        Vector256<short> high = Avx2.Add(
            Avx2.Add(Mul(h0, q + 16), Mul(h1, q + 20)), Avx2.Add(Mul(h2, q + 24), Mul(h3, q + 28)));
        Vector256<int> dot = Avx2.MultiplyAddAdjacent(Avx2.Add(low, high), Vector256.Create((short)1));
        // Shifted before it is broadcast: RyuJIT 10.0.12 on an AVX-512 machine makes wrong code of a shifted broadcast.
        return Avx2.Subtract(dot, Vector256.Create(*sum << 3));
    }
}
