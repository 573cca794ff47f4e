using static Edge.Text.CharClass;

namespace Edge.Text;

/// <summary>Further published patterns, as <see cref="Patterns"/>: those that share less with the others.</summary>
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

    /// <summary>As <see cref="Patterns.Qwen2"/>, marks belonging to words: <c>[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+</c> and
    /// <c> ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*</c>.</summary>
    public static int Qwen35(ReadOnlySpan<char> text, int at)
    {
        int end = Patterns.Contraction(text, at, anyCase: true);
        if (end > at) return end;
        CharClass first = CharClasses.At(text, at, out int length);
        int word = (first & (Letter | Number | Newline)) == 0 ? at + length : at;
        end = CharClasses.Run(text, word, LetterOrMark);
        if (end > word) return end;
        end = CharClasses.Run(text, at, LetterOrMark); // a mark is the optional first character or the word itself
        if (end > at) return end;
        end = CharClasses.Run(text, at, Number, charsMax: 1);
        if (end > at) return end;
        int sign = text[at] == ' ' ? at + 1 : at;
        end = CharClasses.RunWithout(text, sign, Space | LetterOrMark | Number);
        if (end == sign) return Patterns.LinesOrSpaces(text, at);
        while (end < text.Length && text[end] is '\r' or '\n') end++;
        return end;
    }

    /// <summary>As <see cref="Patterns.Qwen2"/>, lines not ending in signs: <c> ?[^\s\p{L}\p{N}\r\n]+</c>.</summary>
    public static int SeedCoder(ReadOnlySpan<char> text, int at)
    {
        int end = Patterns.Qwen2(text, at);
        int sign = text[at] == ' ' ? at + 1 : at, signs = CharClasses.RunWithout(text, sign, Space | Letter | Number);
        // Only signs take lines with them; a word that begins with a sign does not end in one.
        return signs > sign && signs < end && text[signs] is '\r' or '\n' ? signs : end;
    }

    /// <summary><c>[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+</c></summary>
    public static int EasternRuns(ReadOnlySpan<char> text, int at)
    {
        int end = CharRanges.Run(text, at, [0x3131, 0x318E, 0xAC00, 0xD7A3]);
        if (end == at) end = CharRanges.Run(text, at, CharRanges.EasternSigns);
        if (end == at) end = CharRanges.Run(text, at, [0x3105, 0x312F]);
        return end == at ? ChineseOrKana(text, at) : end;
    }

    /// <summary><c>[\p{Han}]+</c>, else as <see cref="Patterns.Gpt4o(ReadOnlySpan{char}, int)"/> with words that end
    /// before one, and lines only after signs.</summary>
    public static int Kimi(ReadOnlySpan<char> text, int at)
    {
        int end = CharRanges.Run(text, at, CharRanges.Han);
        if (end > at) return end;
        CharClasses.At(text, at, out int length);
        int letters = at + length;
        while ((CharClasses.At(text, letters, out length) & LetterOrMark) != 0
            && CharRanges.Run(text[letters..(letters + length)], 0, CharRanges.Han) == 0) letters += length;
        end = Patterns.CasedWord(text[..letters], at);
        return end > at ? Patterns.Contraction(text, end, anyCase: true)
            : Patterns.NumberSignOrSpace(text, at, digitsMax: 3, slashes: false);
    }
}
