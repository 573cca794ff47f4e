using System.Text;

namespace Edge.Gguf;

/// <summary>Text of a hostile file made fit for a terminal and a log line.</summary>
internal static class Printable
{
    private const int CharsMax = 80;

    /// <summary>In single quotes, at most 80 characters, control characters and line breaks replaced.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var quoted = new StringBuilder(CharsMax + 4).Append('\'');
        foreach (char c in text[..Math.Min(text.Length, CharsMax)])
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\u202e' ? '?' : c);
        if (text.Length > CharsMax) quoted.Append('…');
        return quoted.Append('\'').ToString();
    }
}
