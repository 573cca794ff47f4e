using System.Buffers;

namespace Edge.Text;

/// <summary>Finds special tokens that text spells: the leftmost, and the longest where several start there.</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, int> _ids = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _find;
    private readonly SearchValues<char> _firstChars;
    private readonly Dictionary<char, int[]> _lengths;
    private readonly TokenStrips _strips;

    public SpecialTokens(TokenizerMetadata metadata, Vocabulary vocabulary, Func<TokenType, bool> wanted)
    {
        _strips = metadata.Strips;
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (wanted(vocabulary.Type(id)) && metadata.Tokens[id].Length > 0) _ids[metadata.Tokens[id]] = id;
        }
        _find = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        // Lengths instead of tokens: text full of '<' then costs a few look-ups a character, not one per token.
        _lengths = _ids.Keys.GroupBy(text => text[0]).ToDictionary(
            group => group.Key,
            group => group.Select(text => text.Length).Distinct().OrderDescending().ToArray());
        _firstChars = SearchValues.Create([.. _lengths.Keys]);
    }

    /// <summary>As <see cref="TryFind"/>, with the blanks that the token swallows: the text goes on at
    /// <paramref name="end"/>.</summary>
    public bool TryTake(ReadOnlySpan<char> text, int from, out int start, out int end, out int id)
    {
        bool found = TryFind(text, from, out start, out int length, out id);
        end = start + length;
        if (!found) return false;
        if (_strips.Left.Contains(id))
            while (start > from && char.IsWhiteSpace(text[start - 1])) start--;
        if (_strips.Right.Contains(id))
            while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
        return true;
    }

    /// <summary>False when the rest of <paramref name="text"/> spells none.</summary>
    public bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length, out int id)
    {
        for (start = from; start < text.Length; start++)
        {
            int skip = text[start..].IndexOfAny(_firstChars);
            if (skip < 0) break;
            start += skip;
            ReadOnlySpan<char> rest = text[start..];
            foreach (int candidate in _lengths[rest[0]])
            {
                if (candidate > rest.Length || !_find.TryGetValue(rest[..candidate], out id)) continue;
                length = candidate;
                return true;
            }
        }
        (start, length, id) = (text.Length, 0, -1);
        return false;
    }
}
