using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Scales and offsets of <see cref="BlockTiles"/> as floats. They are made for up to eight groups at a time,
/// by functions of their own: what a format asks for is decided once per 2,048 weights.</summary>
internal static unsafe class BlockTilesNeonScales
{
    private const float One = 5.192296858534828e33f; // 2^112: from the exponent of a half to that of a float
    private const float Top = 3.0948500982134507e26f; // 2^88: of what multiplies a byte that is the top one of a lane

    // 2^119 and 2^126: of what multiplies a subnormal float whose third byte is a word, w · 2^(16 − 149), and of the
    // word; a conversion to float would keep one of the N1's two pipes busy for two cycles.
    internal const float Third = 6.646139978924579e35f, Seventh = 8.507059173023462e37f;

    /// <summary>Room for the terms of eight groups.</summary>
    internal struct Room
    {
        public Eight A, B, C, D, E, F, G, H;
    }

    internal struct Eight
    {
        public Vector128<byte> A, B, C, D, E, F, G, H;
    }

    /// <summary>The terms of <paramref name="groups"/> groups, eight at most, from the start of a block on. A group's
    /// are 16 floats, with halves 32: scales of eight rows, then as many offsets.</summary>
    internal static void Terms(byte* block, float* to, long groups, int format)
    {
        if ((BlockTiles.Halves >> format & 1) != 0) Halves(block, to, format);
        else if (format == BlockTiles.TQ2_0) Ternary(block, to);
        else if ((BlockTiles.Supers >> format & 1) != 0) Words(block, to, format);
        else if (format == BlockTiles.MXFP4) Exponents(block, to, groups);
        else Small(block, to, groups, BlockTiles.BlockBytes(format), format);
    }

    private static void Small(byte* block, float* to, long groups, long blockBytes, int format)
    {
        var rebias = Vector128.Create(One);
        bool hasOffsets = format is BlockTiles.Q4_1 or BlockTiles.Q5_1;
        for (long g = 0; g < groups; g++, block += blockBytes, to += 16)
        {
            var h = AdvSimd.LoadVector128((short*)block);
            var low = Low(h, rebias);
            var high = High(h, rebias);
            AdvSimd.Store(to, low);
            AdvSimd.Store(to + 4, high);
            if (!hasOffsets) continue;
            h = AdvSimd.LoadVector128((short*)block + 8);
            var sixteen = Vector128.Create(format == BlockTiles.Q5_1 ? 16f : 0f);
            // Sixteen scales are exact, so that one rounding is the specification's.
            AdvSimd.Store(to + 8, AdvSimd.FusedMultiplyAdd(Low(h, rebias), low, sixteen));
            AdvSimd.Store(to + 12, AdvSimd.FusedMultiplyAdd(High(h, rebias), high, sixteen));
        }
    }

