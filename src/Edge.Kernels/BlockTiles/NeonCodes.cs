using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>
/// The codes of <see cref="BlockTiles"/> in NEON registers, 16 bytes of four rows at a time. A fifth bit becomes its
/// mask by one comparison, and the instruction that takes a nibble out of its byte inserts it below that mask: with the
/// stored bits inverted this is the signed code.
/// </summary>
internal static unsafe class BlockTilesNeonCodes
{
    /// <summary>Room for the codes of eight groups.</summary>
    internal struct Room
    {
        public BlockTilesNeonScales.Room A, B;
    }

    /// <summary>Sums of eight tokens.</summary>
    internal struct Sums
    {
        public BlockTilesNeonScales.Eight A, B;
    }

    /// <summary>Signed codes of groups that lie <paramref name="step"/> bytes apart: 256 bytes each, quads 0 … 7 of
    /// rows 0 … 3, then those of rows 4 … 7.</summary>
    internal static void Unpack(byte* group, long step, long groups, sbyte* to, int format)
    {
        for (long g = 0; g < groups; g++, group += step)
            for (long half = 0; half < 32; half += 16, to += 128)
            {
                if (format == BlockTiles.TQ2_0) Ternary(group + half, to);
                else if (format is BlockTiles.Q2_K or BlockTiles.Q3_K) Crumbs(group + half, to, format);
                else if (format == BlockTiles.Q6_K) Six(group + half, to);
                else if (format is BlockTiles.Q5_0 or BlockTiles.Q5_1 or BlockTiles.Q5_K) Five(group + half, to);
                else if (format is BlockTiles.Q4_1 or BlockTiles.Q4_K) Nibbles(group + half, to);
                else Table(group + half, to, Blocks.Table(format));
            }
    }

    private static void Nibbles(byte* group, sbyte* to)
    {
        var nibble = Vector128.Create((byte)15);
        var both = AdvSimd.LoadVector128(group);
        AdvSimd.Store(to, (both & nibble).AsSByte());
        AdvSimd.Store(to + 64, (both >>> 4).AsSByte());
        both = AdvSimd.LoadVector128(group + 32);
        AdvSimd.Store(to + 16, (both & nibble).AsSByte());
        AdvSimd.Store(to + 80, (both >>> 4).AsSByte());
        both = AdvSimd.LoadVector128(group + 64);
        AdvSimd.Store(to + 32, (both & nibble).AsSByte());
        AdvSimd.Store(to + 96, (both >>> 4).AsSByte());
        both = AdvSimd.LoadVector128(group + 96);
        AdvSimd.Store(to + 48, (both & nibble).AsSByte());
        AdvSimd.Store(to + 112, (both >>> 4).AsSByte());
    }

    private static void Table(byte* group, sbyte* to, Vector128<sbyte> table)
    {
        var nibble = Vector128.Create((byte)15);
        var both = AdvSimd.LoadVector128(group);
        AdvSimd.Store(to, AdvSimd.Arm64.VectorTableLookup(table, (both & nibble).AsSByte()));
        AdvSimd.Store(to + 64, AdvSimd.Arm64.VectorTableLookup(table, (both >>> 4).AsSByte()));
        both = AdvSimd.LoadVector128(group + 32);
        AdvSimd.Store(to + 16, AdvSimd.Arm64.VectorTableLookup(table, (both & nibble).AsSByte()));
        AdvSimd.Store(to + 80, AdvSimd.Arm64.VectorTableLookup(table, (both >>> 4).AsSByte()));
        both = AdvSimd.LoadVector128(group + 64);
        AdvSimd.Store(to + 32, AdvSimd.Arm64.VectorTableLookup(table, (both & nibble).AsSByte()));
        AdvSimd.Store(to + 96, AdvSimd.Arm64.VectorTableLookup(table, (both >>> 4).AsSByte()));
        both = AdvSimd.LoadVector128(group + 96);
        AdvSimd.Store(to + 48, AdvSimd.Arm64.VectorTableLookup(table, (both & nibble).AsSByte()));
        AdvSimd.Store(to + 112, AdvSimd.Arm64.VectorTableLookup(table, (both >>> 4).AsSByte()));
    }

    private static void Five(byte* group, sbyte* to)
    {
        var bits = ~AdvSimd.LoadVector128(group + 128);
        var both = AdvSimd.LoadVector128(group);
        AdvSimd.Store(to, FiveLow(both, bits, Vector128.Create((byte)1)));
        AdvSimd.Store(to + 64, FiveHigh(both, bits, Vector128.Create((byte)16)));
        both = AdvSimd.LoadVector128(group + 32);
        AdvSimd.Store(to + 16, FiveLow(both, bits, Vector128.Create((byte)2)));
        AdvSimd.Store(to + 80, FiveHigh(both, bits, Vector128.Create((byte)32)));
        both = AdvSimd.LoadVector128(group + 64);
        AdvSimd.Store(to + 32, FiveLow(both, bits, Vector128.Create((byte)4)));
        AdvSimd.Store(to + 96, FiveHigh(both, bits, Vector128.Create((byte)64)));
        both = AdvSimd.LoadVector128(group + 96);
        AdvSimd.Store(to + 48, FiveLow(both, bits, Vector128.Create((byte)8)));
        AdvSimd.Store(to + 112, FiveHigh(both, bits, Vector128.Create((byte)128)));
    }

