using System.Runtime.InteropServices;

namespace Edge.Weights;

/// <summary>64 bits over a run of bytes, in any pieces: finds damage (a flipped bit, a shifted or missing page), at
/// the speed of memory; it does not defend against someone who computes it too.</summary>
public struct Checksum
{
    private const ulong Prime = 0x9E3779B97F4A7C15;
    private ulong _a, _b, _length;
    /// <summary>The last bytes that do not make 16.</summary>
    private UInt128 _rest;
    private int _restBytes;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _length += (ulong)bytes.Length;
        while (_restBytes > 0 && !bytes.IsEmpty)
        {
            Append(bytes[0]);
            bytes = bytes[1..];
        }
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes[..(bytes.Length & ~15)]);
        (ulong a, ulong b) = (_a, _b);
        for (int i = 0; i < words.Length; i += 2)
        {
            // Two chains: a multiplication takes as long as two words take to come from memory.
            a = Mix(a, words[i]);
            b = Mix(b, words[i + 1]);
        }
        (_a, _b) = (a, b);
        foreach (byte rest in bytes[(bytes.Length & ~15)..]) Append(rest);
    }

    public readonly ulong Value
    {
        get
        {
            ulong a = Mix(_a, (ulong)_rest), b = Mix(_b, (ulong)(_rest >> 64));
            ulong value = (a ^ ulong.RotateLeft(b, 31) ^ _length) * Prime;
            return value ^ value >> 32;
        }
    }

    private void Append(byte value)
    {
        _rest |= (UInt128)value << 8 * _restBytes;
        if (++_restBytes < 16) return;
        (_a, _b) = (Mix(_a, (ulong)_rest), Mix(_b, (ulong)(_rest >> 64)));
        (_rest, _restBytes) = (0, 0);
    }

    private static ulong Mix(ulong sum, ulong word) => ulong.RotateLeft((sum ^ word) * Prime, 29);
}
