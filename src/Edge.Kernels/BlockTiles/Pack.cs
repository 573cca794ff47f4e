using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Edge.Kernels;

/// <summary>Makes tiles of the rows that a file has.</summary>
public static unsafe partial class BlockTilesScalar
{
    /// <summary>Packs rows that the file stores one after another into tiles; returns how many scales and units of
    /// offsets are not finite. Shapes: tiles is ceil(rows / 8) · <see cref="BlockTiles.TileBytes"/> bytes.</summary>
    public static long PackQ4_1(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ4_1, FormatQ4_1>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ5_0(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ5_0, FormatQ5_0>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ5_1(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ5_1, FormatQ5_1>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ2_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ2_K, FormatQ2_K>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ3_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ3_K, FormatQ3_K>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ4_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ4_K, FormatQ4_K>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ5_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ5_K, FormatQ5_K>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackQ6_K(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatQ6_K, FormatQ6_K>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackIQ4_NL(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatIQ4_NL, FormatIQ4_NL>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackIQ4_XS(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatIQ4_XS, FormatIQ4_XS>(source, tiles, columns, rows);

    /// <summary>To the tiles of TQ2_0; else as <see cref="PackQ4_1"/>.</summary>
    public static long PackTQ1_0(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatTQ2_0, FormatTQ1_0>(source, tiles, columns, rows);

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackTQ2_0(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatTQ2_0, FormatTQ2_0>(source, tiles, columns, rows);

    /// <summary>Rows are of whole blocks of 128, of which the last may be half empty, and the scale of all stands
    /// behind the last one; else as <see cref="PackQ4_1"/>.</summary>
    public static long PackI2_S(byte* source, byte* tiles, long columns, long rows)
    {
        long rowBytes = Blocks.RowBytes(columns, Blocks.I2_S) - 4;
        float scale = *(float*)(source + rows * rowBytes);
        Piece memory;
        byte* row = (byte*)&memory;
        for (long r = 0; r < rows; r += 8)
        {
            for (long c = 0; c < columns; c += 64, tiles += BlockTiles.BlockBytes(BlockTiles.I2_S))
            {
                for (long i = 0; i < BlockTiles.BlockBytes(BlockTiles.I2_S); i += 8) *(ulong*)(tiles + i) = 0;
                for (long lane = 0; lane < 8 && r + lane < rows; lane++)
                {
                    ((float*)tiles)[lane] = scale;
                    byte* from = source + (r + lane) * rowBytes + c / 128 * 32;
                    for (long i = 0; i < 32; i++) row[4 + i] = from[i];
                    for (long g = 0; g < 2; g++)
                    {
                        byte* to = tiles + BlockTiles.GroupsAt(BlockTiles.I2_S)
                            + g * BlockTiles.GroupBytes(BlockTiles.I2_S) + lane * 4;
                        PackGroup(row, (c / 64 & 1) * 2 + g, to, BlockTiles.I2_S, Blocks.I2_S);
                    }
                }
            }
        }
        return scale - scale == 0 ? 0 : 1;
    }

    /// <inheritdoc cref="PackQ4_1"/>
    public static long PackMXFP4(byte* source, byte* tiles, long columns, long rows) =>
        Pack<FormatMXFP4, FormatMXFP4>(source, tiles, columns, rows);

    private static long Pack<TFormat, TFile>(byte* source, byte* tiles, long columns, long rows)
        where TFormat : unmanaged where TFile : unmanaged
    {
        long size = BlockTiles.Columns(sizeof(TFormat)), bytes = BlockTiles.BlockBytes(sizeof(TFormat));
        long fileBytes = Blocks.RowBytes(size, sizeof(TFile)), rowBytes = columns / size * fileBytes, bad = 0;
        for (long row = 0; row < rows; row += 8, source += 8 * rowBytes)
        {
            byte* from = source;
            for (long c = 0; c < columns; c += size, tiles += bytes, from += fileBytes)
            {
                for (long i = 0; i < bytes; i += 8) *(ulong*)(tiles + i) = 0;
                for (long r = 0; r < 8 && row + r < rows; r++)
                    bad += PackBlock<TFormat, TFile>(from + r * rowBytes, tiles, r);
            }
        }
        return bad;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long PackBlock<TFormat, TFile>(byte* from, byte* tile, long lane)
        where TFormat : unmanaged where TFile : unmanaged =>
        PackBlock(from, tile, lane, sizeof(TFormat), sizeof(TFile));

    /// <summary>One row's block; returns how many of its floats are not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long PackBlock(byte* from, byte* tile, long lane, int format, int file)
    {
        long bad = 0;
        byte* words = tile + BlockTiles.WordsAt(format) + lane;
        if (format == BlockTiles.MXFP4) tile[lane] = *from;
        else bad += Finite(*(ushort*)(from + ScaleAt(file)), (ushort*)tile + lane);
        if ((BlockTiles.Offsets >> format & 1) != 0)
            bad += Finite(*(ushort*)(from + ScaleAt(file) + 2), (ushort*)tile + 8 + lane);
        for (long k = 0; k < 16; k++)
        {
            if (format is BlockTiles.Q4_K or BlockTiles.Q5_K)
            {
                SetWord(words, k, 16,
                    k < 8 ? BlocksScalar.SixBits(from + 4, k) : BlocksScalar.SixBitsMin(from + 4, k - 8));
            }
            if (format == BlockTiles.Q3_K) SetWord(words, k, 16, BlocksScalar.ScaleQ3_K(from + 96, k) + 32);
            if (format == BlockTiles.IQ4_XS && k < 8) SetWord(words, k, 8, BlocksScalar.WordIQ4_XS(from, k));
            if (format is BlockTiles.Q2_K) words[k * 8] = from[k];
            if (format is BlockTiles.Q6_K) words[k * 8] = from[192 + k];
        }
        byte* to = tile + BlockTiles.GroupsAt(format) + lane * 4;
        for (long g = 0; g < BlockTiles.Columns(format) / 32; g++, to += BlockTiles.GroupBytes(format))
            PackGroup(from, g, to, format, file);
        return bad;
    }

    /// <summary>A row's group: four bytes of each vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackGroup(byte* from, long group, byte* to, int format, int file)
    {
        Blocks.Unpack(from, group, file, null, out Vector128<sbyte> low, out Vector128<sbyte> high);
        if ((BlockTiles.Offsets >> format & 1) == 0 && format != BlockTiles.MXFP4)
        {
            low += Vector128.Create((sbyte)BlockTiles.Centre(format));
            high += Vector128.Create((sbyte)BlockTiles.Centre(format));
        }
        var nibble = Vector128.Create((byte)15);
        if ((BlockTiles.Nibbles >> format & 1) != 0)
        {
            Vector128<byte> pairs = (low.AsByte() & nibble) | ((high.AsByte() & nibble).AsUInt16() << 4).AsByte();
            uint* words = (uint*)&pairs;
            *(uint*)to = words[0];
            *(uint*)(to + 32) = words[1];
            *(uint*)(to + 64) = words[2];
            *(uint*)(to + 96) = words[3];
        }
        if ((BlockTiles.Crumbs >> format & 1) != 0)
        {
            *(uint*)(to + BlockTiles.CrumbsAt(format)) = Gather(low, BlockTiles.CrumbShift(format), 3, 2);
            *(uint*)(to + BlockTiles.CrumbsAt(format) + 32) = Gather(high, BlockTiles.CrumbShift(format), 3, 2);
        }
        if ((BlockTiles.Bits >> format & 1) != 0)
        {
            *(uint*)(to + BlockTiles.BitsAt(format)) = Gather(low, BlockTiles.BitShift(format), 1, 1)
                | Gather(high, BlockTiles.BitShift(format), 1, 1) << 4;
        }
    }

    /// <summary>Some bits of sixteen codes: those of four codes in a byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Gather(Vector128<sbyte> codes, int shift, byte mask, int bits)
    {
        Vector128<byte> parts = (codes.AsUInt16() >>> shift).AsByte() & Vector128.Create(mask);
        uint* words = (uint*)&parts;
        return words[0] | words[1] << bits | words[2] << 2 * bits | words[3] << 3 * bits;
    }

    /// <summary>Where the file has the scale of a block; the offset's unit follows it.</summary>
    private static long ScaleAt(int format) => format switch
    {
        BlockTiles.Q2_K => 80,
        BlockTiles.Q3_K => 108,
        BlockTiles.Q6_K => 208,
        Blocks.TQ1_0 => 52,
        BlockTiles.TQ2_0 => 64,
        _ => 0,
    };

    private static long Finite(ushort value, ushort* to)
    {
        *to = value;
        return (value & 0x7C00) == 0x7C00 ? 1 : 0;
    }

    /// <summary>A scale and 128 ternary weights.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Piece;

    private static void SetWord(byte* words, long k, long count, int value)
    {
        words[(k & (count / 2 - 1)) * 8] |= (byte)((value & 15) << (k < count / 2 ? 0 : 4));
        words[count * 4 + (k & (count / 4 - 1)) * 8] |= (byte)(value >> 4 << (int)(k / (count / 4) * 2));
    }
}
