using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX-512 twin of <see cref="Digits4x32Scalar"/>, the same bits: <see cref="Q4_0Avx512.Four"/>'s way for four
/// tokens and more, two tiles at a time.</summary>
public static unsafe class Digits4x32Avx512
{
    /// <inheritdoc cref="Digits4x32Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Digits.Digits4x32BlockBytes;
        long fours = tokens & -Q4_0Avx512.Tokens, row = row0;
        for (; fours > 0 && row + 32 <= row1; row += 32)
        {
            Q4_0Avx512.Four(w + row / 16 * tileBytes, tileBytes, Digits.Digits4x32BlockBytes, &Unpack, x, y + row,
                columns, fours, yStride);
        }
        if (row > row0 && fours < tokens)
        {
            Digits4x32Avx2.Rows(w, x + fours * Tiles.ActivationBytes(columns), y + fours * yStride, columns, row0, row,
                tokens - fours, yStride);
        }
        if (row < row1) Digits4x32Avx2.Rows(w, x, y, columns, row, row1, tokens, yStride);
    }

    private static void Unpack(byte* block, long tileBytes, byte* to, long blocks)
    {
        for (byte* end = to + blocks * Q4_0Avx512.UnpackedBytes; to < end; to += Q4_0Avx512.UnpackedBytes)
        {
            for (long tile = 0; tile < 2; tile++)
            {
                byte* from = block + tile * tileBytes, codes = to + tile * 128;
                for (long k = 0; k < 8; k++)
                {
                    // The next segment's weights, a long way ahead: all tokens come between.
                    Sse.Prefetch1(from + Q4_0Avx512.SegmentBlocks * Digits.Digits4x32BlockBytes + k * 64);
                    byte* step = codes + (k & 3) * Q4_0Avx512.StepBytes + (k & 4) * 16;
                    Digits4x32Avx2.Quad(from + 32 + k * 32, step, step + 32);
                }
                float* scales = (float*)(to + Q4_0Avx512.ScalesAt) + tile * 16;
                Avx.Store(scales, TilesAvx2.Scales(from));
                Avx.Store(scales + 8, TilesAvx2.Scales(from + 16));
            }
            block += Digits.Digits4x32BlockBytes;
        }
    }
}
