using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="BlockTilesScalar"/>, the same bits: a lane is a row, so nothing is added across
/// lanes. Bits are multiplied without a sign and summed in 16 bits: a sum starts at minus the centre times the
/// activations that will meet it, so that at the end it is a sum of signed codes and fits (16 · 16 · 127 or 8 · 32 ·
/// 127 &lt; 2^15); before, it may wrap. From four tokens on, <see cref="BlockTilesAvx2Pair"/> does all but an odd
/// tile.</summary>
public static unsafe class BlockTilesAvx2
{
    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ4_1>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ5_0>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ5_1>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ2_K>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ3_K>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ4_K>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ5_K>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatQ6_K>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatIQ4_NL>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatIQ4_XS>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsTQ2_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatTQ2_0>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsI2_S(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatI2_S>(w, x, y, columns, row0, row1, tokens, yStride);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows<FormatMXFP4>(w, x, y, columns, row0, row1, tokens, yStride);

    [SkipLocalsInit]
    private static void Rows<TFormat>(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) where TFormat : unmanaged
    {
        int format = sizeof(TFormat);
        long tileBytes = BlockTiles.TileBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        long fours = tokens & -4, row = row0;
        BlockTilesAvx2Scales.Memory memory;
        byte* words = (byte*)&memory;
        for (; fours > 0 && row + 16 <= row1; row += 16)
            BlockTilesAvx2Pair.Rows<TFormat>(w + row / 8 * tileBytes, tileBytes, x, y + row, columns, fours, yStride);
        for (long r = row0; r < row1; r += 8)
        {
            for (long t = r < row ? fours : 0; t < tokens; t++)
                One<TFormat>(w + r / 8 * tileBytes, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, words);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One<TFormat>(byte* tile, byte* x, float* y, long columns, long rows, byte* words)
        where TFormat : unmanaged => One(tile, x, y, columns, rows, words, sizeof(TFormat));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One(byte* block, byte* x, float* y, long columns, long rows, byte* words, int format)
    {
        float* scale = (float*)(x + columns);
        float* sum = scale + columns / 32;
        int* pair = (int*)(sum + columns / 16);
        Vector256<float> y0 = Vector256<float>.Zero;
        for (byte* end = x + columns; x < end; block += BlockTiles.BlockBytes(format))
        {
            BlockTilesAvx2Scales.Words(block, words, format);
            Vector256<float> unit = BlockTilesAvx2Scales.Unit(block, format);
            byte* group = block + BlockTiles.GroupsAt(format);
            for (long g = 0; g < BlockTiles.Columns(format) / 32; g++, group += BlockTiles.GroupBytes(format))
            {
                for (long line = 0; line < BlockTiles.GroupBytes(format); line += 64)
                    Sse.Prefetch0(group + TilesAvx2.PrefetchBytes + line);
                Vector256<float> v;
                if ((BlockTiles.Halves >> format & 1) != 0)
                {
                    Vector256<short> first = FourQuads(group, 0, x, pair, format);
                    Vector256<short> second = FourQuads(group, 4, x + 16, pair + 1, format);
                    v = Avx.Add(Scaled(first, block, unit, words, 2 * g, sum[0], format),
                        Scaled(second, block, unit, words, 2 * g + 1, sum[1], format));
                }
                else if ((BlockTiles.WideTables >> format & 1) != 0)
                {
                    Vector256<int> dot = Avx2.Add(Wide(group, 0, x, format), Wide(group, 4, x + 16, format));
                    v = Avx.Multiply(Avx.ConvertToVector256Single(dot),
                        BlockTilesAvx2Scales.Scale(unit, words, g, format));
                }
                else
                {
                    Vector256<short> dot = Avx2.Add(
                        FourQuads(group, 0, x, pair, format), FourQuads(group, 4, x + 16, pair + 1, format));
                    v = Scaled(dot, block, unit, words, g, sum[0] + sum[1], format);
                }
                y0 = Avx.Add(y0, Avx.Multiply(v, Avx.BroadcastScalarToVector256(scale)));
                x += 32;
                scale++;
                sum += 2;
                pair += 2;
            }
        }
        TilesAvx2.Store(y, y0, rows);
    }

    /// <summary>The code of quad k, without its sign; wide tables: with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> Code(byte* group, int k, int format)
    {
        Vector256<byte> code = Vector256<byte>.Zero;
        if ((BlockTiles.Nibbles >> format & 1) != 0)
        {
            Vector256<byte> pairs = Avx.LoadVector256(group + (k & 3) * 32);
            code = k < 4 ? Q4_0Avx2.Low(pairs) : Q4_0Avx2.High(pairs);
        }
        if ((BlockTiles.WideTables >> format & 1) != 0) return Avx2.Shuffle(Wide(), code);
        if (format == BlockTiles.MXFP4) return Avx2.Shuffle(Narrow(), code);
        if ((BlockTiles.Crumbs >> format & 1) != 0)
        {
            Vector256<byte> crumbs = Avx.LoadVector256(group + BlockTiles.CrumbsAt(format) + k / 4 * 32);
            int shift = BlockTiles.CrumbShift(format);
            crumbs = Avx2.And(Right(crumbs, (k & 3) * 2 - shift), Vector256.Create((byte)(3 << shift)));
            code = (BlockTiles.Nibbles >> format & 1) != 0 ? Avx2.Or(code, crumbs) : crumbs;
        }
        if ((BlockTiles.Bits >> format & 1) != 0)
        {
            Vector256<byte> bits = Avx.LoadVector256(group + BlockTiles.BitsAt(format));
            int shift = BlockTiles.BitShift(format);
            bits = Avx2.And(Right(bits, k - shift), Vector256.Create((byte)(1 << shift)));
            code = Avx2.Or(code, bits);
        }
        return code;
    }

    /// <summary>Four quads, k and on: the products in 16 bits, started from the activations' sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> FourQuads(byte* group, int k, byte* q, int* pair, int format)
    {
        Vector256<short> low = Avx2.Add(Mul(Code(group, k, format), q), Mul(Code(group, k + 1, format), q + 4));
        Vector256<short> high = Avx2.Add(
            Mul(Code(group, k + 2, format), q + 8), Mul(Code(group, k + 3, format), q + 12));
        if ((BlockTiles.Centred >> format & 1) == 0) return Avx2.Add(low, high);
        Vector256<short> centre = Vector256.Create((short)BlockTiles.Centre(format));
        Vector256<short> start = Avx2.MultiplyLow(Avx2.BroadcastScalarToVector256(pair).AsInt16(), centre);
        return Avx2.Add(Avx2.Subtract(low, start), high);
    }

    /// <summary>Four quads of a wide table: no two products fit in 16 bits with others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Wide(byte* group, int k, byte* q, int format) => Avx2.Add(
        Avx2.Add(Wide(Code(group, k, format), q), Wide(Code(group, k + 1, format), q + 4)),
        Avx2.Add(Wide(Code(group, k + 2, format), q + 8), Wide(Code(group, k + 3, format), q + 12)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Wide(Vector256<byte> code, byte* q) => Wide(code.AsSByte(), TilesAvx2.Four(q));

    /// <summary>Products of signed codes, four to a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Wide(Vector256<sbyte> code, Vector256<sbyte> q) => Avx2.MultiplyAddAdjacent(
        Avx2.MultiplyAddAdjacent(Avx2.Abs(code), Avx2.Sign(q, code)), Vector256.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Mul(Vector256<byte> w, byte* q) => Avx2.MultiplyAddAdjacent(w, TilesAvx2.Four(q));

    /// <summary>dot · scale (+ sum · offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scaled(Vector256<short> dot, byte* block, Vector256<float> unit, byte* words,
        long k, float sum, int format)
    {
        Vector256<int> wide = Avx2.MultiplyAddAdjacent(dot, Vector256.Create((short)1));
        Vector256<float> scale = BlockTilesAvx2Scales.Scale(unit, words, k, format);
        Vector256<float> v = Avx.Multiply(Avx.ConvertToVector256Single(wide), scale);
        if ((BlockTiles.Offsets >> format & 1) == 0) return v;
        Vector256<float> offset = BlockTilesAvx2Scales.Offset(block, words, k, scale, format);
        return Avx.Add(v, Avx.Multiply(Vector256.Create(sum), offset));
    }

    /// <summary>Bytes shifted right, left where count is negative; the neighbour's bits are masked by the
    /// caller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Right(Vector256<byte> v, int count) =>
        count == 0 ? v : (count > 0 ? v.AsUInt16() >>> count : v.AsUInt16() << -count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Wide() => Vector256.Create(
        0xBFAD9881, 0xF6EADDCF, 0x26190D01, 0x71594535, 0xBFAD9881, 0xF6EADDCF, 0x26190D01, 0x71594535).AsByte();

    /// <summary>MXFP4's values, 12 added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Narrow() => Vector256.Create(
        0x0F0E0D0Cu, 0x18141210, 0x090A0B0C, 0x00040608, 0x0F0E0D0C, 0x18141210, 0x090A0B0C, 0x00040608).AsByte();
}
