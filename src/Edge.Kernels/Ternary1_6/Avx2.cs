using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Ternary1_6Scalar"/>, the same bits: the top weight is a comparison, three times
/// the byte brings up the next one; a chunk is taken apart, then multiplied with all tokens.</summary>
public static unsafe class Ternary1_6Avx2
{
    private const long PrefetchBytes = 4096;

    /// <inheritdoc cref="Ternary1_6Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = Digits.Ternary1_6TileBytes(columns);
        byte* tile = w + row0 / 20 * tileBytes;
        for (long r = row0; r < row1; r += 20, tile += tileBytes)
        {
            long rows = row1 - r < 20 ? row1 - r : 20, t = tokens & -CodesAvx2.Tokens;
            if (t > 0) TileOfTokens(tile, x, y + r, columns, rows, t, yStride);
            if (t < tokens)
                Tile(tile, x + t * Digits.TokenActivationBytes(columns), y + t * yStride + r, columns, rows, tokens - t,
                    yStride);
        }
    }

    // Sixteen rows go the way of all; the last four that of a token alone, in a pair of fields.
    [SkipLocalsInit]
    private static void TileOfTokens(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        CodesAvx2.Room room;
        DigitsAvx2.Codes fields;
        byte* last = fields.Bytes + 4 * DigitsAvx2.FieldBytes;
        for (byte* none = last + DigitsAvx2.FieldBytes; none < last + 2 * DigitsAvx2.FieldBytes; none += 32)
            Avx.Store(none, Vector256<byte>.Zero);
        long tokenBytes = Digits.TokenActivationBytes(columns);
        ushort* scales = (ushort*)w;
        w += 48;
        for (long c = 0; c < columns; c += CodesAvx2.ChunkColumns)
        {
            long count = columns - c < CodesAvx2.ChunkColumns ? columns - c : CodesAvx2.ChunkColumns;
            Unpack(w, fields.Bytes, count);
            for (byte* from = fields.Bytes, to = room.Bytes; from < fields.Bytes + count * 4; from += 32, to += 128)
                CodesAvx2.Put(to, Avx.LoadVector256(from), Avx.LoadVector256(from + DigitsAvx2.FieldBytes),
                    Avx.LoadVector256(from + 2 * DigitsAvx2.FieldBytes),
                    Avx.LoadVector256(from + 3 * DigitsAvx2.FieldBytes));
            w += count * 4;
            CodesAvx2.AddChunk(room.Bytes, x + c, tokenBytes, count, y, yStride, tokens, rows, c == 0);
            for (long t = 0; t < tokens; t++)
                DigitsAvx2.AddChunk(last, x + t * tokenBytes + c, count, y + t * yStride + 16, rows - 16, c == 0);
        }
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < tokens; t++, record += tokenBytes, y += yStride) Finish(scales, record, y, rows);
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
