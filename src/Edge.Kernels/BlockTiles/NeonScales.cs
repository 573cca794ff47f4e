using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Scales and offsets of <see cref="BlockTiles"/> in NEON registers.</summary>
internal static unsafe class BlockTilesNeonScales
{
    private const float One = 5.192296858534828e33f; // 2^112: from the exponent of a half to that of a float
    private const float Top = 3.0948500982134507e26f; // 2^88: of what multiplies a byte that is the top one of a lane

    /// <summary>A block's six-bit words, a byte per row each.</summary>
    internal struct Words
    {
        public Vector128<byte> A, B, C, D, E, F, G, H;
    }

    /// <summary>What multiplies the scales (D) and the offsets (U) of rows 0 … 3 and 4 … 7 of a block.</summary>
    internal struct Units
    {
        public Vector128<float> DLow, DHigh, ULow, UHigh;
    }

    /// <summary>Scales of a group's first and second half of columns, and their offsets; one half's where they are the
    /// same.</summary>
    internal struct Terms
    {
        public Vector128<float> Scale, Scale2, Offset, Offset2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Load(out Units units, byte* block, int format)
    {
        units.ULow = units.UHigh = Vector128<float>.Zero;
        if (format == BlockTiles.MXFP4)
        {
            Exponents(out units.DLow, out units.DHigh, block);
            return;
        }
        var rebias = Vector128.Create(BlockTiles.Columns(format) == 32 ? One : Top);
        Halves(out units.DLow, out units.DHigh, (short*)block, rebias);
        if (!BlockTiles.HasOffsets(format)) return;
        // Q4_1 and Q5_1 add their offsets, the others subtract them.
        Halves(out units.ULow, out units.UHigh, (short*)block + 8, BlockTiles.Columns(format) == 32 ? rebias : -rebias);
    }

    /// <summary>A block's words, a byte per row each; those of six bits are taken apart into the room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* WordsOf(byte* block, byte* room, int format)
    {
        block += BlockTiles.WordsAt(format);
        if (BlockTiles.SixBitWords(format) == 0) return block;
        Unpack(block, room, format);
        return room;
    }

    /// <summary>Takes the six-bit words of a block apart. Shapes: to has room for 16 (IQ4_XS: 8) times 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Unpack(byte* words, byte* to, int format)
    {
        long half = BlockTiles.SixBitWords(format) * 4;
        bool sixteen = half == 64;
        for (long i = 0; i < 32; i += 16)
        {
            var nibbles = AdvSimd.LoadVector128(words + i);
            var crumbs = AdvSimd.LoadVector128(words + half + (sixteen ? i : 0));
            if (sixteen || i == 0)
            {
                Put(to + i, BlockTilesNeonCodes.SixLow(nibbles, crumbs, 0), format);
                Put(to + half + i, BlockTilesNeonCodes.SixHigh(nibbles, crumbs, 2), format);
            }
            else
            {
                Put(to + i, BlockTilesNeonCodes.SixLow(nibbles, crumbs, 1), format);
                Put(to + half + i, BlockTilesNeonCodes.SixHigh(nibbles, crumbs, 3), format);
            }
            if (!sixteen) continue;
            nibbles = AdvSimd.LoadVector128(words + i + 32);
            Put(to + i + 32, BlockTilesNeonCodes.SixLow(nibbles, crumbs, 1), format);
            Put(to + half + i + 32, BlockTilesNeonCodes.SixHigh(nibbles, crumbs, 3), format);
        }
    }

