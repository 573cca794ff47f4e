namespace Edge.Text;

/// <summary>What becomes of a character that no token spells: its bytes where the vocabulary has tokens for them, else
/// the unknown token.</summary>
internal sealed class ByteFallback
{
    private readonly int[] _ids = new int[256];
    private readonly Vocabulary _vocabulary;

    /// <summary>Errors: GgufException where a byte has no token and there is none for the unknown.</summary>
    public ByteFallback(TokenizerMetadata metadata, Vocabulary vocabulary, int? unknown)
    {
        _vocabulary = vocabulary;
        Array.Fill(_ids, unknown ?? -1);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Type(id) == TokenType.Byte) _ids[vocabulary.Bytes(id)[0]] = id;
        }
        int missing = Array.IndexOf(_ids, -1);
        if (missing >= 0)
            throw metadata.Bad(TokenizerMetadata.TokensKey, $"no token for byte 0x{missing:X2} and none for what is " +
                "unknown; the vocabulary is not whole");
    }

    /// <summary>Appends the tokens of one character; one that is unknown is one unknown token.</summary>
    public void Append(ReadOnlySpan<byte> character, List<int> destination)
    {
        foreach (byte value in character)
        {
            int id = _ids[value];
            destination.Add(id);
            if (_vocabulary.Type(id) != TokenType.Byte) return;
        }
    }

    /// <summary>Length of the character that begins with this byte.</summary>
    public static int CharBytes(byte first) => first switch { < 0xC0 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
}
