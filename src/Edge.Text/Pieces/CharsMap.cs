using System.Buffers.Binary;

namespace Edge.Text;

/// <summary>SentencePiece's precompiled normalisation: the longest run of bytes that is a key becomes its
/// text.</summary>
/// <remarks>Source: the format of darts-clone's double array, as SentencePiece writes it: length of the array in bytes,
/// array, texts that end in 0. A unit is the label of its own edge (bits 0-7; bit 31: the unit is a value), whether a
/// value hangs on it (bit 8), and the offset to its children (bits 10-30, times 256 where bit 9).</remarks>
internal sealed class CharsMap
{
    private const uint ValueBit = 1u << 31;

    private readonly uint[] _units;
    private readonly byte[] _texts;
    /// <summary>Begins no key of ASCII alone: such a byte before another of ASCII stays as it is.</summary>
    private readonly bool[] _plain = new bool[128];

    /// <summary>Errors: GgufException for a map that does not hold together.</summary>
    public CharsMap(ReadOnlySpan<byte> map, TokenizerMetadata metadata)
    {
        if (map.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(map) is var bytes
            && (bytes % 4 != 0 || bytes == 0 || bytes > map.Length - 4))
        {
            throw metadata.Bad(TokenizerMetadata.CharsMapKey, $"its {map.Length} bytes do not hold the array that " +
                "they name; the file is damaged, download it again");
        }
        _units = new uint[(int)bytes / 4];
        for (int i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + i * 4)..]);
        _texts = map[(4 + (int)bytes)..].ToArray();
        bool ends = _texts.Length > 0 && _texts[^1] == 0;
        int bad = Array.FindIndex(_units, unit => (unit & ValueBit) != 0 && (unit & ~ValueBit) >= _texts.Length);
        if (!ends || bad >= 0)
            throw metadata.Bad(TokenizerMetadata.CharsMapKey, (ends ? $"unit {bad} names a text behind the end" :
                "its texts do not end") + "; the file is damaged, download it again");
        for (int c = 0; c < _plain.Length; c++) _plain[c] = BeginsNoAsciiKey((byte)c);
    }

    /// <summary>The byte of ASCII is no key, alone or with what of ASCII follows.</summary>
    public bool IsPlain(byte value) => value < 128 && _plain[value];

    /// <summary>The text of the longest key that <paramref name="text"/> begins with; false where it begins with
    /// none.</summary>
    public bool TryFind(ReadOnlySpan<byte> text, out int length, out ReadOnlySpan<byte> becomes)
    {
        length = 0;
        uint node = Offset(_units[0]), value = 0;
        for (int at = 0; at < text.Length && text[at] != 0; at++)
        {
            node ^= text[at];
            if (node >= _units.Length || Label(_units[node]) != text[at]) break;
            uint unit = _units[node];
            node ^= Offset(unit);
            if (node >= _units.Length) break;
            if ((unit & (1 << 8)) == 0 || (_units[node] & ValueBit) == 0) continue;
            (length, value) = (at + 1, _units[node] & ~ValueBit);
        }
        becomes = default;
        if (length == 0) return false;
        ReadOnlySpan<byte> rest = _texts.AsSpan((int)value);
        becomes = rest[..rest.IndexOf((byte)0)];
        return true;
    }

    private bool BeginsNoAsciiKey(byte first)
    {
        uint node = Offset(_units[0]) ^ first;
        if (first == 0 || node >= _units.Length || Label(_units[node]) != first) return true;
        if ((_units[node] & (1 << 8)) != 0) return false;
        uint children = node ^ Offset(_units[node]);
        for (uint c = 1; c < 128; c++)
        {
            uint child = children ^ c;
            if (child < _units.Length && Label(_units[child]) == c) return false;
        }
        return true;
    }

    private static uint Label(uint unit) => unit & (ValueBit | 0xFF);

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1 << 9)) >> 6);
}
