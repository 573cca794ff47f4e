using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripSum = delegate*<byte*, long, byte*, long, long, long, int*, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Ternary1_6Scalar"/>, the same bits: the top weight is a comparison, three times
/// the byte brings up the next one; a chunk is taken apart, then multiplied with all tokens.</summary>
public static unsafe class Ternary1_6Avx2
{
    private const long PrefetchBytes = 4096;

    /// <inheritdoc cref="Ternary1_6Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvx2.Sum);

    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, StripSum sum)
    {
        long tileBytes = Digits.Ternary1_6TileBytes(columns), fours = tokens & -CodesAvx2.Tokens;
        long tokenBytes = Digits.TokenActivationBytes(columns);
        byte* tile = w + row0 / 20 * tileBytes;
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 20);
        for (long r = row0; r < row1; r += 20, tile += tileBytes)
        {
            long rows = row1 - r < 20 ? row1 - r : 20;
            CodesAvx2.Next(&target, r, row1);
            // Two tiles at a time, on the way of the first.
            if (fours > 0 && (r - row0) % 40 == 0) TwoTiles(tile, tileBytes, columns, &target, sum);
            if (fours < tokens)
                Tile(tile, x + fours * tokenBytes, y + fours * yStride + r, columns, rows, tokens - fours, yStride);
        }
    }

    // Sixteen rows of a tile are a block; its last four go the way of a token alone.
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
                UnpackBlock(w + b * tileBytes + 48, strip->Codes + b * CodesAvx2.BlockBytes, c, count, target, b * 20);
            CodesAvx2.AddColumns(strip, target, c, count, sum);
        }
        byte* record = target->X + target->TokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < target->Tokens; t++, record += target->TokenBytes)
            for (long b = 0; b < blocks; b++)
                Finish((ushort*)(w + b * tileBytes), record, target->Y + t * target->YStride + b * 20,
                    target->Rows - b * 20 < 20 ? target->Rows - b * 20 : 20);
    }

    [SkipLocalsInit]
    private static void UnpackBlock(byte* w, byte* codes, long column, long columns, CodesAvx2.Target* target, long row)
    {
        DigitsAvx2.Codes fields;
        byte* last = fields.Bytes + 4 * DigitsAvx2.FieldBytes;
        for (byte* none = last + DigitsAvx2.FieldBytes; none < last + 2 * DigitsAvx2.FieldBytes; none += 32)
            Avx.Store(none, Vector256<byte>.Zero);
        long rows = target->Rows - row - 16 < 4 ? target->Rows - row - 16 : 4;
        for (long c = column; c < column + columns; c += CodesAvx2.ChunkColumns)
        {
            long rest = column + columns - c, count = rest < CodesAvx2.ChunkColumns ? rest : CodesAvx2.ChunkColumns;
            Unpack(w + c * 4, fields.Bytes, count);
            for (byte* from = fields.Bytes, end = from + count * 4; from < end; from += 32, codes += 128)
                CodesAvx2.Put(codes, Avx.LoadVector256(from), Avx.LoadVector256(from + DigitsAvx2.FieldBytes),
                    Avx.LoadVector256(from + 2 * DigitsAvx2.FieldBytes),
                    Avx.LoadVector256(from + 3 * DigitsAvx2.FieldBytes));
            for (long t = 0; t < target->Tokens; t++)
                DigitsAvx2.AddChunk(last, target->X + t * target->TokenBytes + c, count,
                    target->Y + t * target->YStride + row + 16, rows, c == 0);
        }
    }

    private static void Finish(ushort* scales, byte* record, float* y, long rows)
    {
        Vector256<uint> powers = Vector256.Create(8u);
        DigitsAvx2.Finish(scales, record, 1, powers, y, rows);
        DigitsAvx2.Finish(scales + 8, record, 1, powers, y + 8, rows - 8);
        DigitsAvx2.Finish(scales + 16, record, 1, powers, y + 16, rows - 16);
    }

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        DigitsAvx2.Codes room;
        byte* codes = room.Bytes;
        const int Pair = 2 * DigitsAvx2.FieldBytes;
        // The sixth field has no rows.
        for (byte* none = codes + 5 * DigitsAvx2.FieldBytes; none < codes + 3 * Pair; none += 32)
            Avx.Store(none, Vector256<byte>.Zero);
        long tokenBytes = Digits.TokenActivationBytes(columns);
        ushort* scales = (ushort*)w;
        w += 48;
        for (long c = 0; c < columns; c += DigitsAvx2.ChunkColumns)
        {
            long count = columns - c < DigitsAvx2.ChunkColumns ? columns - c : DigitsAvx2.ChunkColumns;
            Unpack(w, codes, count);
            w += count * 4;
            for (long t = 0; t < tokens; t++)
            {
                byte* at = x + t * tokenBytes + c;
                float* to = y + t * yStride;
                DigitsAvx2.AddChunk(codes, at, count, to, rows, c == 0);
                DigitsAvx2.AddChunk(codes + Pair, at, count, to + 8, rows - 8, c == 0);
                DigitsAvx2.AddChunk(codes + 2 * Pair, at, count, to + 16, rows - 16, c == 0);
            }
        }
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < tokens; t++, record += tokenBytes, y += yStride) Finish(scales, record, y, rows);
    }

    private static void Unpack(byte* w, byte* codes, long columns)
    {
        for (byte* end = w + columns * 4; w < end; w += 64, codes += 64)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Five(Avx.LoadVector256((sbyte*)w), codes);
            Five(Avx.LoadVector256((sbyte*)w + 32), codes + 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Five(Vector256<sbyte> v, byte* codes)
    {
        Avx.Store(codes, Code(v));
        v = Avx2.Add(Avx2.Add(v, v), v);
        Avx.Store(codes + DigitsAvx2.FieldBytes, Code(v));
        v = Avx2.Add(Avx2.Add(v, v), v);
        Avx.Store(codes + 2 * DigitsAvx2.FieldBytes, Code(v));
        v = Avx2.Add(Avx2.Add(v, v), v);
        Avx.Store(codes + 3 * DigitsAvx2.FieldBytes, Code(v));
        v = Avx2.Add(Avx2.Add(v, v), v);
        Avx.Store(codes + 4 * DigitsAvx2.FieldBytes, Code(v));
    }

    // Three times the byte leaves a byte's range from 43 on, either way. True is −1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Code(Vector256<sbyte> v)
    {
        Vector256<sbyte> less = Avx2.CompareGreaterThan(Vector256.Create((sbyte)-42), v);
        Vector256<sbyte> more = Avx2.CompareGreaterThan(v, Vector256.Create((sbyte)42));
        return Avx2.Subtract(Avx2.Add(Vector256.Create((sbyte)1), less), more).AsByte();
    }
}
