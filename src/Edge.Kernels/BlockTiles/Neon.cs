using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>ggml's blocks in tiles for cores without the dot product; the same bits as <see cref="BlockTilesScalar"/>.
/// Codes and scales of eight groups are taken apart once for up to eight tokens. Eight products of a code within ±32
/// and an activation fit 16 bits; of IQ4's values two.</summary>
public static unsafe class BlockTilesNeon
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
        BlockTilesNeonOne.Memory room;
        long tileBytes = BlockTiles.TileBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 8)
        {
            byte* tile = w + r / 8 * tileBytes;
            for (long t = 0, count; t < tokens; t += count)
            {
                count = tokens - t < 8 ? tokens - t : 8;
                byte* token = x + t * tokenBytes;
                float* to = y + t * yStride + r;
                if (count == 1) One<TFormat>(tile, token, to, columns, row1 - r, (byte*)&room);
                else Tile(tile, token, to, columns, count, tokenBytes, yStride, row1 - r, format);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One<TFormat>(byte* tile, byte* x, float* y, long columns, long rows, byte* room)
        where TFormat : unmanaged =>
        BlockTilesNeonOne.Rows(tile, x, y, columns, rows, room, sizeof(TFormat), false);

    [SkipLocalsInit]
    private static void Tile(byte* block, byte* x, float* y, long columns, long tokens, long tokenBytes, long yStride,
        long rows, int format)
    {
        BlockTilesNeonScales.Room terms;
        BlockTilesNeonCodes.Room codes;
        BlockTilesNeonCodes.Sums sums;
        float* total = (float*)&sums;
        for (long i = 0; i < tokens * 8; i += 4) AdvSimd.Store(total + i, Vector128<float>.Zero);
        bool isWide = BlockTiles.Columns(format) > 32;
        long step = isWide ? BlockTiles.GroupBytes(format) : BlockTiles.BlockBytes(format);
        for (long g = 0, groups; g < columns / 32; g += groups)
        {
            groups = isWide ? BlockTiles.Columns(format) / 32 : columns / 32 - g < 8 ? columns / 32 - g : 8;
            BlockTilesNeonScales.Terms(block, (float*)&terms, groups, format);
            BlockTilesNeonCodes.Unpack(block + BlockTiles.GroupsAt(format), step, groups, (sbyte*)&codes, format);
            for (long t = 0; t < tokens; t++)
                Eight((sbyte*)&codes, (float*)&terms, x + t * tokenBytes, g, groups, columns, total + t * 8, format);
            block += isWide ? BlockTiles.BlockBytes(format) : step * groups;
        }
        for (long t = 0; t < tokens; t++)
            TilesNeon.Store(y + t * yStride, AdvSimd.LoadVector128(total + t * 8),
                AdvSimd.LoadVector128(total + t * 8 + 4), rows);
    }

    /// <summary>Adds up to eight groups to the sums of one token.</summary>
    private static void Eight(sbyte* codes, float* terms, byte* token, long g, long groups, long columns, float* total,
        int format)
    {
        float* scales = (float*)(token + columns) + g, sums = (float*)(token + columns + columns / 8) + 2 * g;
        sbyte* x = (sbyte*)token + g * 32;
        bool hasHalves = (BlockTiles.Halves >> format & 1) != 0, hasOffsets = (BlockTiles.Offsets >> format & 1) != 0;
        bool hasWideTable = (BlockTiles.WideTables >> format & 1) != 0;
        for (long r = 0; r < 8; r += 4, codes += 128, total += 4, terms += 4)
        {
            var y = AdvSimd.LoadVector128(total);
            for (long i = 0; i < groups; i++)
            {
                Vector128<float> v;
                float* term = terms + i * 16;
                if (hasHalves)
                {
                    term = terms + i * 32;
                    Four(codes + i * 256, x + i * 32, out Vector128<short> a, out Vector128<short> b);
                    var first = AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(a),
                        AdvSimd.AddPairwiseWidening(b));
                    Four(codes + i * 256 + 64, x + i * 32 + 16, out a, out b);
                    var second = AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(a),
                        AdvSimd.AddPairwiseWidening(b));
                    v = BlockTilesNeonDot.Term(first, term, term + 16, sums[2 * i], hasOffsets)
                        + BlockTilesNeonDot.Term(second, term + 8, term + 24, sums[2 * i + 1], hasOffsets);
                }
                else
                {
                    var dot = hasWideTable ? Wide(codes + i * 256, x + i * 32) : Narrow(codes + i * 256, x + i * 32);
                    v = BlockTilesNeonDot.Term(dot, term, term + 8, sums[2 * i] + sums[2 * i + 1], hasOffsets);
                }
                y += v * Vector128.Create(scales[i]);
            }
            AdvSimd.Store(total, y);
        }
    }

    /// <summary>Products of four quads; two rows in each result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(sbyte* codes, sbyte* x, out Vector128<short> rows01, out Vector128<short> rows23)
    {
        rows01 = rows23 = Vector128<short>.Zero;
        Quad(ref rows01, ref rows23, codes, x);
        Quad(ref rows01, ref rows23, codes + 16, x + 4);
        Quad(ref rows01, ref rows23, codes + 32, x + 8);
        Quad(ref rows01, ref rows23, codes + 48, x + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quad(ref Vector128<short> rows01, ref Vector128<short> rows23, sbyte* codes, sbyte* x)
    {
        var a = AdvSimd.LoadAndReplicateToVector128((int*)x).AsSByte();
        var p = AdvSimd.LoadVector128(codes);
        rows01 = AdvSimd.MultiplyWideningLowerAndAdd(rows01, p.GetLower(), a.GetLower());
        rows23 = AdvSimd.MultiplyWideningUpperAndAdd(rows23, p, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Narrow(sbyte* codes, sbyte* x)
    {
        Vector128<short> rows01 = Vector128<short>.Zero, rows23 = rows01;
        Quad(ref rows01, ref rows23, codes, x);
        Quad(ref rows01, ref rows23, codes + 16, x + 4);
        Quad(ref rows01, ref rows23, codes + 32, x + 8);
        Quad(ref rows01, ref rows23, codes + 48, x + 12);
        Quad(ref rows01, ref rows23, codes + 64, x + 16);
        Quad(ref rows01, ref rows23, codes + 80, x + 20);
        Quad(ref rows01, ref rows23, codes + 96, x + 24);
        Quad(ref rows01, ref rows23, codes + 112, x + 28);
        return AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(rows01), AdvSimd.AddPairwiseWidening(rows23));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Wide(sbyte* codes, sbyte* x)
    {
        Vector128<int> rows01 = Vector128<int>.Zero, rows23 = rows01;
        WideQuads(ref rows01, ref rows23, codes, x);
        WideQuads(ref rows01, ref rows23, codes + 16, x + 4);
        WideQuads(ref rows01, ref rows23, codes + 32, x + 8);
        WideQuads(ref rows01, ref rows23, codes + 48, x + 12);
        return AdvSimd.Arm64.AddPairwise(rows01, rows23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WideQuads(ref Vector128<int> rows01, ref Vector128<int> rows23, sbyte* codes, sbyte* x)
    {
        var a = AdvSimd.LoadAndReplicateToVector128((int*)x).AsSByte();
        var c = AdvSimd.LoadAndReplicateToVector128((int*)(x + 16)).AsSByte();
        var p = AdvSimd.LoadVector128(codes);
        var q = AdvSimd.LoadVector128(codes + 64);
        var low = AdvSimd.MultiplyWideningLower(p.GetLower(), a.GetLower());
        var high = AdvSimd.MultiplyWideningUpper(p, a);
        low = AdvSimd.MultiplyWideningLowerAndAdd(low, q.GetLower(), c.GetLower());
        high = AdvSimd.MultiplyWideningUpperAndAdd(high, q, c);
        rows01 = AdvSimd.AddPairwiseWideningAndAdd(rows01, low);
        rows23 = AdvSimd.AddPairwiseWideningAndAdd(rows23, high);
    }
}
