using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>ggml's blocks in tiles with the dot product of ARMv8.2; the same bits as <see cref="BlockTilesScalar"/>.
/// One token takes codes apart where it multiplies them (<see cref="BlockTilesNeonGroups"/>); four or more have them
/// taken apart once. A function for each way of doing it, and no format as a constant: the compiler inlines only so
/// much into a short method.</summary>
public static unsafe class BlockTilesNeonDot
{
    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q4_1);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_0);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_1);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q2_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q3_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q4_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q6_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.IQ4_NL);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.IQ4_XS);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.MXFP4);

    private static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long tileBytes = BlockTiles.TileBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 8)
        {
            byte* tile = w + r / 8 * tileBytes;
            long t = 0;
            for (long fours; (fours = (tokens - t < 8 ? tokens - t : 8) / 4) > 0; t += 4 * fours)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, fours, yStride, row1 - r, format);
            for (; t < tokens; t++) One(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, format);
        }
    }

    [SkipLocalsInit]
    private static void One(byte* block, byte* x, float* y, long columns, long rows, int format)
    {
        BlockTilesNeonScales.Room room;
        float* terms = (float*)&room;
        Vector128<float> low = Vector128<float>.Zero, high = low;
        bool isWide = (BlockTiles.Supers >> format & 1) != 0, hasOffsets = (BlockTiles.Offsets >> format & 1) != 0;
        long blockBytes = BlockTiles.BlockBytes(format), groupsAt = BlockTiles.GroupsAt(format);
        long step = isWide ? BlockTiles.GroupBytes(format) : blockBytes;
        for (long g = 0, groups; g < columns / 32; g += groups)
        {
            groups = columns / 32 - g < 8 ? columns / 32 - g : 8;
            byte* group = block + groupsAt;
            float* scales = (float*)(x + columns) + g, sums = (float*)(x + columns + columns / 8) + 2 * g;
            sbyte* q = (sbyte*)x + g * 32;
            if (format != BlockTiles.Q4_K) BlockTilesNeonScales.Terms(block, terms, groups, format);
            if (format == BlockTiles.Q4_K) BlockTilesNeonGroups.Q4_K(ref low, ref high, block, q, scales, sums);
            else if (format is BlockTiles.Q2_K or BlockTiles.Q3_K)
                BlockTilesNeonGroups.Crumbs(ref low, ref high, group, q, scales, sums, terms, format);
            else if (format == BlockTiles.Q6_K)
                BlockTilesNeonGroups.Six(ref low, ref high, group, q, scales, sums, terms);
            else if (format is BlockTiles.Q5_0 or BlockTiles.Q5_1 or BlockTiles.Q5_K)
                BlockTilesNeonGroups.Five(ref low, ref high, group, step, groups, q, scales, sums, terms, hasOffsets);
            else if (hasOffsets)
                BlockTilesNeonGroups.Nibbles(ref low, ref high, group, step, groups, q, scales, sums, terms);
            else
                BlockTilesNeonGroups.Table(ref low, ref high, group, step, groups, q, scales, terms,
                    Blocks.Table(format));
            block += isWide ? blockBytes : step * groups;
        }
        TilesNeon.Store(y, low, high, rows);
    }

    /// <summary>Four or eight tokens.</summary>
    [SkipLocalsInit]
    private static void Tile(byte* block, byte* x, float* y, long columns, long fours, long yStride, long rows,
        int format)
    {
        BlockTilesNeonScales.Room terms;
        BlockTilesNeonCodes.Room codes;
        BlockTilesNeonCodes.Sums sums;
        float* total = (float*)&sums;
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long i = 0; i < 64; i += 4) AdvSimd.Store(total + i, Vector128<float>.Zero);
        bool isWide = (BlockTiles.Supers >> format & 1) != 0;
        long step = isWide ? BlockTiles.GroupBytes(format) : BlockTiles.BlockBytes(format);
        for (long g = 0, groups; g < columns / 32; g += groups)
        {
            groups = columns / 32 - g < 8 ? columns / 32 - g : 8;
            BlockTilesNeonScales.Terms(block, (float*)&terms, groups, format);
            BlockTilesNeonCodes.Unpack(block + BlockTiles.GroupsAt(format), step, groups, (sbyte*)&codes, format);
            for (long f = 0; f < fours; f++)
                for (long half = 0; half < 2; half++)
                    BlockTilesNeonGroups.FourTokens((sbyte*)&codes + half * 128, (float*)&terms + half * 4,
                        x + f * 4 * tokenBytes, g, groups, columns, tokenBytes, total + f * 32 + half * 4, format);
            block += isWide ? BlockTiles.BlockBytes(format) : step * groups;
        }
        for (long t = 0; t < 4 * fours; t++)
            TilesNeon.Store(y + t * yStride, AdvSimd.LoadVector128(total + t * 8),
                AdvSimd.LoadVector128(total + t * 8 + 4), rows);
    }

    /// <summary>dot · scale (+ sum · offset) of four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Term(Vector128<int> dot, float* scale, float* offset, float sum, bool hasOffsets)
    {
        var product = AdvSimd.ConvertToSingle(dot) * AdvSimd.LoadVector128(scale);
        if (!hasOffsets) return product;
        return product + AdvSimd.MultiplyBySelectedScalar(AdvSimd.LoadVector128(offset),
            Vector128.CreateScalarUnsafe(sum), 0);
    }
}
