using System.Runtime.InteropServices;

namespace Edge.Models.Pack;

/// <summary>64 bits over a run of bytes: finds damage (a flipped bit, a shifted or missing page), at the speed of memory;
/// it does not defend against someone who computes it too.</summary>
internal struct Checksum
{
    private const ulong Prime = 0x9E3779B97F4A7C15;
    private ulong _a, _b, _length;

    /// <summary>Pieces but the last are multiples of 16 bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_length % 16 != 0) throw new InvalidOperationException("a piece in the middle is no multiple of 16 bytes");
        _length += (ulong)bytes.Length;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes[..(bytes.Length & ~15)]);
        (ulong a, ulong b) = (_a, _b);
        for (int i = 0; i < words.Length; i += 2)
        {
            // Two chains: a multiplication takes as long as two words take to come from memory.
            a = ulong.RotateLeft((a ^ words[i]) * Prime, 29);
            b = ulong.RotateLeft((b ^ words[i + 1]) * Prime, 29);
        }
        foreach (byte rest in bytes[(bytes.Length & ~15)..]) a = ulong.RotateLeft((a ^ rest) * Prime, 29);
        (_a, _b) = (a, b);
    }

    public readonly ulong Value
    {
        get
        {
            ulong value = (_a ^ ulong.RotateLeft(_b, 31) ^ _length) * Prime;
            return value ^ value >> 32;
        }
    }
}
