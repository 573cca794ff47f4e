using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>Our scanners against .NET's regular expressions of the published patterns.</summary>
public sealed class SplitterTests
{
    private const string Contractions = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Bloom = @" ?[^(\s|.,!?…。，、।۔،)]+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string East = "[一-龥\u0800-一가-\ud7ff]+";

    private static readonly Dictionary<string, string[]> Published = new()
    {
        ["gpt-2"] = [Gpt2],
        ["llama-bpe"] = [LetterWords(@"\p{N}{1,3}")],
        ["smaug-bpe"] = [LetterWords(@"\p{N}{1,3}")],
        ["qwen2"] = [LetterWords(@"\p{N}")],
        ["starcoder"] = [@"\p{N}", Gpt2],
        ["falcon"] = [@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"],
        ["default"] = [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"],
        ["deepseek-coder"] = [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", East, @"\p{N}"],
        ["deepseek-llm"] =
            [@"[\r\n]", @"\s?[" + CasedLetters() + "]+", @"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", @"\s+\z", East, @"\p{N}+"],
        ["deepseek-v3"] = [@"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+", "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + @"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
        ["bloom"] = [Bloom],
        ["viking"] = [Bloom, @"\p{N}"],
        ["tekken"] = [CaseWords("", @"\p{N}")],
        ["gpt-4o"] = [CaseWords($"(?:{Contractions})?", @"\p{N}{1,3}")],
        ["qwen35"] = [$@"(?:{Contractions})|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
            + @"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
        ["seed-coder"] = [$@"(?:{Contractions})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1}}"
            + @"| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"],
        ["minicpm5"] = [@"\p{N}{1,3}", LetterWords(@"\p{N}+")],
        ["youtu"] = ["[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+",
            CaseWords($"(?:{Contractions})?", @"\p{N}")],
        ["kimi-k2"] = [$"[{Han}]+|" + CaseWords($"(?:{Contractions})?", @"\p{N}{1,3}")
            .Replace("\\p{M}]", $"\\p{{M}}-[{Han}]]", StringComparison.Ordinal)
            .Replace(@"[\r\n/]*", @"[\r\n]*", StringComparison.Ordinal)],
    };

    /// <summary>Of the basic plane; <see cref="StandIn"/> puts U+9FFF for the others.</summary>
    private const string Han = "\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b"
        + "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9";

    public static TheoryData<string> Names => [.. PreTokenizer.Rows.Select(row => row.Names[0])];

    [Theory]
    [MemberData(nameof(Names))]
    public void Stages_RandomText_CutLikePublishedPattern(string name)
    {
        var texts = new RandomText(20 + name.Length);
        var cuts = new HashSet<int>();
        for (int i = 0; i < 2_000; i++)
        {
            string text = texts.Next();
            List<string> expected = Expected(text, Published[name]);
            List<string> actual = [];
            Cut(text, PreTokenizer.Find(name)!.Stages, 0, actual);
            Assert.Equal(expected, actual);
            cuts.Add(expected.Count);
        }
        Assert.True(cuts.Count > 10, "the texts have no variety");
    }

    [Fact]
    public void Find_LongRunsOfSpaces_TakesLinearTime()
    {
        // Quadratic scanning would take minutes: a quarter million spaces that no stage can consume at once.
        string text = "ف" + new string(' ', 250_000) + "ف";
        foreach (PreTokenizer row in PreTokenizer.Rows)
        {
            List<string> pieces = [];
            Cut(text, row.Stages, 0, pieces);
            Assert.Equal(text.Length, pieces.Sum(piece => piece.Length));
        }
    }

    /// <summary>bailingmoe's pattern, which its row does not spell: possessive, and one line end after
    /// spaces.</summary>
    [Fact]
    public void Find_Bailingmoe_CutsLikeItsOwnPattern()
    {
        const string Own = @"'(?i:[sdmt]|ll|ve|re)|(?>[^\r\n\p{L}\p{N}]?)\p{L}+|\p{N}|(?> ?[^\s\p{L}\p{N}]+)[\r\n]*|"
            + @"\s*[\r\n]|\s+(?!\S)|\s+";
        var texts = new RandomText(77);
        for (int i = 0; i < 2_000; i++)
        {
            string text = texts.Next();
            List<string> actual = [];
            Cut(text, PreTokenizer.Find("bailingmoe")!.Stages, 0, actual);
            Assert.Equal(Expected(text, [Own]), actual);
        }
    }

    [Theory]
    [InlineData("midm-2.0", "llama-bpe")]
    [InlineData("jina-v5-nano", "llama-bpe")]
    [InlineData("a.x-4.0", "gpt-2")]
    [InlineData("modern-bert", "gpt-2")]
    [InlineData("granite-docling", "gpt-2")]
    [InlineData("kormo", "qwen2")]
    [InlineData("hunyuan", "qwen2")]
    [InlineData("solar-open", "qwen2")]
    [InlineData("grok-2", "qwen2")]
    [InlineData("bailingmoe2", "qwen2")]
    [InlineData("llada-moe", "qwen2")]
    [InlineData("hunyuan-dense", "deepseek-v3")]
    [InlineData("joyai-llm", "deepseek-v3")]
    [InlineData("kanana2", "gpt-4o")]
    [InlineData("minimax-m2", "gpt-4o")]
    public void Find_NameOfTheSamePattern_IsTheSameRow(string name, string row) =>
        Assert.Same(PreTokenizer.Find(row), PreTokenizer.Find(name));

    [Fact]
    public void Rows_Names_StandOnce()
    {
        List<string> names = [.. PreTokenizer.Rows.SelectMany(row => row.Names)];
        Assert.Equal(names.Distinct(), names);
    }

    private static string LetterWords(string numbers) =>
        $@"(?:{Contractions})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{numbers}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static string CaseWords(string suffix, string numbers) =>
        $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{suffix}|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{suffix}|{numbers}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Basic-plane part of the published list; the rest is projected onto it by
    /// <see cref="StandIn"/>.</summary>
    private static string CasedLetters() =>
        "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿ\u01c4-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿ\u0386\u0388-\u038a\u038c\u038e-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
        + "\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57"
        + "\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4"
        + "\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb"
        + "\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc"
        + "ℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ";

    private static List<string> Expected(string text, string[] patterns)
    {
        // .NET matches UTF-16 units, so characters above U+FFFF are replaced by one of their kind and put back
        // afterwards.
        Rune[] runes = [.. text.EnumerateRunes()];
        List<string> pieces = [string.Concat(runes.Select(StandIn))];
        foreach (string pattern in patterns) pieces = [.. pieces.SelectMany(piece => Isolate(piece, pattern))];
        int at = 0;
        return [.. pieces.Select(piece =>
            string.Concat(runes[at..(at += piece.Length)].Select(rune => rune.ToString())))];
    }

    private static IEnumerable<string> Isolate(string piece, string pattern)
    {
        int at = 0;
        foreach (Match match in Regex.Matches(piece, pattern, RegexOptions.CultureInvariant))
        {
            if (match.Index > at) yield return piece[at..match.Index];
            yield return match.Value;
            at = match.Index + match.Length;
        }
        if (at < piece.Length) yield return piece[at..];
    }

    private static char StandIn(Rune rune) => rune.IsBmp ? (char)rune.Value : rune.Value switch
    {
        // In deepseek-llm's list.
        (>= 0x10400 and <= 0x1044F) or (>= 0x104B0 and <= 0x104D3) or (>= 0x104D8 and <= 0x104FB)
            or (>= 0x10C80 and <= 0x10CB2) or (>= 0x10CC0 and <= 0x10CF2) or (>= 0x118A0 and <= 0x118DF)
            or (>= 0x1E900 and <= 0x1E943) =>
                Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter ? 'Д' : 'д',
        // Chinese, and outside the ranges that end at U+9FA5.
        (>= 0x16FE2 and <= 0x16FE3) or (>= 0x16FF0 and <= 0x16FF1) or (>= 0x20000 and <= 0x2A6DF)
            or (>= 0x2A700 and <= 0x2B739) or (>= 0x2B740 and <= 0x2B81D) or (>= 0x2B820 and <= 0x2CEA1)
            or (>= 0x2CEB0 and <= 0x2EBE0) or (>= 0x2EBF0 and <= 0x2EE5D) or (>= 0x2F800 and <= 0x2FA1D)
            or (>= 0x30000 and <= 0x3134A) or (>= 0x31350 and <= 0x323AF)
                when Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherLetter => '\u9fff',
        _ => Rune.GetUnicodeCategory(rune) switch
        {
            // Letters outside that list and outside the Chinese and Korean ranges.
            UnicodeCategory.UppercaseLetter => '\ua790',
            UnicodeCategory.LowercaseLetter => 'ՠ',
            UnicodeCategory.ModifierLetter => 'ˆ',
            UnicodeCategory.OtherLetter => 'ف',
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark => '\u0301',
            UnicodeCategory.EnclosingMark => '\u0488',
            UnicodeCategory.DecimalDigitNumber => '٣',
            UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '½',
            UnicodeCategory.OtherPunctuation or UnicodeCategory.DashPunctuation => '؟',
            UnicodeCategory.OtherNotAssigned => '\u0378',
            UnicodeCategory.PrivateUse => '\ue000',
            _ => '¦',
        },
    };

    private static void Cut(ReadOnlySpan<char> piece, IReadOnlyList<SplitStage> stages, int stage, List<string> pieces)
    {
        if (piece.IsEmpty) return;
        if (stage == stages.Count) { pieces.Add(piece.ToString()); return; }
        for (int at = 0; at < piece.Length;)
        {
            (int start, int end) = stages[stage].Find(piece, at);
            Cut(piece[at..start], stages, stage + 1, pieces);
            Cut(piece[start..end], stages, stage + 1, pieces);
            at = end;
        }
    }
}
