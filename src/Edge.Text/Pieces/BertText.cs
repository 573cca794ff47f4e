using System.Globalization;
using System.Text;

namespace Edge.Text;

/// <summary>BERT's cleaning of text, a character at a time: controls fall out, white space parts words, punctuation and
/// Chinese characters stand alone; for uncased models accents fall off and capitals become small.</summary>
internal sealed class BertText(bool lowercase, bool stripAccents)
{
    /// <summary>Most characters that one becomes.</summary>
    public const int PartsMax = 4;

    public enum Place : byte { Nowhere, Between, Alone, InWord }

    private static readonly Place[] Ascii = OfAscii();

    /// <summary>Where the first character of <paramref name="text"/> stands, and what it becomes.</summary>
    public Place Next(ReadOnlySpan<char> text, Span<Rune> parts, out int count, out int consumed)
    {
        char c = text[0];
        if (c < 128)
        {
            bool capital = lowercase && c is >= 'A' and <= 'Z';
            (count, consumed, parts[0]) = (1, 1, new Rune((char)(capital ? c | 0x20 : c)));
            return Ascii[c];
        }
        // A lone surrogate is U+FFFD, as in UTF-8.
        Rune.DecodeFromUtf16(text, out Rune rune, out consumed);
        count = 0;
        if (rune == Rune.ReplacementChar) return Place.Nowhere;
        UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(rune.Value);
        if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned) return Place.Nowhere;
        if (category is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator) return Place.Between;
        if (stripAccents)
        {
            if (category == UnicodeCategory.NonSpacingMark) return Place.Nowhere;
            count = Decompositions.Of(rune, parts);
        }
        else (count, parts[0]) = (1, rune);
        if (lowercase) count = Lower(parts, count);
        return IsChinese(rune.Value) || IsPunctuation(parts[0]) ? Place.Alone : Place.InWord;
    }

    private static int Lower(Span<Rune> parts, int count)
    {
        // The one letter whose small form is two characters in every language.
        if (parts[0].Value == 0x130)
        {
            (parts[0], parts[1]) = (new Rune('i'), new Rune(0x307));
            return 2;
        }
        for (int i = 0; i < count; i++) parts[i] = Rune.ToLowerInvariant(parts[i]);
        return count;
    }

    private static bool IsPunctuation(Rune rune) => rune.IsAscii ? Ascii[rune.Value] == Place.Alone
        : Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation
            or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation
            or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
            or UnicodeCategory.OtherPunctuation;

    /// <summary>Ideographs; the start of the fifth range is what the tokenizers that models are used with have, not
    /// U+2B820.</summary>
    private static bool IsChinese(int value) => value is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF
        or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F
        or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;

    private static Place[] OfAscii()
    {
        var places = new Place[128];
        for (int c = 0; c < places.Length; c++)
        {
            places[c] = c is ' ' or '\t' or '\n' or '\r' ? Place.Between
                : c < ' ' || c == 127 ? Place.Nowhere
                : char.IsAsciiLetterOrDigit((char)c) ? Place.InWord : Place.Alone;
        }
        return places;
    }
}