    /// <summary>The terms of four rows of group g. Shapes: words are those of <see cref="WordsOf"/>; row is 0 or
    /// 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Load(out Terms terms, in Units units, byte* words, long g, int row, int format)
    {
        var d = row == 0 ? units.DLow : units.DHigh;
        var u = row == 0 ? units.ULow : units.UHigh;
        terms.Scale = terms.Scale2 = d;
        terms.Offset = terms.Offset2 = u;
        if (BlockTiles.HasHalves(format))
        {
            var two = AdvSimd.LoadVector128(words + g * 16);
            var scales = format == BlockTiles.Q2_K ? two & Vector128.Create((byte)15) : two;
            terms.Scale = Word(scales, row) * d;
            terms.Scale2 = Word(scales, 8 + row) * d;
            if (format != BlockTiles.Q2_K) return;
            terms.Offset = Word(two >>> 4, row) * u;
            terms.Offset2 = Word(two >>> 4, 8 + row) * u;
        }
        else if (BlockTiles.Columns(format) == 256)
        {
            terms.Scale = Word(AdvSimd.LoadVector64(words + g * 8).ToVector128Unsafe(), row) * d;
            if (format == BlockTiles.IQ4_XS) return;
            terms.Offset = Word(AdvSimd.LoadVector64(words + 64 + g * 8).ToVector128Unsafe(), row) * u;
        }
        // Sixteen scales are exact, so that one rounding is the specification's.
        if (format is BlockTiles.Q5_1 or BlockTiles.Q5_K)
            terms.Offset = AdvSimd.FusedMultiplyAdd(terms.Offset, terms.Scale, Vector128.Create(16f));
    }

    /// <summary>Four bytes, the first of which is <paramref name="at"/>, 2²⁴-fold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Word(Vector128<byte> bytes, int at)
    {
        // Beyond the table: 0.
        var first = Vector128.Create((byte)255, 255, 255, 0, 255, 255, 255, 1, 255, 255, 255, 2, 255, 255, 255, 3);
        if (at == 4)
            first = Vector128.Create((byte)255, 255, 255, 4, 255, 255, 255, 5, 255, 255, 255, 6, 255, 255, 255, 7);
        if (at == 8)
            first = Vector128.Create((byte)255, 255, 255, 8, 255, 255, 255, 9, 255, 255, 255, 10, 255, 255, 255, 11);
        if (at == 12)
            first = Vector128.Create((byte)255, 255, 255, 12, 255, 255, 255, 13, 255, 255, 255, 14, 255, 255, 255, 15);
        return AdvSimd.ConvertToSingle(AdvSimd.Arm64.VectorTableLookup(bytes, first).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(byte* to, Vector128<byte> words, int format)
    {
        bool isSigned = format is BlockTiles.Q3_K or BlockTiles.IQ4_XS;
        AdvSimd.Store(to, isSigned ? words - Vector128.Create((byte)32) : words);
    }

    /// <summary>Finite halves to float, exact; see <see cref="TilesNeon"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Halves(out Vector128<float> low, out Vector128<float> high, short* halves,
        Vector128<float> rebias)
    {
        var h = AdvSimd.LoadVector128(halves);
        var bits = Vector128.Create(unchecked((int)0x8FFFE000));
        low = (AdvSimd.ShiftLeftLogicalWideningLower(h.GetLower(), 13) & bits).AsSingle() * rebias;
        high = (AdvSimd.ShiftLeftLogicalWideningUpper(h, 13) & bits).AsSingle() * rebias;
    }

    /// <summary>2^(e − 128). The upper halves of the floats' bits are (e − 1) · 2⁷, and below e = 2, where that is less,
    /// the subnormal (e + 1) · 2⁵.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exponents(out Vector128<float> low, out Vector128<float> high, byte* exponents)
    {
        var e = AdvSimd.ZeroExtendWideningLower(AdvSimd.LoadVector64(exponents)).AsInt16();
        var tops = AdvSimd.Max((e << 7) - Vector128.Create((short)128), (e << 5) + Vector128.Create((short)32));
        low = AdvSimd.Arm64.ZipLow(Vector128<short>.Zero, tops).AsSingle();
        high = AdvSimd.Arm64.ZipHigh(Vector128<short>.Zero, tops).AsSingle();
    }
}