    private static void Six(byte* group, sbyte* to)
    {
        var crumbs = AdvSimd.LoadVector128(group + 128);
        Vector128<byte> even = Pairs(crumbs), odd = Pairs(crumbs >>> 2);
        crumbs = AdvSimd.LoadVector128(group + 160);
        Vector128<byte> evenHigh = Pairs(crumbs), oddHigh = Pairs(crumbs >>> 2);
        var centre = Vector128.Create((byte)32);
        var both = AdvSimd.LoadVector128(group);
        AdvSimd.Store(to, (SixLow(both, even, false) - centre).AsSByte());
        AdvSimd.Store(to + 64, (SixHigh(both, evenHigh, false) - centre).AsSByte());
        both = AdvSimd.LoadVector128(group + 32);
        AdvSimd.Store(to + 16, (SixLow(both, odd, false) - centre).AsSByte());
        AdvSimd.Store(to + 80, (SixHigh(both, oddHigh, false) - centre).AsSByte());
        both = AdvSimd.LoadVector128(group + 64);
        AdvSimd.Store(to + 32, (SixLow(both, even, true) - centre).AsSByte());
        AdvSimd.Store(to + 96, (SixHigh(both, evenHigh, true) - centre).AsSByte());
        both = AdvSimd.LoadVector128(group + 96);
        AdvSimd.Store(to + 48, (SixLow(both, odd, true) - centre).AsSByte());
        AdvSimd.Store(to + 112, (SixHigh(both, oddHigh, true) - centre).AsSByte());
    }

    private static void Crumbs(byte* group, sbyte* to, int format)
    {
        var bits = format == BlockTiles.Q3_K ? ~AdvSimd.LoadVector128(group + 64) : Vector128<byte>.Zero;
        var mask = Vector128.Create((byte)1);
        for (long k = 0; k < 8; k += 4, group += 32)
        {
            var crumbs = AdvSimd.LoadVector128(group);
            for (long v = 0; v < 4; v++, to += 16, mask += mask, crumbs >>>= 2)
                AdvSimd.Store(to, Three(crumbs, bits, mask));
        }
    }

    private static void Ternary(byte* group, sbyte* to)
    {
        Vector128<byte> crumb = Vector128.Create((byte)3), one = Vector128.Create((byte)1);
        for (long k = 0; k < 8; k += 4, group += 32, to += 64)
        {
            var crumbs = AdvSimd.LoadVector128(group);
            AdvSimd.Store(to, ((crumbs & crumb) - one).AsSByte());
            AdvSimd.Store(to + 16, ((crumbs >>> 2 & crumb) - one).AsSByte());
            AdvSimd.Store(to + 32, ((crumbs >>> 4 & crumb) - one).AsSByte());
            AdvSimd.Store(to + 48, ((crumbs >>> 6) - one).AsSByte());
        }
    }

    /// <summary>Low nibbles with the bit that the mask has, less 16. Shapes: bits are inverted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<sbyte> FiveLow(Vector128<byte> both, Vector128<byte> bits, Vector128<byte> mask) =>
        AdvSimd.BitwiseSelect(Vector128.Create((byte)15), both, AdvSimd.CompareTest(bits, mask)).AsSByte();

    /// <summary>High nibbles with theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<sbyte> FiveHigh(Vector128<byte> both, Vector128<byte> bits, Vector128<byte> mask) =>
        AdvSimd.ShiftRightAndInsert(AdvSimd.CompareTest(bits, mask), both, 4).AsSByte();

    /// <summary>The lowest two bits with the third that the mask has, less 4 where the inverted one is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<sbyte> Three(Vector128<byte> crumbs, Vector128<byte> bits, Vector128<byte> mask) =>
        AdvSimd.ShiftLeftAndInsert(crumbs, AdvSimd.CompareTest(bits, mask), 2).AsSByte();

    /// <summary>Fields 0 and 2 of the crumbs, or (shifted) 1 and 3, with nothing above either.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Pairs(Vector128<byte> crumbs) => crumbs & Vector128.Create((byte)0x33);

    /// <summary>Low nibbles with field 0 or 1 of the crumbs above them, or with field 2 or 3, the upper of its
    /// pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> SixLow(Vector128<byte> both, Vector128<byte> pair, bool isUpper)
    {
        var nibble = Vector128.Create((byte)15);
        return isUpper ? AdvSimd.BitwiseSelect(nibble, both, pair)
            : AdvSimd.ShiftLeftAndInsert(both & nibble, pair, 4);
    }

    /// <summary>High nibbles with theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> SixHigh(Vector128<byte> both, Vector128<byte> pair, bool isUpper) =>
        AdvSimd.ShiftRightAndInsert(isUpper ? pair : pair << 4, both, 4);
}
