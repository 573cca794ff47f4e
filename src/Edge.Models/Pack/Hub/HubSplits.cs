using System.Text;

namespace Edge.Models.Pack.Hub;

/// <summary>The ways to cut a text that model folders have, by their published regular expressions, and their names in
/// GGUF files.</summary>
/// <param name="Name">The value of tokenizer.ggml.pre.</param>
/// <param name="IgnoresMerges">What readers of GGUF files take for the model's ignore_merges under that name.</param>
/// <param name="Stages">Regular expressions, one after another.</param>
/// <remarks>Source: the tokenizer.json of GPT-2, SmolLM, Llama 3, GPT-4 (and Phi 4, OLMo 2), Qwen 2 and 3.5,
/// Seed-Coder, MiniCPM 5, Mistral Nemo, GPT-4o (and gpt-oss), DeepSeek's coder, V2 and V3.</remarks>
internal sealed record HubSplits(string Name, bool IgnoresMerges, params string[] Stages)
{
    /// <summary>How ByteLevel's own regular expression, and Digits one by one, are written as stages.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    public const string Digits = @"\p{N}";

    private const string Endings = "(?i:'s|'t|'re|'ve|'m|'ll|'d)", Three = @"\p{N}{1,3}";
    private const string Lines = @"\s*[\r\n]+|\s+(?!\S)|\s+", Signs = @" ?[^\s\p{L}\p{N}]+[\r\n]*";
    private const string Llama3 = $@"{Endings}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{Three}|{Signs}|{Lines}";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Before = @"[^\r\n\p{L}\p{N}]?", Slashes = @" ?[^\s\p{L}\p{N}]+[\r\n/]*";
    // DeepSeek's: everything from U+0800 to the Chinese, with Korean syllables; Chinese with kana.
    private const string East = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
    private const string Kana = "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";
    private const string WideSigns = "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";
    private const string Cased = "\\s?[" +
        "A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF" +
        "\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5" +
        "\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA" +
        "\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45" +
        "\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE" +
        "\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC" +
        "\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139" +
        "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3" +
        "\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06" +
        "\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\U00010400-\U0001044F\U000104B0-\U000104D3" +
        "\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0-\U00010CF2\U000118A0-\U000118DF" +
        "\U0001E900-\U0001E943" +
        "]+";

    public static IReadOnlyList<HubSplits> Table { get; } =
    [
        new("gpt-2", false, Gpt2),
        new("starcoder", false, Digits, Gpt2),
        new("llama-bpe", true, Llama3),
        new("smaug-bpe", false, Llama3),
        new("qwen2", false, $@"{Endings}|{Before}\p{{L}}+|\p{{N}}|{Signs}|{Lines}"),
        new("qwen35", false,
            $@"{Endings}|{Before}[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{Lines}"),
        new("seed-coder", false, $@"{Endings}|{Before}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{Lines}"),
        new("minicpm5", true, Three, $@"{Endings}|{Before}\p{{L}}+|\p{{N}}+|{Signs}|{Lines}"),
        new("tekken", true, $@"{Before}{Upper}*{Lower}+|{Before}{Upper}+{Lower}*|\p{{N}}|{Slashes}|{Lines}"),
        new("gpt-4o", false,
            $@"{Before}{Upper}*{Lower}+{Endings}?|{Before}{Upper}+{Lower}*{Endings}?|{Three}|{Slashes}|{Lines}"),
        new("deepseek-coder", false, @"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", East, Digits),
        new("deepseek-llm", false, @"[\r\n]", Cased, WideSigns, @"\s+$", East, Digits),
        new("deepseek-v3", false, Three, Kana, """[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+""" +
            @"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + Lines),
    ];

    /// <summary>The row of these stages: of two that differ in ignore_merges alone, the one that has it as asked; null
    /// where no row has them.</summary>
    public static HubSplits? Find(List<string> stages, bool ignoresMerges)
    {
        HubSplits? found = null;
        foreach (HubSplits row in Table)
            if (stages.Count == row.Stages.Length && stages.SequenceEqual(row.Stages))
                found = found is null || row.IgnoresMerges == ignoresMerges ? row : found;
        return found;
    }

    /// <summary>A regular expression as the table has it: spellings that cannot make a difference are made
    /// one.</summary>
    public static string Normal(string regex) => new StringBuilder(regex)
        .Replace("\r", @"\r").Replace("\n", @"\n")
        .Replace("(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])", Endings)
        .Replace("'(?i:[sdmt]|ll|ve|re)", Endings)
        .Replace(@"\p{N}{1}", @"\p{N}")
        // Nothing that follows could begin earlier: the possessive ones take the same.
        .Replace(@"]?+\p{L}+", @"]?\p{L}+").Replace(@"\p{N}]++[\r\n]*", @"\p{N}]+[\r\n]*").ToString();
}