    /// <summary>2^(e − 128). The upper halves of the floats' bits are (e − 1) · 2⁷, and below e = 2, where that is
    /// less, the subnormal (e + 1) · 2⁵.</summary>
    private static void Exponents(byte* block, float* to, long groups)
    {
        for (long g = 0; g < groups; g++, block += 136, to += 16)
        {
            Exponents(block, out Vector128<float> low, out Vector128<float> high);
            AdvSimd.Store(to, low);
            AdvSimd.Store(to + 4, high);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Exponents(byte* block, out Vector128<float> low, out Vector128<float> high)
    {
        var e = AdvSimd.ZeroExtendWideningLower(AdvSimd.LoadVector64(block)).AsInt16();
        var tops = AdvSimd.Max((e << 7) - Vector128.Create((short)128), (e << 5) + Vector128.Create((short)32));
        low = AdvSimd.Arm64.ZipLow(Vector128<short>.Zero, tops).AsSingle();
        high = AdvSimd.Arm64.ZipHigh(Vector128<short>.Zero, tops).AsSingle();
    }

    /// <summary>TQ2_0: d for each group.</summary>
    private static void Ternary(byte* block, float* to)
    {
        Halves(out Vector128<float> low, out Vector128<float> high, (short*)block);
        for (long g = 0; g < 8; g++, to += 16)
        {
            AdvSimd.Store(to, low);
            AdvSimd.Store(to + 4, high);
        }
    }

    /// <summary>Q4_K, Q5_K, IQ4_XS: a word per 32 columns, and one of the offset.</summary>
    [SkipLocalsInit]
    private static void Words(byte* block, float* to, int format)
    {
        Eight room;
        byte* words = (byte*)&room;
        var units = AdvSimd.LoadVector128((short*)block);
        var top = Vector128.Create(Top);
        var dLow = Low(units, top);
        var dHigh = High(units, top);
        var first = Rows(0);
        var second = Rows(4);
        if (format == BlockTiles.IQ4_XS)
        {
            Eights(block + 16, words, Vector128.Create((byte)32));
            for (long g = 0; g < 8; g++, words += 8, to += 16)
            {
                var w = AdvSimd.LoadVector64(words).ToVector128Unsafe();
                AdvSimd.Store(to, Word(w, first) * dLow);
                AdvSimd.Store(to + 4, Word(w, second) * dHigh);
            }
            return;
        }
        Sixteen(block + 32, words, Vector128<byte>.Zero);
        var third = Vector128.Create(Third);
        dLow = Low(units, third);
        dHigh = High(units, third);
        units = AdvSimd.LoadVector128((short*)block + 8);
        var uLow = Low(units, -third);
        var uHigh = High(units, -third);
        var seventh = Vector128.Create(Seventh);
        first = Thirds(0);
        second = Thirds(4);
        var sixteen = Vector128.Create(16f);
        for (long g = 0; g < 8; g++, words += 8, to += 16)
        {
            var w = AdvSimd.LoadVector64(words).ToVector128Unsafe();
            var m = AdvSimd.LoadVector64(words + 64).ToVector128Unsafe();
            var low = Unsigned(w, first) * seventh * dLow;
            var high = Unsigned(w, second) * seventh * dHigh;
            var offsetLow = Unsigned(m, first) * seventh * uLow;
            var offsetHigh = Unsigned(m, second) * seventh * uHigh;
            if (format == BlockTiles.Q5_K)
            {
                // As above.
                offsetLow = AdvSimd.FusedMultiplyAdd(offsetLow, low, sixteen);
                offsetHigh = AdvSimd.FusedMultiplyAdd(offsetHigh, high, sixteen);
            }
            AdvSimd.Store(to, low);
            AdvSimd.Store(to + 4, high);
            AdvSimd.Store(to + 8, offsetLow);
            AdvSimd.Store(to + 12, offsetHigh);
        }
    }

    /// <summary>Q2_K, Q3_K, Q6_K: a word per 16 columns.</summary>
    [SkipLocalsInit]
    private static void Halves(byte* block, float* to, int format)
    {
        Eight room;
        byte* words = block + (format == BlockTiles.Q2_K ? 32 : 16);
        if (format == BlockTiles.Q3_K)
        {
            Sixteen(words, (byte*)&room, Vector128.Create((byte)32));
            words = (byte*)&room;
        }
        var units = AdvSimd.LoadVector128((short*)block);
        var top = Vector128.Create(Top);
        var dLow = Low(units, top);
        var dHigh = High(units, top);
        units = AdvSimd.LoadVector128((short*)block + 8);
        var uLow = Low(units, -top);
        var uHigh = High(units, -top);
        Vector128<byte> r0 = Rows(0), r4 = Rows(4), r8 = Rows(8), r12 = Rows(12);
        for (long g = 0; g < 8; g++, words += 16, to += 32)
        {
            var two = AdvSimd.LoadVector128(words);
            if (format == BlockTiles.Q2_K)
            {
                var m = two >>> 4;
                two &= Vector128.Create((byte)15);
                AdvSimd.Store(to + 16, Word(m, r0) * uLow);
                AdvSimd.Store(to + 20, Word(m, r4) * uHigh);
                AdvSimd.Store(to + 24, Word(m, r8) * uLow);
                AdvSimd.Store(to + 28, Word(m, r12) * uHigh);
            }
            AdvSimd.Store(to, Word(two, r0) * dLow);
            AdvSimd.Store(to + 4, Word(two, r4) * dHigh);
            AdvSimd.Store(to + 8, Word(two, r8) * dLow);
            AdvSimd.Store(to + 12, Word(two, r12) * dHigh);
        }
    }

    /// <summary>Sixteen words of six bits less the centre.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Sixteen(byte* words, byte* to, Vector128<byte> centre)
    {
        Four(words, words + 32, words + 64, to, 32, centre);
        Four(words + 16, words + 48, words + 80, to + 16, 32, centre);
    }

    /// <summary>IQ4_XS's eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Eights(byte* words, byte* to, Vector128<byte> centre) =>
        Four(words, words + 16, words + 32, to, 16, centre);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(byte* first, byte* second, byte* tops, byte* to, long step, Vector128<byte> centre)
    {
        var a = AdvSimd.LoadVector128(first);
        var b = AdvSimd.LoadVector128(second);
        var crumbs = AdvSimd.LoadVector128(tops);
        Vector128<byte> even = BlockTilesNeonCodes.Pairs(crumbs), odd = BlockTilesNeonCodes.Pairs(crumbs >>> 2);
        AdvSimd.Store(to, BlockTilesNeonCodes.SixLow(a, even, false) - centre);
        AdvSimd.Store(to + step, BlockTilesNeonCodes.SixLow(b, odd, false) - centre);
        AdvSimd.Store(to + 2 * step, BlockTilesNeonCodes.SixHigh(a, even, true) - centre);
        AdvSimd.Store(to + 3 * step, BlockTilesNeonCodes.SixHigh(b, odd, true) - centre);
    }

    /// <summary>Four signed bytes, 2²⁴-fold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Word(Vector128<byte> bytes, Vector128<byte> rows) =>
        AdvSimd.ConvertToSingle(AdvSimd.Arm64.VectorTableLookup(bytes, rows).AsInt32());

    /// <summary>What looks bytes n … n + 3 up as the top bytes of four lanes; beyond the table are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Rows(int n) =>
        Vector128.Create(0x00FFFFFFu, 0x01FFFFFFu, 0x02FFFFFFu, 0x03FFFFFFu).AsByte()
            + Vector128.Create((uint)n << 24).AsByte();

    /// <summary>Four bytes as subnormal floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Unsigned(Vector128<byte> bytes, Vector128<byte> rows) =>
        AdvSimd.Arm64.VectorTableLookup(bytes, rows).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Thirds(int n) =>
        Vector128.Create(0xFF00FFFFu, 0xFF01FFFFu, 0xFF02FFFFu, 0xFF03FFFFu).AsByte()
            + Vector128.Create((uint)n << 16).AsByte();

    /// <summary>What multiplies them, factor-fold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Thirds(out Vector128<float> low, out Vector128<float> high, short* halves, float factor)
    {
        var h = AdvSimd.LoadVector128(halves);
        low = Low(h, Vector128.Create(Third)) * Vector128.Create(factor);
        high = High(h, Vector128.Create(Third)) * Vector128.Create(factor);
    }

    /// <summary>Eight finite halves as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Halves(out Vector128<float> low, out Vector128<float> high, short* halves)
    {
        var h = AdvSimd.LoadVector128(halves);
        low = Low(h, Vector128.Create(One));
        high = High(h, Vector128.Create(One));
    }

    /// <summary>Finite halves to float, exact but for the power of two; see <see cref="TilesNeon"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<short> h, Vector128<float> rebias) =>
        (AdvSimd.ShiftLeftLogicalWideningLower(h.GetLower(), 13) & Vector128.Create(unchecked((int)0x8FFFE000)))
            .AsSingle() * rebias;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<short> h, Vector128<float> rebias) =>
        (AdvSimd.ShiftLeftLogicalWideningUpper(h, 13) & Vector128.Create(unchecked((int)0x8FFFE000)))
            .AsSingle() * rebias;
}
