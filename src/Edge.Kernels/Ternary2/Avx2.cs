using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripSum = delegate*<byte*, long, byte*, long, long, long, int*, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Ternary2Scalar"/>, the same bits, on the digits of <see cref="Digits2Avx2"/>. Four
/// tokens and more share codes.</summary>
public static unsafe class Ternary2Avx2
{
    /// <inheritdoc cref="Ternary2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvx2.Sum);

    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, StripSum sum)
    {
        long tileBytes = Digits.Ternary2TileBytes(columns), tokenBytes = Digits.TokenActivationBytes(columns);
        long fours = tokens & -CodesAvx2.Tokens;
        byte* tile = w + row0 / 16 * tileBytes;
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 16);
        for (long r = row0; r < row1; r += 32, tile += 2 * tileBytes)
        {
            CodesAvx2.Next(&target, r, row1);
            if (fours > 0) TwoTiles(tile, tileBytes, columns, &target, sum);
            for (long t = fours; t < tokens; t++)
            {
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
                if (r + 16 < row1)
                    Tile(tile + tileBytes, x + t * tokenBytes, y + t * yStride + r + 16, columns, row1 - r - 16);
            }
        }
    }

    [SkipLocalsInit]
    private static void TwoTiles(byte* w, long tileBytes, long columns, CodesAvx2.Target* target, StripSum sum)
    {
        CodesAvx2.Room room;
        CodesAvx2.Strip* strip = CodesAvx2.Align(&room);
        long blocks = CodesAvx2.Blocks(target);
        for (long c = 0; c < columns; c += CodesAvx2.StripColumns)
        {
            long count = columns - c < CodesAvx2.StripColumns ? columns - c : CodesAvx2.StripColumns;
            for (long b = 0; b < blocks; b++)
                Digits2Avx2.Unpack(w + b * tileBytes + 32 + c * 4, strip->Codes + b * CodesAvx2.BlockBytes, count);
            CodesAvx2.AddColumns(strip, target, c, count, sum);
        }
        byte* record = target->X + target->TokenBytes - Digits.TokenRecordBytes;
        Vector256<uint> low = Vector256.Create(0u, 0, 0, 0, 2, 2, 2, 2);
        Vector256<uint> high = Vector256.Create(4u, 4, 4, 4, 6, 6, 6, 6);
        for (long t = 0; t < target->Tokens; t++, record += target->TokenBytes)
            for (long b = 0; b < blocks; b++)
            {
                ushort* scales = (ushort*)(w + b * tileBytes);
                float* y = target->Y + t * target->YStride + b * 16;
                DigitsAvx2.Finish(scales, record, 2, low, y, target->Rows - b * 16);
                DigitsAvx2.Finish(scales + 8, record, 2, high, y + 8, target->Rows - b * 16 - 8);
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
