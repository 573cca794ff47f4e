using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Digits4x32Scalar"/>, the same bits. The tile stays in the first-level cache for
/// all tokens.</summary>
public static unsafe class Digits4x32Avx2
{
    /// <inheritdoc cref="Digits4x32Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Digits.Digits4x32BlockBytes;
        long tokenBytes = Tiles.ActivationBytes(columns);
        byte* tile = w + row0 / 16 * tileBytes;
        for (long r = row0; r < row1; r += 16, tile += tileBytes)
            for (long t = 0; t < tokens; t++) Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
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
