using System.Globalization;

namespace Edge.Text;

/// <summary>What the published patterns ask about a character; one character may have several.</summary>
[Flags]
internal enum CharClass : byte
{
    None = 0,
    /// <summary>\p{L}</summary>
    Letter = 1,
    /// <summary>\p{N}</summary>
    Number = 2,
    /// <summary>\s</summary>
    Space = 4,
    /// <summary>[\r\n]</summary>
    Newline = 8,
    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</summary>
    Upperish = 16,
    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</summary>
    Lowerish = 32,
    /// <summary>\p{P}</summary>
    Punctuation = 64,
    /// <summary>\p{S}</summary>
    Symbol = 128,
}

/// <summary>Classes of the characters of UTF-16 text; a lone surrogate counts as U+FFFD, which it becomes.</summary>
internal static class CharClasses
{
    private static readonly CharClass[] Ascii = OfAscii();

    /// <summary>Class of the character at <paramref name="at"/>; None (and length 0) at the end.</summary>
    public static CharClass At(ReadOnlySpan<char> text, int at, out int length)
    {
        if ((uint)at >= (uint)text.Length) { length = 0; return CharClass.None; }
        char c = text[at];
        length = 1;
        if (c < 128) return Ascii[c];
        if (!char.IsSurrogate(c)) return Compute(c);
        if (char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            length = 2;
            return Compute(char.ConvertToUtf32(c, text[at + 1]));
        }
        return Compute(0xFFFD);
    }

    /// <summary>End of the longest run of characters that have any of <paramref name="classes"/>.</summary>
    public static int Run(ReadOnlySpan<char> text, int at, CharClass classes, int charsMax = int.MaxValue)
    {
        for (int count = 0; count < charsMax && at < text.Length; count++)
        {
            if ((At(text, at, out int length) & classes) == 0) break;
            at += length;
        }
        return at;
    }

    /// <summary>End of the longest run of characters that have none of <paramref name="classes"/>.</summary>
    public static int RunWithout(ReadOnlySpan<char> text, int at, CharClass classes)
    {
        while (at < text.Length)
        {
            if ((At(text, at, out int length) & classes) != 0) break;
            at += length;
        }
        return at;
    }

    private static CharClass Compute(int codePoint)
    {
        CharClass found = CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharClass.Letter | CharClass.Upperish,
            UnicodeCategory.LowercaseLetter => CharClass.Letter | CharClass.Lowerish,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter =>
                CharClass.Letter | CharClass.Upperish | CharClass.Lowerish,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                CharClass.Upperish | CharClass.Lowerish,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber =>
                CharClass.Number,
            UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
                or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation
                or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation => CharClass.Punctuation,
            UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol
                or UnicodeCategory.OtherSymbol => CharClass.Symbol,
            _ => CharClass.None,
        };
        if (codePoint <= char.MaxValue && char.IsWhiteSpace((char)codePoint)) found |= CharClass.Space;
        if (codePoint is '\r' or '\n') found |= CharClass.Newline;
        return found;
    }

    private static CharClass[] OfAscii()
    {
        var classes = new CharClass[128];
        for (int c = 0; c < classes.Length; c++) classes[c] = Compute(c);
        return classes;
    }
}
