using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Ternary2Scalar"/>, the same bits, on the digits of <see cref="Digits2Avx2"/>. Four
/// tokens and more share codes.</summary>
public static unsafe class Ternary2Avx2
{
    /// <inheritdoc cref="Ternary2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = Digits.Ternary2TileBytes(columns), tokenBytes = Digits.TokenActivationBytes(columns);
        byte* tile = w + row0 / 16 * tileBytes;
        for (long r = row0; r < row1; r += 16, tile += tileBytes)
        {
            long t = tokens & -CodesAvx2.Tokens;
            if (t > 0) TileOfTokens(tile, x, y + r, columns, row1 - r, t, yStride);
            for (; t < tokens; t++) Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    [SkipLocalsInit]
    private static void TileOfTokens(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        CodesAvx2.Room room;
        long tokenBytes = Digits.TokenActivationBytes(columns);
        ushort* scales = (ushort*)w;
        w += 32;
        for (long c = 0; c < columns; c += CodesAvx2.ChunkColumns)
        {
            long count = columns - c < CodesAvx2.ChunkColumns ? columns - c : CodesAvx2.ChunkColumns;
            Digits2Avx2.Unpack(w, room.Bytes, count);
            w += count * 4;
            CodesAvx2.AddChunk(room.Bytes, x + c, tokenBytes, count, y, yStride, tokens, rows, c == 0);
        }
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        Vector256<uint> low = Vector256.Create(0u, 0, 0, 0, 2, 2, 2, 2);
        Vector256<uint> high = Vector256.Create(4u, 4, 4, 4, 6, 6, 6, 6);
        for (long t = 0; t < tokens; t++, record += tokenBytes, y += yStride)
        {
            DigitsAvx2.Finish(scales, record, 2, low, y, rows);
            DigitsAvx2.Finish(scales + 8, record, 2, high, y + 8, rows - 8);
        }
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        byte* end = x + columns;
        ushort* scales = (ushort*)w;
        w += 32;
        Vector256<int> a = Vector256<int>.Zero, b = a, c = a, d = a;
        for (; x + 64 <= end; x += 64, w += 256) Digits2Avx2.Sum(w, x, 64, ref a, ref b, ref c, ref d);
        if (x < end) Digits2Avx2.Sum(w, x, 32, ref a, ref b, ref c, ref d);
        Vector256<int> bias = Digits2Avx2.Bias(((int*)record)[1]);
        Vector256<int> lower = Avx2.Subtract(DigitsAvx2.Join(a, b), bias);
        Vector256<int> upper = Avx2.ShiftLeftLogical(Avx2.Subtract(DigitsAvx2.Join(c, d), bias), 4);
        DigitsAvx2.Store(y, DigitsAvx2.Scaled(lower, scales, (float*)record), rows);
        DigitsAvx2.Store(y + 8, DigitsAvx2.Scaled(upper, scales + 8, (float*)record), rows - 8);
    }
}
