using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>
/// The codes of <see cref="BlockTiles"/> in NEON registers, 16 bytes of four rows at a time. A fifth bit becomes its
/// mask by one comparison, and the instruction that takes a nibble out of its byte inserts it below that mask: with the
/// stored bits inverted this is the signed code. Six-bit codes stay unsigned: <see cref="BlockTilesNeon"/> takes 32
/// times the sum of the activations off the product.
/// </summary>
internal static unsafe class BlockTilesNeonCodes
{
    /// <summary>What the quads of a group share: its crumbs, or its bits inverted.</summary>
    internal struct Fields
    {
        public Vector128<byte> First, Second, Bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Load(out Fields fields, byte* group, int format)
    {
        fields.First = BlockTiles.HasCrumbs(format)
            ? AdvSimd.LoadVector128(group + BlockTiles.CrumbsAt(format)) : Vector128<byte>.Zero;
        fields.Second = BlockTiles.HasCrumbs(format)
            ? AdvSimd.LoadVector128(group + BlockTiles.CrumbsAt(format) + 32) : fields.First;
        fields.Bits = BlockTiles.HasBits(format)
            ? ~AdvSimd.LoadVector128(group + BlockTiles.BitsAt(format)) : fields.First;
    }

    /// <summary>Quads v and v + 4; Q6_K's without their centre. Shapes: v is a constant, 0 … 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Quads(byte* group, int v, in Fields fields, int format, out Vector128<sbyte> p,
        out Vector128<sbyte> q)
    {
        if (!BlockTiles.HasNibbles(format))
        {
            p = Crumb(fields.First, v, v, fields.Bits, format).AsSByte();
            q = Crumb(fields.Second, v, v + 4, fields.Bits, format).AsSByte();
            return;
        }
        var both = AdvSimd.LoadVector128(group + v * 32);
        if (format == BlockTiles.Q6_K)
        {
            p = SixLow(both, fields.First, v).AsSByte();
            q = SixHigh(both, fields.Second, v).AsSByte();
        }
        else if (BlockTiles.HasBits(format))
        {
            p = AdvSimd.BitwiseSelect(Vector128.Create((byte)15), both, Mask(fields.Bits, v)).AsSByte();
            q = AdvSimd.ShiftRightAndInsert(Mask(fields.Bits, v + 4), both, 4).AsSByte();
        }
        else
        {
            p = (both & Vector128.Create((byte)15)).AsSByte();
            q = (both >>> 4).AsSByte();
            if (!BlockTiles.HasWideTable(format) && format != BlockTiles.MXFP4) return;
            p = AdvSimd.Arm64.VectorTableLookup(Blocks.Table(format), p);
            q = AdvSimd.Arm64.VectorTableLookup(Blocks.Table(format), q);
        }
    }

    /// <summary>Low nibbles with field <paramref name="v"/> of the crumbs above them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> SixLow(Vector128<byte> both, Vector128<byte> crumbs, int v)
    {
        var nibble = Vector128.Create((byte)15);
        Vector128<byte> six;
        if (v == 0) six = AdvSimd.ShiftLeftAndInsert(both, crumbs, 4);
        else if (v == 1) six = AdvSimd.BitwiseSelect(nibble, both, crumbs << 2);
        else if (v == 2) six = AdvSimd.BitwiseSelect(nibble, both, crumbs);
        else return AdvSimd.BitwiseSelect(nibble, both, crumbs >>> 2);
        return six & Vector128.Create((byte)63);
    }

    /// <summary>High nibbles with field <paramref name="v"/> of the crumbs above them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> SixHigh(Vector128<byte> both, Vector128<byte> crumbs, int v)
    {
        Vector128<byte> six;
        if (v == 0) six = AdvSimd.ShiftRightAndInsert(crumbs << 4, both, 4);
        else if (v == 1) six = AdvSimd.ShiftRightAndInsert(crumbs << 2, both, 4);
        else if (v == 2) six = AdvSimd.ShiftRightAndInsert(crumbs, both, 4);
        else return AdvSimd.ShiftRightAndInsert(crumbs >>> 2, both, 4);
        return six & Vector128.Create((byte)63);
    }

    /// <summary>Two bits of a byte, and Q3_K's third: inverted, its mask is the −4 of the signed code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Crumb(Vector128<byte> crumbs, int v, int bit, Vector128<byte> bits, int format)
    {
        if (v == 1) crumbs >>>= 2;
        if (v == 2) crumbs >>>= 4;
        if (v == 3) crumbs >>>= 6;
        if (format == BlockTiles.Q3_K) return AdvSimd.ShiftLeftAndInsert(crumbs, Mask(bits, bit), 2);
        return v == 3 ? crumbs : crumbs & Vector128.Create((byte)3);
    }

    /// <summary>All bits of a byte where the bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Mask(Vector128<byte> bits, int bit) =>
        AdvSimd.CompareTest(bits, Vector128.Create((byte)(1 << bit)));
}
