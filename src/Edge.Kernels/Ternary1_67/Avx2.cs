using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripSum = delegate*<byte*, long, byte*, long, long, long, int*, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Ternary1_67Scalar"/>, the same bits: fields are taken apart by two table look-ups
/// that give all three weights, then multiplied with all tokens.</summary>
public static unsafe class Ternary1_67Avx2
{
    private const long PrefetchBytes = 4096;

    /// <inheritdoc cref="Ternary1_67Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvx2.Sum);

    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, StripSum sum)
    {
        long all = ((int*)w)[1], whole = all - all % 12, part = Digits.Ternary1_67Part(columns);
        long tileBytes = Digits.Ternary1_67TileBytes(columns), fours = tokens & -CodesAvx2.Tokens;
        long tokenBytes = Digits.TokenActivationBytes(columns), end = row1 < whole ? row1 : whole;
        byte* scales = w + Digits.Ternary1_67HeaderBytes;
        byte* tile = w + Digits.Ternary1_67FirstTile(all) + row0 / 12 * tileBytes;
        float unit = *(float*)w;
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 12);
        long r = row0;
        for (; r < end; r += 12, tile += tileBytes)
        {
            long rows = end - r < 12 ? end - r : 12;
            CodesAvx2.Next(&target, r, end);
            // Two tiles at a time, on the way of the first.
            if (fours > 0 && (r - row0) % 24 == 0) TwoTiles(tile, tileBytes, scales + r, unit, columns, &target, sum);
            if (fours < tokens)
                Tile(tile, scales + r, unit, x + fours * tokenBytes, y + fours * yStride + r, columns, rows,
                    tokens - fours, yStride);
        }
        for (; r < row1; r += 4, tile += Digits.Ternary1_67TileBytes(part))
            Short(tile, scales + r, unit, x, y + r, columns, row1 - r < 4 ? row1 - r : 4, tokens, yStride);
    }

    [SkipLocalsInit]
    private static void TwoTiles(byte* w, long tileBytes, byte* scales, float unit, long columns,
        CodesAvx2.Target* target, StripSum sum)
    {
        CodesAvx2.Room room;
        CodesAvx2.Strip* strip = CodesAvx2.Align(&room);
        long blocks = CodesAvx2.Blocks(target);
        for (long c = 0; c < columns; c += CodesAvx2.StripColumns)
        {
            long count = columns - c < CodesAvx2.StripColumns ? columns - c : CodesAvx2.StripColumns;
            for (long b = 0; b < blocks; b++)
                UnpackBlock(w + b * tileBytes + c / 32 * 80, strip->Codes + b * CodesAvx2.BlockBytes, count);
            CodesAvx2.AddColumns(strip, target, c, count, sum);
        }
        byte* record = target->X + target->TokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < target->Tokens; t++, record += target->TokenBytes)
            for (long b = 0; b < blocks; b++)
            {
                float* y = target->Y + t * target->YStride + b * 12;
                long rows = target->Rows - b * 12 < 12 ? target->Rows - b * 12 : 12;
                DigitsAvx2.FinishBytes(scales + b * 12, unit, record, y, rows);
                DigitsAvx2.FinishBytes(scales + b * 12 + 8, unit, record, y + 8, rows - 8);
            }
    }

    // A tile's part of a strip; a block's last four rows are zeros.
    [SkipLocalsInit]
    private static void UnpackBlock(byte* w, byte* codes, long columns)
    {
        DigitsAvx2.Codes fields;
        for (long c = 0; c < columns; c += 32, w += 80)
        {
            Unpack(w, fields.Bytes);
            for (byte* from = fields.Bytes, end = from + 128; from < end; from += 32, codes += 128)
                CodesAvx2.Put(codes, Avx.LoadVector256(from), Avx.LoadVector256(from + DigitsAvx2.FieldBytes),
                    Avx.LoadVector256(from + 2 * DigitsAvx2.FieldBytes), Vector256<byte>.Zero);
        }
    }

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long rows, long tokens,
        long yStride)
    {
        DigitsAvx2.Codes room;
        byte* codes = room.Bytes;
        const int Pair = 2 * DigitsAvx2.FieldBytes;
        // The fourth field has no rows.
        for (byte* none = codes + 3 * DigitsAvx2.FieldBytes; none < codes + 2 * Pair; none += 32)
            Avx.Store(none, Vector256<byte>.Zero);
        long tokenBytes = Digits.TokenActivationBytes(columns);
        for (long c = 0; c < columns; c += DigitsAvx2.ChunkColumns)
        {
            long count = columns - c < DigitsAvx2.ChunkColumns ? columns - c : DigitsAvx2.ChunkColumns;
            for (long i = 0; i < count; i += 32, w += 80) Unpack(w, codes + i * 4);
            for (long t = 0; t < tokens; t++)
            {
                DigitsAvx2.AddChunk(codes, x + t * tokenBytes + c, count, y + t * yStride, rows, c == 0);
                DigitsAvx2.AddChunk(codes + Pair, x + t * tokenBytes + c, count, y + t * yStride + 8, rows - 8, c == 0);
            }
        }
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < tokens; t++, record += tokenBytes, y += yStride)
        {
            DigitsAvx2.FinishBytes(scales, unit, record, y, rows);
            DigitsAvx2.FinishBytes(scales + 8, unit, record, y + 8, rows - 8);
        }
    }

    /// <summary>Four rows whose three column parts stand where a whole tile has its groups of rows.</summary>
    [SkipLocalsInit]
    private static void Short(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long rows,
        long tokens,
        long yStride)
    {
        DigitsAvx2.Codes room;
        byte* codes = room.Bytes;
        long part = Digits.Ternary1_67Part(columns), tokenBytes = Digits.TokenActivationBytes(columns);
        for (long t = 0; t < tokens; t++, x += tokenBytes, y += yStride)
        {
            Vector128<int> dot = Vector128<int>.Zero;
            byte* from = w;
            for (long c = 0; c < part; c += 32, from += 80)
            {
                Unpack(from, codes);
                for (long d = 0; d < 3 && d * part + c < columns; d++)
                {
                    byte* digit = codes + d * DigitsAvx2.FieldBytes;
                    dot = Sse2.Add(dot, DigitsAvx2.Sum(digit, x + d * part + c, 32).GetLower());
                }
            }
            byte* record = x + tokenBytes - Digits.TokenRecordBytes;
            dot = Sse2.Subtract(dot, Vector128.Create(((int*)record)[1]));
            DigitsAvx2.Store(y, DigitsAvx2.Scaled(Vector256.Create(dot, dot), scales, unit, (float*)record), rows);
        }
    }

    // 32 columns: the low five bits of five vectors, and three more fields from their top bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(byte* w, byte* codes)
    {
        Sse.Prefetch0(w + PrefetchBytes);
        Sse.Prefetch0(w + PrefetchBytes + 64);
        Vector256<byte> v01 = Avx.LoadVector256(w), v23 = Avx.LoadVector256(w + 32), five = Vector256.Create((byte)31);
        Vector128<byte> v4 = Sse2.LoadVector128(w + 64);
        Vector256<byte> t01 = Top(v01), t23 = Top(v23);
        Vector128<byte> three = Vector128.Create((byte)3), four = Vector128.Create((byte)4);
        Vector128<byte> f5 = Sse2.Or(t01.GetLower(), Left(Sse2.And(t01.GetUpper(), three), 3));
        Vector128<byte> f6 = Sse2.Or(t23.GetLower(), Left(Sse2.And(t23.GetUpper(), three), 3));
        Vector128<byte> f7 = Sse2.And(Sse2.ShiftRightLogical(v4.AsUInt16(), 5).AsByte(), Vector128.Create((byte)7));
        f7 = Sse2.Or(f7, Sse2.Or(Left(Sse2.And(t01.GetUpper(), four), 1), Left(Sse2.And(t23.GetUpper(), four), 2)));
        Digits3(Avx2.And(v01, five), codes);
        Digits3(Avx2.And(v23, five), codes + 32);
        Digits3(Vector256.Create(Sse2.And(v4, five.GetLower()), f5), codes + 64);
        Digits3(Vector256.Create(f6, f7), codes + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Top(Vector256<byte> v) =>
        Avx2.And(Avx2.ShiftRightLogical(v.AsUInt16(), 5).AsByte(), Vector256.Create((byte)7));

    // Within bytes of at most four bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Left(Vector128<byte> v, int count) => (v.AsUInt16() << count).AsByte();

    // The tables hold n mod 3 + 4 · (n / 3 mod 3) + 16 · (n / 9); a look-up gives zero where the index is negative.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Digits3(Vector256<byte> fields, byte* codes)
    {
        Vector128<byte> low = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 16, 17, 18, 20, 21, 22, 24);
        Vector128<byte> high = Vector128.Create((byte)25, 26, 32, 33, 34, 36, 37, 38, 40, 41, 42, 48, 49, 50, 52, 53);
        Vector256<byte> three = Vector256.Create((byte)3);
        Vector256<byte> n = Avx2.Or(
            Avx2.Shuffle(Vector256.Create(low, low), Avx2.Add(fields, Vector256.Create((byte)0x70))),
            Avx2.Shuffle(Vector256.Create(high, high), Avx2.Subtract(fields, Vector256.Create((byte)16))));
        Avx.Store(codes, Avx2.And(n, three));
        Avx.Store(codes + DigitsAvx2.FieldBytes, Avx2.And(Avx2.ShiftRightLogical(n.AsUInt16(), 2).AsByte(), three));
        Avx.Store(codes + 2 * DigitsAvx2.FieldBytes, Avx2.And(Avx2.ShiftRightLogical(n.AsUInt16(), 4).AsByte(), three));
    }
}
