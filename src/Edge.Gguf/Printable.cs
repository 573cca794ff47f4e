using System.Text;

namespace Edge.Gguf;

/// <summary>Text of a hostile file made fit for a terminal and a log line.</summary>
public static class Printable
{
    private const int CharsMax = 80, LineCharsMax = 1000;

    /// <summary>In single quotes, at most 80 characters, control and reordering characters replaced.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var quoted = new StringBuilder(CharsMax + 4).Append('\'');
        foreach (char c in text[..Math.Min(text.Length, CharsMax)]) quoted.Append(IsPlain(c) ? c : '?');
        if (text.Length > CharsMax) quoted.Append('…');
        return quoted.Append('\'').ToString();
    }

    /// <summary>A message that may quote a file: at most 1000 characters, control and reordering characters
    /// replaced.</summary>
    public static string Line(string text)
    {
        string line = text.Length > LineCharsMax ? $"{text.AsSpan(0, LineCharsMax)}…" : text;
        foreach (char c in line)
            if (IsUnruly(c)) return string.Create(line.Length, line, static (to, from) =>
            {
                for (int i = 0; i < to.Length; i++) to[i] = IsUnruly(from[i]) ? '?' : from[i];
            });
        return line;
    }

    /// <summary>Not: controls, quotes, and the marks that reorder or break a line.</summary>
    private static bool IsPlain(char c) => !IsUnruly(c) && !char.IsSurrogate(c) && c != '\'';

    private static bool IsUnruly(char c) =>
        char.IsControl(c) || c is >= '\u2028' and <= '\u202e' or >= '\u2066' and <= '\u2069';
}
