namespace Edge.Text;

/// <summary>SentencePiece's normalisation of a text: the file's map of characters, spaces as it says.</summary>
internal sealed class SentenceText
{
    private readonly CharsMap? _map;
    private readonly bool _addsSpace, _removesExtraSpaces;

    /// <summary>Errors: GgufException for a damaged map.</summary>
    public SentenceText(TokenizerMetadata metadata)
    {
        _map = metadata.CharsMap.Length == 0 ? null : new(metadata.CharsMap.Span, metadata);
        (_addsSpace, _removesExtraSpaces) = (metadata.AddSpacePrefix, metadata.RemovesExtraSpaces);
    }

    /// <summary>UTF-8 in, UTF-8 out. The character that vocabularies spell spaces with becomes one, but does not count
    /// as extra.</summary>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text, EncodeScratch scratch)
    {
        // A removed run of spaces at the front leaves nothing: then no space is put there either.
        Span<byte> output = scratch.Normalized(text.Length + 1);
        int length = 0;
        bool wasSpace = _removesExtraSpaces, begun = false;
        for (int at = 0; at < text.Length;)
        {
            ReadOnlySpan<byte> part = Next(text[at..], out int consumed);
            at += consumed;
            while (wasSpace && part.StartsWith((byte)' ')) part = part[1..];
            if (part.IsEmpty && (_removesExtraSpaces || consumed == 0)) continue;
            if (!begun && _addsSpace) output[length++] = (byte)' ';
            begun = true;
            // What still comes may be as long as it is now.
            int needed = length + part.Length + (text.Length - at) + 1;
            if (output.Length < needed) output = scratch.Normalized(needed, length);
            length += Copy(part, output[length..]);
            if (!part.IsEmpty) wasSpace = _removesExtraSpaces && part[^1] == ' ';
        }
        output = output[..length];
        return _removesExtraSpaces ? output.TrimEnd((byte)' ') : output;
    }

    /// <summary>What the next character or key becomes; of plain ASCII as much as there is up to a space.</summary>
    private ReadOnlySpan<byte> Next(ReadOnlySpan<byte> text, out int consumed)
    {
        consumed = 0;
        // The last byte may begin a key with what follows it, unless that is ASCII too.
        while (consumed < text.Length && text[consumed] is > (byte)' ' and < 128
            && (_map is null || _map.IsPlain(text[consumed])
                && (consumed + 1 == text.Length || text[consumed + 1] < 128))) consumed++;
        if (consumed > 0) return text[..consumed];
        if (_map is not null && _map.TryFind(text, out consumed, out ReadOnlySpan<byte> becomes)) return becomes;
        consumed = Math.Min(ByteFallback.CharBytes(text[0]), text.Length);
        return text[..consumed];
    }

    private static int Copy(ReadOnlySpan<byte> part, Span<byte> output)
    {
        ReadOnlySpan<byte> mark = "\u2581"u8;
        int length = 0;
        while (part.IndexOf(mark) is >= 0 and var at)
        {
            part[..at].CopyTo(output[length..]);
            output[length + at] = (byte)' ';
            length += at + 1;
            part = part[(at + mark.Length)..];
        }
        part.CopyTo(output[length..]);
        return length + part.Length;
    }
}
