using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>ggml's blocks in tiles with the dot product of ARMv8.2; the same bits as <see cref="BlockTilesScalar"/>.
/// One token takes codes apart where it multiplies them (<see cref="BlockTilesNeonOne"/>); four or more have them taken
/// apart once.</summary>
public static unsafe class BlockTilesNeonDot
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
            long t = 0;
            // I2_S's blocks are too short for it.
            long most = format == BlockTiles.I2_S ? 0 : 8;
            for (long fours; (fours = (tokens - t < most ? tokens - t : most) / 4) > 0; t += 4 * fours)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, fours, yStride, row1 - r, format);
            for (; t < tokens; t++)
                One<TFormat>(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, (byte*)&room);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One<TFormat>(byte* tile, byte* x, float* y, long columns, long rows, byte* room)
        where TFormat : unmanaged =>
        BlockTilesNeonOne.Rows(tile, x, y, columns, rows, room, sizeof(TFormat), true);

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
                    BlockTilesNeonFour.Add((sbyte*)&codes + half * 128, (float*)&terms + half * 4,
                        x + f * 4 * tokenBytes, g, groups, columns, tokenBytes, total + f * 32 + half * 4, format);
            block += isWide ? BlockTiles.BlockBytes(format) : step * groups;
        }
        for (long t = 0; t < 4 * fours; t++)
            TilesNeon.Store(y + t * yStride, AdvSimd.LoadVector128(total + t * 8),
                AdvSimd.LoadVector128(total + t * 8 + 4), rows);
    }
}
