using System.Buffers.Binary;

namespace Edge.Fuzz;

/// <summary>Damages inputs the way broken downloads and attackers do. A pure function of the random source.</summary>
public static class Mutator
{
    private const int StepsMax = 8;
    private const int InputBytesMax = 64 << 10;

    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 7, 8, 31, 32, 64, 127, 128, 255, 256, 4095, 4096, 65535, 65536, 1 << 20, 1 << 24,
        0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, 1UL << 40, 1UL << 46, 1UL << 61, 1UL << 62,
        long.MaxValue - 7, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    public static ulong InterestingInteger(Random random) => Interesting[random.Next(Interesting.Length)];

    /// <summary>One to eight changes; <paramref name="other"/> gives material for splices.</summary>
    public static byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        byte[] bytes = [.. input];
        for (int steps = 1 + random.Next(StepsMax); steps > 0; steps--) bytes = Step(random, bytes, other);
        return bytes.Length <= InputBytesMax ? bytes : bytes[..InputBytesMax];
    }

    private static byte[] Step(Random random, byte[] bytes, byte[] other)
    {
        if (bytes.Length == 0) return [.. other];
        int at = random.Next(bytes.Length);
        switch (random.Next(10))
        {
            case 0: bytes[at] ^= (byte)(1 << random.Next(8)); return bytes;
            case 1: bytes[at] = (byte)random.Next(256); return bytes;
            case 2: return bytes[..at];
            case 3: return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + 1 + random.Next(32))..]];
            case 4: return [.. bytes[..at], .. Piece(random, bytes), .. bytes[at..]];
            case 5: return [.. bytes[..at], .. Piece(random, other), .. bytes[at..]];
            case 6: return [.. bytes[..at], .. other[Math.Min(at, other.Length)..]];
            case 7: Put(bytes, at, InterestingInteger(random), 1 << random.Next(4)); return bytes;
            case 8: Put(bytes, LengthField(bytes, at), InterestingInteger(random), 8); return bytes;
            default: Nudge(random, bytes, LengthField(bytes, at)); return bytes;
        }
    }

    private static byte[] Piece(Random random, byte[] from)
    {
        if (from.Length == 0) return [];
        int start = random.Next(from.Length);
        return from[start..Math.Min(from.Length, start + 1 + random.Next(64))];
    }

    /// <summary>The next place that looks like a small 64-bit count or length; else <paramref name="from"/>.</summary>
    private static int LengthField(byte[] bytes, int from)
    {
        for (int i = from; i + 8 <= bytes.Length && i < from + 256; i++)
            if (BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(i)) is > 0 and <= 65536) return i;
        return from;
    }

    private static void Nudge(Random random, byte[] bytes, int at)
    {
        if (at + 8 > bytes.Length) return;
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
        Put(bytes, at, unchecked(value + (ulong)random.Next(-9, 10)), 8);
    }

    private static void Put(byte[] bytes, int at, ulong value, int count)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(eight, value);
        eight[..Math.Min(count, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
    }
}
