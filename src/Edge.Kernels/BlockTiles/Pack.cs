using System.Runtime.Intrinsics;

namespace Edge.Kernels;

/// <summary>Makes tiles of the rows that a file has.</summary>
public static unsafe partial class BlockTilesScalar
{
    /// <summary>Packs rows that the file stores one after another into tiles; returns how many scales and units of
    /// offsets are not finite. Shapes: tiles is ceil(rows / 8) · <see cref="BlockTiles.TileBytes"/> bytes.</summary>
    public static long PackQ4_1(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q4_1);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ5_0(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q5_0);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ5_1(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q5_1);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ2_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q2_K);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ3_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q3_K);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ4_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q4_K);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ5_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q5_K);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ6_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.Q6_K);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackIQ4_NL(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.IQ4_NL);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackIQ4_XS(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.IQ4_XS);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackMXFP4(byte* source, byte* tiles, long columns, long rows) =>
        Pack(source, tiles, columns, rows, BlockTiles.MXFP4);

    private static long Pack(byte* source, byte* tiles, long columns, long rows, int format)
    {
        long size = BlockTiles.Columns(format), bytes = BlockTiles.BlockBytes(format), fileBytes = bytes / 8;
        long rowBytes = columns / size * fileBytes, bad = 0;
        for (long row = 0; row < rows; row += 8, source += 8 * rowBytes)
        {
            byte* from = source;
            for (long c = 0; c < columns; c += size, tiles += bytes, from += fileBytes)
            {
                for (long i = 0; i < bytes; i++) tiles[i] = 0;
                for (long r = 0; r < 8 && row + r < rows; r++) bad += PackBlock(from + r * rowBytes, tiles, r, format);
            }
        }
        return bad;
    }

    /// <summary>One row's block; returns how many of its floats are not finite.</summary>
    private static long PackBlock(byte* from, byte* tile, long lane, int format)
    {
        long bad = 0;
        byte* words = tile + BlockTiles.WordsAt(format) + lane;
        if (format == BlockTiles.MXFP4) tile[lane] = *from;
        else bad += Half(*(ushort*)(from + ScaleAt(format)), (ushort*)tile + lane);
        if ((BlockTiles.Offsets >> format & 1) != 0)
            bad += Half(*(ushort*)(from + ScaleAt(format) + 2), (ushort*)tile + 8 + lane);
        for (long k = 0; k < 16; k++)
        {
            if (format is BlockTiles.Q4_K or BlockTiles.Q5_K)
                SetWord(words, k, 16, k < 8 ? BlocksScalar.SixBits(from + 4, k) : BlocksScalar.SixBitsMin(from + 4, k - 8));
            if (format == BlockTiles.Q3_K) SetWord(words, k, 16, BlocksScalar.ScaleQ3_K(from + 96, k) + 32);
            if (format == BlockTiles.IQ4_XS && k < 8) SetWord(words, k, 8, BlocksScalar.WordIQ4_XS(from, k));
            if (format is BlockTiles.Q2_K) words[k * 8] = from[k];
            if (format is BlockTiles.Q6_K) words[k * 8] = from[192 + k];
        }
        byte* to = tile + BlockTiles.GroupsAt(format) + lane * 4;
        for (long g = 0; g < BlockTiles.Columns(format) / 32; g++, to += BlockTiles.GroupBytes(format))
            PackGroup(from, g, to, format);
        return bad;
    }

    private static void PackGroup(byte* from, long group, byte* to, int format)
    {
        float* scales = stackalloc float[4];
        uint* quads = stackalloc uint[8];
        Blocks.Unpack(from, group, format, scales, out Vector128<sbyte> low, out Vector128<sbyte> high);
        int zero = (BlockTiles.Offsets >> format & 1) != 0 || format == BlockTiles.MXFP4 ? 0 : BlockTiles.Centre(format);
        var centre = Vector128.Create((sbyte)zero);
        *(Vector128<sbyte>*)quads = low + centre;
        *(Vector128<sbyte>*)(quads + 4) = high + centre;
        for (long k = 0; k < 8; k++)
        {
            uint q = quads[k];
            if ((BlockTiles.Nibbles >> format & 1) != 0) *(uint*)(to + (k & 3) * 32) |= (q & 0x0F0F0F0F) << (int)(k & 4);
            if ((BlockTiles.Crumbs >> format & 1) != 0)
            {
                *(uint*)(to + BlockTiles.CrumbsAt(format) + k / 4 * 32) |=
                    (q >> BlockTiles.CrumbShift(format) & 0x03030303) << (int)(k & 3) * 2;
            }
            if ((BlockTiles.Bits >> format & 1) != 0)
                *(uint*)(to + BlockTiles.BitsAt(format)) |= (q >> BlockTiles.BitShift(format) & 0x01010101) << (int)k;
        }
    }

    /// <summary>Where the file has the scale of a block; the offset's unit follows it.</summary>
    private static long ScaleAt(int format) => format switch
    {
        BlockTiles.Q2_K => 80,
        BlockTiles.Q3_K => 108,
        BlockTiles.Q6_K => 208,
        _ => 0,
    };

    private static long Half(ushort value, ushort* to)
    {
        *to = value;
        return (value & 0x7C00) == 0x7C00 ? 1 : 0;
    }

    private static void SetWord(byte* words, long k, long count, int value)
    {
        words[(k & (count / 2 - 1)) * 8] |= (byte)((value & 15) << (k < count / 2 ? 0 : 4));
        words[count * 4 + (k & (count / 4 - 1)) * 8] |= (byte)(value >> 4 << (int)(k / (count / 4) * 2));
    }
}
