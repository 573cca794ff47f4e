using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX-VNNI twin of <see cref="Q4_0Scalar"/>, the same bits: one instruction multiplies, adds and widens, and
/// a block's sum starts at −8 · Σq.</summary>
public static unsafe class Q4_0AvxVnni
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
        Vector256<float> y0 = Vector256<float>.Zero;
        for (byte* end = q + columns; q < end; q += Tiles.Block, block += Tiles.Q4_0BlockBytes, scale++, sum++)
        {
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 64);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 128);
            // Two sums, so that eight steps do not wait for each other.
            Vector256<int> low = Start(sum), high = Vector256<int>.Zero;
            for (long v = 0; v < 4; v++)
            {
                Vector256<byte> pairs = Avx.LoadVector256(block + Tiles.ScaleBytes + v * 32);
                low = Add(low, Q4_0Avx2.Low(pairs), q + v * 4);
                high = Add(high, Q4_0Avx2.High(pairs), q + v * 4 + 16);
            }
            y0 = TilesAvx2.AddScaled(y0, Avx2.Add(low, high), TilesAvx2.Scales(block), scale);
        }
        TilesAvx2.Store(y, y0, rows);
    }

    /// <summary>Four tokens at a time: each vector of weights is taken apart once.</summary>
    private static void Four(byte* block, byte* q, long tokenBytes, float* y, long yStride, long columns, long rows)
    {
        byte* scale = q + columns, sum = scale + columns / Tiles.Block * 4;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0, y2 = y0, y3 = y0;
        for (byte* end = q + columns; q < end; q += Tiles.Block, scale += 4, sum += 4)
        {
            Vector256<int> d0 = Start((int*)sum), d1 = Start((int*)(sum + tokenBytes));
            Vector256<int> d2 = Start((int*)(sum + 2 * tokenBytes)), d3 = Start((int*)(sum + 3 * tokenBytes));
            byte* t = q;
            for (byte* v = block + Tiles.ScaleBytes, last = v + 128; v < last; v += 32, t += 4)
            {
                Vector256<byte> high = Avx.LoadVector256(v), low = Q4_0Avx2.Low(high);
                high = Q4_0Avx2.High(high);
                d0 = Add(Add(d0, low, t), high, t + 16);
                d1 = Add(Add(d1, low, t + tokenBytes), high, t + tokenBytes + 16);
                d2 = Add(Add(d2, low, t + 2 * tokenBytes), high, t + 2 * tokenBytes + 16);
                d3 = Add(Add(d3, low, t + 3 * tokenBytes), high, t + 3 * tokenBytes + 16);
            }
            Vector256<float> scales = TilesAvx2.Scales(block);
            y0 = TilesAvx2.AddScaled(y0, d0, scales, (float*)scale);
            y1 = TilesAvx2.AddScaled(y1, d1, scales, (float*)(scale + tokenBytes));
            y2 = TilesAvx2.AddScaled(y2, d2, scales, (float*)(scale + 2 * tokenBytes));
            y3 = TilesAvx2.AddScaled(y3, d3, scales, (float*)(scale + 3 * tokenBytes));
            block += Tiles.Q4_0BlockBytes;
        }
        TilesAvx2.Store(y, y0, rows);
        TilesAvx2.Store(y + yStride, y1, rows);
        TilesAvx2.Store(y + 2 * yStride, y2, rows);
        TilesAvx2.Store(y + 3 * yStride, y3, rows);
    }

    // Multiplied before it is broadcast: RyuJIT 10.0.12 on an AVX-512 machine makes wrong code of a shifted broadcast.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Start(int* sum) => Vector256.Create(*sum * -8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Add(Vector256<int> sum, Vector256<byte> w, byte* q) =>
        AvxVnni.MultiplyWideningAndAdd(sum, w, TilesAvx2.Four(q));
}
