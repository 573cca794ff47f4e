using System.Numerics;
using System.Runtime.InteropServices;
using Edge.Gguf;

namespace Edge.Models;

/// <summary>Finds what is no number among floats that are used as they are: one of them makes every answer
/// NaN.</summary>
internal static class FiniteFloats
{
    /// <summary>Numbers that are infinite or NaN; 0 for types that are no plain floats.</summary>
    public static long CountBad(QuantType type, ReadOnlySpan<byte> bytes) => type switch
    {
        QuantType.F32 => Count(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F80_0000u),
        QuantType.F16 => Count(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7C00),
        QuantType.BF16 => Count(MemoryMarshal.Cast<byte, ushort>(bytes), (ushort)0x7F80),
        _ => 0,
    };

    /// <summary>What a file with such numbers is refused with.</summary>
    public static GgufException Refusal(GgufTensor tensor, long bad) => new(
        $"tensor '{tensor.Name}' has {bad} weights or scales that are infinite or no number; the file is damaged or " +
        "was badly converted: download or convert it again", tensor.EntryOffset);

    /// <summary>An exponent of all ones is an infinity or a NaN.</summary>
    private static long Count<T>(ReadOnlySpan<T> words, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        var mask = new Vector<T>(exponent);
        int at = 0;
        while (at + Vector<T>.Count <= words.Length
            && !Vector.EqualsAny(new Vector<T>(words[at..]) & mask, mask)) at += Vector<T>.Count;
        long bad = 0;
        foreach (T word in words[at..])
            if ((word & exponent) == exponent) bad++;
        return bad;
    }
}
