using System.Runtime.CompilerServices;

namespace Edge.Kernels;

/// <summary>ggml's blocks in tiles for cores without the dot product; the same bits as <see cref="BlockTilesScalar"/>.
/// Tokens run one after another: to take codes apart once for all of them, and to store and load them, costs more than
/// it saves.</summary>
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
        BlockTilesNeonOne.Memory room;
        long tileBytes = BlockTiles.TileBytes(columns, sizeof(TFormat));
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 8)
        {
            byte* tile = w + r / 8 * tileBytes;
            for (long t = 0; t < tokens; t++)
                One<TFormat>(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, (byte*)&room);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One<TFormat>(byte* tile, byte* x, float* y, long columns, long rows, byte* room)
        where TFormat : unmanaged =>
        BlockTilesNeonOne.Rows(tile, x, y, columns, rows, room, sizeof(TFormat), false);
}
