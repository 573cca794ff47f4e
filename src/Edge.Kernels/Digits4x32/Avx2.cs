using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Digits4x32Scalar"/>, the same bits. Four tokens and more go <see
/// cref="Q4_0Avx2.Pair"/>'s way: unpacked, the weights are Q4_0's.</summary>
public static unsafe class Digits4x32Avx2
{
    /// <inheritdoc cref="Digits4x32Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Digits.Digits4x32BlockBytes;
        long tokenBytes = Tiles.ActivationBytes(columns);
        byte* tile = w + row0 / 16 * tileBytes;
        for (long r = row0; r < row1; r += 16, tile += tileBytes)
        {
            long t = r + 16 <= row1 ? tokens & ~3 : 0;
            if (t > 0)
                Q4_0Avx2.Pair(tile, 0, Digits.Digits4x32BlockBytes, &Unpack, x, y + r, columns, t, yStride);
            for (; t < tokens; t++) Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    /// <summary>A quad's rows 0 … 7 and 8 … 15, as Q4_0's tiles have them.</summary>
    internal static void Quad(byte* vector, byte* first, byte* second)
    {
        // The upper nibble is signed; 8 more, as the lower one has, turns its highest bit.
        Vector256<byte> pairs = Avx2.Xor(Avx.LoadVector256(vector), Vector256.Create((byte)0x80));
        Vector256<byte> low = Q4_0Avx2.Low(pairs), high = Q4_0Avx2.High(pairs);
        Avx.Store(first, Avx2.Permute2x128(low, high, 0x20));
        Avx.Store(second, Avx2.Permute2x128(low, high, 0x31));
    }

    private static void Unpack(byte* block, long next, byte* to, long blocks)
    {
        for (byte* end = to + blocks * Q4_0Avx2.UnpackedBytes; to < end; to += Q4_0Avx2.UnpackedBytes)
        {
            for (long k = 0; k < 8; k++)
            {
                // The next segment's weights, a long way ahead: all tokens come between.
                Sse.Prefetch1(block + Q4_0Avx2.SegmentBlocks * Digits.Digits4x32BlockBytes + k * 64);
                byte* step = to + (k & 3) * 128 + (k & 4) * 8;
                Quad(block + 32 + k * 32, step, step + 64);
            }
            Avx.Store((float*)(to + 512), TilesAvx2.Scales(block));
            Avx.Store((float*)(to + 576), TilesAvx2.Scales(block + 16));
            block += Digits.Digits4x32BlockBytes;
        }
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        float* scale = (float*)(x + columns);
        int* sum = (int*)(scale + columns / Tiles.Block);
        byte* end = x + columns;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0;
        for (; x < end; x += Tiles.Block, w += Digits.Digits4x32BlockBytes, scale++, sum++)
        {
            Vector256<int> low = Vector256.Create(*sum * -8), high = low;
            Digits4Avx2.Block(w + 32, x, ref low, ref high);
            y0 = TilesAvx2.AddScaled(y0, Avx2.Permute2x128(low, high, 0x20), TilesAvx2.Scales(w), scale);
            y1 = TilesAvx2.AddScaled(y1, Avx2.Permute2x128(low, high, 0x31), TilesAvx2.Scales(w + 16), scale);
        }
        DigitsAvx2.Store(y, y0, rows);
        DigitsAvx2.Store(y + 8, y1, rows - 8);
    }
}
