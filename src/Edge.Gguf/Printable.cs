using System.Text;

namespace Edge.Gguf;

/// <summary>Text of a hostile file made fit for a terminal and a log line.</summary>
public static class Printable
{
    private const int CharsMax = 80;

    /// <summary>In single quotes, at most 80 characters, control and reordering characters replaced.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var quoted = new StringBuilder(CharsMax + 4).Append('\'');
        foreach (char c in text[..Math.Min(text.Length, CharsMax)]) quoted.Append(IsPlain(c) ? c : '?');
        if (text.Length > CharsMax) quoted.Append('…');
        return quoted.Append('\'').ToString();
    }

    /// <summary>Not: controls, quotes, and the marks that reorder or break a line.</summary>
    private static bool IsPlain(char c) => !char.IsControl(c) && !char.IsSurrogate(c) && c != '\''
        && c is not (>= '\u2028' and <= '\u202e' or >= '\u2066' and <= '\u2069');
}
