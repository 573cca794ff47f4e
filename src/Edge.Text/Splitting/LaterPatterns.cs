using static Edge.Text.CharClass;

namespace Edge.Text;

/// <summary>Further published patterns, as <see cref="Patterns"/>: those of DeepSeek V3 and of BLOOM.</summary>
internal static class LaterPatterns
{
    private const CharClass LetterOrMark = Upperish | Lowerish;
    private const CharClass Sign = Punctuation | Symbol;
    /// <summary>What a word of <see cref="Bloom"/> has not, besides spaces.</summary>
    private const string BloomStops = "(|.,!?…。，、।۔،)";

    /// <summary><c>\p{N}{1,3}</c></summary>
    public static int ThreeNumbers(ReadOnlySpan<char> text, int at) => CharClasses.Run(text, at, Number, charsMax: 3);

    /// <summary><c>[一-龥぀-ゟ゠-ヿ]+</c></summary>
    public static int ChineseOrKana(ReadOnlySpan<char> text, int at) =>
        CharRanges.Run(text, at, [0x3040, 0x30FF, 0x4E00, 0x9FA5]);

    /// <summary><c>[!"#$%&amp;'()*+,\-./:;&lt;=&gt;?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
    /// ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c></summary>
    public static int DeepSeekV3(ReadOnlySpan<char> text, int at)
    {
        int end = at + 1;
        if (char.IsAscii(text[at]) && (CharClasses.At(text, at, out _) & Sign) != 0)
        {
            while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
            if (end > at + 1) return end;
        }
        CharClass first = CharClasses.At(text, at, out int length);
        int word = (first & (Letter | Newline | Sign)) == 0 ? at + length : at;
        end = CharClasses.Run(text, word, LetterOrMark);
        if (end > word) return end;
        // A mark can be the optional first character or the word itself.
        end = CharClasses.Run(text, at, LetterOrMark);
        if (end > at) return end;
        int sign = text[at] == ' ' ? at + 1 : at;
        end = CharClasses.Run(text, sign, Sign);
        if (end == sign) return Patterns.LinesOrSpaces(text, at);
        while (end < text.Length && text[end] is '\r' or '\n') end++;
        return end;
    }

    /// <summary><c> ?[^(\s|.,!?…。，、।۔،)]+</c></summary>
    public static int Bloom(ReadOnlySpan<char> text, int at)
    {
        int word = text[at] == ' ' ? at + 1 : at, end = word;
        while ((CharClasses.At(text, end, out int length) & Space) == 0 && length > 0)
        {
            if (length == 1 && BloomStops.Contains(text[end])) break;
            end += length;
        }
        return end > word ? end : at;
    }
}
