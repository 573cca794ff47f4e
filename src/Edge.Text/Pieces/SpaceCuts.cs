namespace Edge.Text;

/// <summary>Where a text can be cut without changing its tokens: before a run of spaces, provided that no token has a
/// space behind another character.</summary>
internal sealed class SpaceCuts
{
    private readonly bool _cuts = true;

    public SpaceCuts(Vocabulary vocabulary)
    {
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Type(id) == TokenType.Normal)
                _cuts &= !vocabulary.Bytes(id).TrimStart((byte)' ').Contains((byte)' ');
        }
    }

    /// <summary>End of the word, with the spaces before it, that begins at <paramref name="at"/>.</summary>
    public int EndOfWord(ReadOnlySpan<byte> text, int at)
    {
        if (!_cuts) return text.Length;
        while (at < text.Length && text[at] == ' ') at++;
        int space = text[at..].IndexOf((byte)' ');
        return space < 0 ? text.Length : at + space;
    }
}
