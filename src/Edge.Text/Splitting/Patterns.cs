using static Edge.Text.CharClass;

namespace Edge.Text;

/// <summary>Where a match ends that starts exactly at <paramref name="at"/>; <paramref name="at"/> itself: no
/// match.</summary>
internal delegate int Pattern(ReadOnlySpan<char> text, int at);

/// <summary>The published patterns as hand-written scanners, each in time linear in what it consumes.</summary>
internal static class Patterns
{
    private const CharClass Word = Space | Letter | Number;

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c></summary>
    public static int Gpt2(ReadOnlySpan<char> text, int at)
    {
        int end = Contraction(text, at, anyCase: false);
        if (end > at) return end;
        int word = text[at] == ' ' ? at + 1 : at;
        CharClass first = CharClasses.At(text, word, out int length);
        if ((first & Letter) != 0) return CharClasses.Run(text, word, Letter);
        if ((first & Number) != 0) return CharClasses.Run(text, word, Number);
        if (length > 0 && (first & Space) == 0) return CharClasses.RunWithout(text, word, Word);
        return Spaces(text, at);
    }

    /// <summary>The pattern of Llama 3: <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
    /// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c></summary>
    public static int Llama3(ReadOnlySpan<char> text, int at) => LetterWords(text, at, digitsMax: 3);

    /// <summary>The same with <c>\p{N}</c>: every digit alone.</summary>
    public static int Qwen2(ReadOnlySpan<char> text, int at) => LetterWords(text, at, digitsMax: 1);

    /// <summary>Words split where case changes: <c>[^\r\n\p{L}\p{N}]?[U]*[L]+|[^\r\n\p{L}\p{N}]?[U]+[L]*|\p{N}|
    /// ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c> with U = <c>\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}</c> and
    /// L = <c>\p{Ll}\p{Lm}\p{Lo}\p{M}</c>.</summary>
    public static int Tekken(ReadOnlySpan<char> text, int at)
    {
        int end = CasedWord(text, at);
        return end > at ? end : NumberSignOrSpace(text, at, digitsMax: 1, slashes: true);
    }

    /// <summary>As <see cref="Tekken"/> with <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)?</c> after a word and
    /// <c>\p{N}{1,3}</c>.</summary>
    public static int Gpt4o(ReadOnlySpan<char> text, int at) => Gpt4o(text, at, digitsMax: 3);

    /// <summary>The same with <c>\p{N}</c>: every digit alone.</summary>
    public static int Gpt4oDigits(ReadOnlySpan<char> text, int at) => Gpt4o(text, at, digitsMax: 1);

    /// <summary><c>\p{N}</c></summary>
    public static int Number1(ReadOnlySpan<char> text, int at) => CharClasses.Run(text, at, Number, charsMax: 1);

    /// <summary><c>\p{N}+</c></summary>
    public static int Numbers(ReadOnlySpan<char> text, int at) => CharClasses.Run(text, at, Number);

    /// <summary><c>[0-9][0-9][0-9]</c></summary>
    public static int ThreeDigits(ReadOnlySpan<char> text, int at) => at + 3 <= text.Length
        && char.IsAsciiDigit(text[at]) && char.IsAsciiDigit(text[at + 1]) && char.IsAsciiDigit(text[at + 2])
            ? at + 3 : at;

    /// <summary><c>[\r\n]</c></summary>
    public static int NewLine(ReadOnlySpan<char> text, int at) => text[at] is '\r' or '\n' ? at + 1 : at;

    /// <summary><c>[\p{P}\$\+&lt;=&gt;\^~\|]+</c></summary>
    public static int Signs(ReadOnlySpan<char> text, int at) => SignRun(text, at, "$+<=>^~|");

    /// <summary><c>[\p{P}\$\+&lt;=&gt;\^~\|`]+</c></summary>
    public static int SignsAndBacktick(ReadOnlySpan<char> text, int at) => SignRun(text, at, "$+<=>^~|`");

    /// <summary><c>\s?\p{L}+</c></summary>
    public static int SpacedLetters(ReadOnlySpan<char> text, int at) => AfterSpace(text, at,
        static (text, at) => CharClasses.Run(text, at, Letter));

    /// <summary><c>\s?\p{P}+</c></summary>
    public static int SpacedPunctuation(ReadOnlySpan<char> text, int at) => AfterSpace(text, at,
        static (text, at) => CharClasses.Run(text, at, Punctuation));

    /// <summary><c>\s?[…]+</c> over <see cref="CharRanges.CasedLetters"/>.</summary>
    public static int SpacedCasedLetters(ReadOnlySpan<char> text, int at) => AfterSpace(text, at,
        static (text, at) => CharRanges.Run(text, at, CharRanges.CasedLetters));

