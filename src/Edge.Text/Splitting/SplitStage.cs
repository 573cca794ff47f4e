namespace Edge.Text;

/// <summary>One cut of a piece: the matches of a pattern, left to right.</summary>
internal sealed class SplitStage(Pattern? pattern)
{
    /// <summary><c>\s+$</c>. Of its own kind because trying it at every space of a long run would take quadratic
    /// time.</summary>
    public static SplitStage SpacesAtEnd { get; } = new(null);

    /// <summary>The first match at or after <paramref name="from"/>; an empty range at the end when there is
    /// none.</summary>
    public (int Start, int End) Find(ReadOnlySpan<char> text, int from)
    {
        if (pattern is null) return (Math.Max(from, text.TrimEnd().Length), text.Length);
        for (int at = from; at < text.Length; at++)
        {
            int end = pattern(text, at);
            if (end > at) return (at, end);
            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])) at++;
        }
        return (text.Length, text.Length);
    }
}
