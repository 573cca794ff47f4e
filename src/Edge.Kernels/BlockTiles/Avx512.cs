using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX-512 twin of <see cref="BlockTilesScalar"/>, the same bits: <see cref="BlockTilesAvx2Pair"/>'s way for
/// four tokens and more, four tiles at a time, with the sums in registers. Fewer tokens are bound by memory and stay
/// with AVX2, as do wide tables, whose signs no instruction of this set moves.</summary>
public static unsafe class BlockTilesAvx512
{
    private const long Tokens = 4, Tile4 = 32, SegmentGroups = 16;

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ4_1>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ4_1);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ5_0>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ5_0);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ5_1>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ5_1);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ2_K>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ2_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ3_K>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ3_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ4_K>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ4_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ5_K>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ5_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ6_K>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsQ6_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsTQ2_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatTQ2_0>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsTQ2_0);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsI2_S(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatI2_S>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsI2_S);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatMXFP4>(w, x, y, columns, row0, row1, tokens, yStride, &BlockTilesAvx2.RowsMXFP4);

    private static void Rows<TFormat>(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, delegate*<byte*, byte*, float*, long, long, long, long, long, void> few) where TFormat : unmanaged
    {
        long tileBytes = BlockTiles.TileBytes(columns, sizeof(TFormat));
        long fours = tokens & -Tokens, row = row0;
        if (fours > 0)
        {
            for (; row + Tile4 <= row1; row += Tile4)
                Four<TFormat>(w + row / 8 * tileBytes, tileBytes, x, y + row, columns, fours, yStride);
            if (row > row0)
            {
                few(w, x + fours * BlockTiles.ActivationBytes(columns), y + fours * yStride, columns, row0, row,
                    tokens - fours, yStride);
            }
        }
        if (row < row1) few(w, x, y, columns, row, row1, tokens, yStride);
    }

    /// <summary>Four tiles and all tokens. A segment of columns is taken apart once for all of them, into a scratch
    /// that stays in the first-level cache; a sum rests in y from one segment to the next.</summary>
    [SkipLocalsInit]
    private static void Four<TFormat>(byte* tile, long tileBytes, byte* x, float* y, long columns, long tokens,
        long yStride) where TFormat : unmanaged
    {
        Scratch memory;
        byte* scratch = (byte*)(((nint)(&memory) + 63) & ~(nint)63);
        long tokenBytes = BlockTiles.ActivationBytes(columns), groups = columns / 32;
        for (long g = 0; g < groups; g += SegmentGroups)
        {
            long n = groups - g < SegmentGroups ? groups - g : SegmentGroups;
            byte* block = tile + g * 32 / BlockTiles.Columns(sizeof(TFormat)) * BlockTiles.BlockBytes(sizeof(TFormat));
            for (long i = 0; i < 4; i++)
                BlockTilesAvx2Pair.Unpack<TFormat>(block + i * tileBytes, scratch, i, 4, n);
            for (long t = 0; t < tokens; t += Tokens)
                Segment<TFormat>(scratch, x + t * tokenBytes, y + t * yStride, yStride, columns, g, n);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Segment<TFormat>(byte* w, byte* x, float* y, long yStride, long columns, long group,
        long groups) where TFormat : unmanaged =>
        Segment(w, x, y, yStride, columns, group, groups, sizeof(TFormat));

    /// <summary>Adds a segment's groups to the sums of 32 rows and four tokens.</summary>
    // long: sums, terms and products of four tokens are registers, which no function takes by reference.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Segment(byte* w, byte* x, float* y, long yStride, long columns, long group, long groups,
        int format)
    {
        long token = BlockTiles.ActivationBytes(columns), bytes = BlockTilesAvx2Pair.UnpackedBytes(4, format);
        byte* scale = x + columns + group * 4, sum = x + columns + columns / 8 + group * 8;
        byte* q0 = x + group * 32, q1 = q0 + token, q2 = q1 + token, q3 = q2 + token;
        float* y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride;
        bool first = group == 0;
        Vector512<float> s00 = Begin(y, first), s01 = Begin(y + 16, first);
        Vector512<float> s10 = Begin(y1, first), s11 = Begin(y1 + 16, first);
        Vector512<float> s20 = Begin(y2, first), s21 = Begin(y2 + 16, first);
        Vector512<float> s30 = Begin(y3, first), s31 = Begin(y3 + 16, first);
        for (byte* end = w + groups * bytes; w < end; w += bytes, scale += 4)
        {
            // A group, or half of it at a time.
            Vector512<float> v00 = Vector512<float>.Zero, v01 = v00, v10 = v00, v11 = v00, v20 = v00, v21 = v00;
            Vector512<float> v30 = v00, v31 = v00;
            byte* scales = w + 1024, code = w;
            for (byte* last = w + 1024; code < last; scales += 128, sum += Step(format))
            {
                byte* pair = sum + columns / 4;
                Vector512<short> a0 = Start(pair, format), a1 = Start(pair + token, format);
                Vector512<short> a2 = Start(pair + 2 * token, format), a3 = Start(pair + 3 * token, format);
                Vector512<short> b0 = a0, b1 = a1, b2 = a2, b3 = a3;
                for (byte* part = code + Step(format) * 128; code < part; code += 256)
                {
                    Vector512<byte> aLow = Avx512BW.LoadVector512(code), aHigh = Avx512BW.LoadVector512(code + 128);
                    Vector512<byte> bLow = Avx512BW.LoadVector512(code + 64);
                    Vector512<byte> bHigh = Avx512BW.LoadVector512(code + 192);
                    Vector512<sbyte> low = Quad(q0), high = Quad(q0 + 4);
                    a0 = AddProducts(a0, aLow, low, aHigh, high);
                    b0 = AddProducts(b0, bLow, low, bHigh, high);
                    (low, high) = (Quad(q1), Quad(q1 + 4));
                    a1 = AddProducts(a1, aLow, low, aHigh, high);
                    b1 = AddProducts(b1, bLow, low, bHigh, high);
                    (low, high) = (Quad(q2), Quad(q2 + 4));
                    a2 = AddProducts(a2, aLow, low, aHigh, high);
                    b2 = AddProducts(b2, bLow, low, bHigh, high);
                    (low, high) = (Quad(q3), Quad(q3 + 4));
                    a3 = AddProducts(a3, aLow, low, aHigh, high);
                    b3 = AddProducts(b3, bLow, low, bHigh, high);
                    q0 += 8;
                    q1 += 8;
                    q2 += 8;
                    q3 += 8;
                }
                byte* next = sum + token;
                v00 = AddTerm(v00, a0, scales, sum, format);
                v01 = AddTerm(v01, b0, scales + 64, sum, format);
                v10 = AddTerm(v10, a1, scales, next, format);
                v11 = AddTerm(v11, b1, scales + 64, next, format);
                next += token;
                v20 = AddTerm(v20, a2, scales, next, format);
                v21 = AddTerm(v21, b2, scales + 64, next, format);
                next += token;
                v30 = AddTerm(v30, a3, scales, next, format);
                v31 = AddTerm(v31, b3, scales + 64, next, format);
            }
            Vector512<float> factor = Vector512.Create(*(float*)scale);
            (s00, s01) = (AddScaled(s00, v00, factor), AddScaled(s01, v01, factor));
            factor = Vector512.Create(*(float*)(scale + token));
            (s10, s11) = (AddScaled(s10, v10, factor), AddScaled(s11, v11, factor));
            factor = Vector512.Create(*(float*)(scale + 2 * token));
            (s20, s21) = (AddScaled(s20, v20, factor), AddScaled(s21, v21, factor));
            factor = Vector512.Create(*(float*)(scale + 3 * token));
            (s30, s31) = (AddScaled(s30, v30, factor), AddScaled(s31, v31, factor));
        }
        End(y, s00, s01);
        End(y1, s10, s11);
        End(y2, s20, s21);
        End(y3, s30, s31);
    }

    /// <summary>Quads that share a scale; their activations' sums take as many bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Step(int format) => 8 - 4 * (long)(BlockTiles.Halves >> format & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Quad(byte* q) => Vector512.Create(*(int*)q).AsSByte();

    /// <summary>Minus the centre times the activations' sums, of columns 4k, 4k + 1 in even lanes and of the others in
    /// odd ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Start(byte* pair, int format)
    {
        if ((BlockTiles.Centred >> format & 1) == 0) return Vector512<short>.Zero;
        Vector512<short> sums = Vector512.Create(*(int*)pair).AsInt16();
        if ((BlockTiles.Halves >> format & 1) == 0)
            sums = Avx512BW.Add(sums, Vector512.Create(*((int*)pair + 1)).AsInt16());
        return Avx512BW.MultiplyLow(sums, Vector512.Create((short)-BlockTiles.Centre(format)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> AddProducts(Vector512<short> sum, Vector512<byte> w1, Vector512<sbyte> q1,
        Vector512<byte> w2, Vector512<sbyte> q2) =>
        Avx512BW.Add(sum, Avx512BW.Add(Avx512BW.MultiplyAddAdjacent(w1, q1), Avx512BW.MultiplyAddAdjacent(w2, q2)));

    /// <summary>v + dot · scale (+ sum · offset); the first v is zero, which changes no bit of what it is added
    /// to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddTerm(Vector512<float> v, Vector512<short> products, byte* scales, byte* sum,
        int format)
    {
        Vector512<int> dot = Avx512BW.MultiplyAddAdjacent(products, Vector512.Create((short)1));
        Vector512<float> term = Avx512F.Multiply(
            Avx512F.ConvertToVector512Single(dot), Avx512F.LoadVector512((float*)scales));
        if ((BlockTiles.Offsets >> format & 1) == 0) return Avx512F.Add(v, term);
        float sums = *(float*)sum;
        if ((BlockTiles.Halves >> format & 1) == 0) sums += ((float*)sum)[1];
        Vector512<float> offset = Avx512F.LoadVector512((float*)(scales + 1024 / Step(format)));
        return Avx512F.Add(v, Avx512F.Add(term, Avx512F.Multiply(Vector512.Create(sums), offset)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddScaled(Vector512<float> sum, Vector512<float> v, Vector512<float> factor) =>
        Avx512F.Add(sum, Avx512F.Multiply(v, factor));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Begin(float* y, bool first) =>
        first ? Vector512<float>.Zero : Avx512F.LoadVector512(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(float* y, Vector512<float> low, Vector512<float> high)
    {
        Avx512F.Store(y, low);
        Avx512F.Store(y + 16, high);
    }

    /// <summary>A segment of four tiles taken apart; aligned by hand.</summary>
    [StructLayout(LayoutKind.Sequential, Size = (int)SegmentGroups * 4 * 32 * 12 + 63)]
    private struct Scratch;
}