    /// <summary><c>\s?[!-/:-~！-／：-～‘-‟　-。]+</c></summary>
    public static int SpacedWideSigns(ReadOnlySpan<char> text, int at) => AfterSpace(text, at,
        static (text, at) => CharRanges.Run(text, at, CharRanges.WideSigns));

    /// <summary><c>[一-龥ࠀ-一가-퟿]+</c></summary>
    public static int East(ReadOnlySpan<char> text, int at) => CharRanges.Run(text, at, CharRanges.East);

    private static int Gpt4o(ReadOnlySpan<char> text, int at, int digitsMax)
    {
        int end = CasedWord(text, at);
        return end > at ? Contraction(text, end, anyCase: true)
            : NumberSignOrSpace(text, at, digitsMax, slashes: true);
    }

    private static int LetterWords(ReadOnlySpan<char> text, int at, int digitsMax)
    {
        int end = Contraction(text, at, anyCase: true);
        if (end > at) return end;
        CharClass first = CharClasses.At(text, at, out int length);
        int word = (first & (Letter | Number | Newline)) == 0 ? at + length : at;
        end = CharClasses.Run(text, word, Letter);
        return end > word ? end : NumberSignOrSpace(text, at, digitsMax, slashes: false);
    }

    /// <summary><c>\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>, slashes:
    /// <c>[\r\n/]*</c>.</summary>
    internal static int NumberSignOrSpace(ReadOnlySpan<char> text, int at, int digitsMax, bool slashes)
    {
        int end = CharClasses.Run(text, at, Number, digitsMax);
        if (end > at) return end;
        int sign = text[at] == ' ' ? at + 1 : at;
        end = CharClasses.RunWithout(text, sign, Word);
        if (end > sign)
        {
            while (end < text.Length && (text[end] is '\r' or '\n' || (slashes && text[end] == '/'))) end++;
            return end;
        }
        return LinesOrSpaces(text, at);
    }

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c></summary>
    internal static int LinesOrSpaces(ReadOnlySpan<char> text, int at)
    {
        int spaces = CharClasses.Run(text, at, Space);
        int newline = text[at..spaces].LastIndexOfAny('\r', '\n');
        return newline >= 0 ? at + newline + 1 : Spaces(text, at);
    }

    /// <summary><c>\s+(?!\S)|\s+</c>: the whole run at the end of the text, else all but its last character.</summary>
    private static int Spaces(ReadOnlySpan<char> text, int at)
    {
        int end = CharClasses.Run(text, at, Space);
        return end == text.Length || end - at <= 1 ? end : end - 1;
    }

    internal static int CasedWord(ReadOnlySpan<char> text, int at)
    {
        CharClass first = CharClasses.At(text, at, out int length);
        int word = (first & (Letter | Number | Newline)) == 0 ? at + length : at;
        int end = UpperThenLower(text, word);
        if (end > word) return end;
        // A mark can be the optional first character or the word itself; regex order tries the former first.
        end = UpperThenLower(text, at);
        if (end > at) return end;
        int upper = CharClasses.Run(text, word, Upperish);
        return upper > word ? CharClasses.Run(text, upper, Lowerish) : at;
    }

    /// <summary><c>[U]*[L]+</c> with the backtracking that a regular expression does.</summary>
    private static int UpperThenLower(ReadOnlySpan<char> text, int at)
    {
        int upper = at, afterLastBoth = at;
        while (upper < text.Length)
        {
            CharClass found = CharClasses.At(text, upper, out int length);
            if ((found & Upperish) == 0) break;
            upper += length;
            if ((found & Lowerish) != 0) afterLastBoth = upper;
        }
        int end = CharClasses.Run(text, upper, Lowerish);
        return end > upper ? end : afterLastBoth;
    }

    internal static int Contraction(ReadOnlySpan<char> text, int at, bool anyCase)
    {
        if (at + 1 >= text.Length || text[at] != '\'') return at;
        int c = Fold(text[at + 1], anyCase);
        if (c is 's' or 't' or 'm' or 'd') return at + 2;
        int next = at + 2 < text.Length ? Fold(text[at + 2], anyCase) : 0;
        return (c, next) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? at + 3 : at;
    }

    private static int Fold(char c, bool anyCase) => anyCase && char.IsAsciiLetterUpper(c) ? c | 0x20 : c;

    private static int SignRun(ReadOnlySpan<char> text, int at, string alsoSigns)
    {
        while (at < text.Length)
        {
            bool sign = (CharClasses.At(text, at, out int length) & Punctuation) != 0;
            if (!sign && !alsoSigns.Contains(text[at])) break;
            at += length;
        }
        return at;
    }

    private static int AfterSpace(ReadOnlySpan<char> text, int at, Pattern run)
    {
        int end;
        if (char.IsWhiteSpace(text[at]) && at + 1 < text.Length && (end = run(text, at + 1)) > at + 1) return end;
        // U+3000 is a space and a member of WideSigns, so the run is tried from the space too.
        return run(text, at);
    }
}
