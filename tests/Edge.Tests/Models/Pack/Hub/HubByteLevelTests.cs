using System.Text.Json.Nodes;
using Edge.Gguf;
using Edge.Models.Pack.Hub;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>tokenizer.json of byte-level BPE: every stage is carried over, or refused by name.</summary>
public sealed class HubByteLevelTests
{
    private const string Endings = "(?i:'s|'t|'re|'ve|'m|'ll|'d)", Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|" + Lines;
    private const string Lines = @"\s*[\r\n]+|\s+(?!\S)|\s+", Before = @"[^\r\n\p{L}\p{N}]?";
    private const string Llama3 = Endings + "|" + Before + @"\p{L}+|\p{N}{1,3}|" + Rest;
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    /// <summary>As they are published.</summary>
    public static TheoryData<string, bool, string[]> Published() => new()
    {
        { "llama-bpe", true, [Llama3] },
        { "smaug-bpe", false, [Llama3] }, // Phi 4, OLMo 2, Granite 4
        { "qwen2", false, [Endings + "|" + Before + @"\p{L}+|\p{N}|" + Rest] },
        { "qwen35", false, [Endings + "|" + Before + @"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Lines] },
        { "seed-coder", false, [@"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|" + Before +
            @"\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Lines] },
        { "tekken", true, [$"{Before}{Upper}*{Lower}+|{Before}{Upper}+{Lower}*|" +
            @"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Lines] },
        { "gpt-4o", false, [$"{Before}{Upper}*{Lower}+{Endings}?|{Before}{Upper}+{Lower}*{Endings}?|" +
            @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Lines] },
        { "deepseek-coder", false, ["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[一-龥ࠀ-一가-\uD7FF]+", @"\p{N}"] },
        { "deepseek-v3", false, [@"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
            """[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+""" +
            @"| ?[\p{P}\p{S}]+[\r\n]*|" + Lines] },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Convert_PublishedPattern_GetsItsName(string name, bool ignoresMerges, string[] patterns)
    {
        JsonObject json = Small(patterns);
        json["model"]!["ignore_merges"] = ignoresMerges;
        GgufMetadata metadata = Converted(json);
        Assert.Equal(name, metadata.GetString("tokenizer.ggml.pre"));
        Assert.Equal(ignoresMerges, PreTokenizer.Find(name)!.WholeWords); // what the name alone means
        Assert.Null(metadata.FindBool("edge.tokenizer.ignore_merges"));
        json["model"]!["ignore_merges"] = !ignoresMerges;
        Assert.Equal(name is "llama-bpe" or "smaug-bpe" ? null : !ignoresMerges,
            Converted(json).FindBool("edge.tokenizer.ignore_merges"));
    }

    [Theory]
    [InlineData(true, true, "starcoder")]
    [InlineData(false, true, "gpt-2")]
    public void Convert_OwnPatternOfByteLevel_GetsItsName(bool digits, bool usesRegex, string name)
    {
        JsonObject json = Small([]);
        var stages = new JsonArray();
        if (digits) stages.Add(new JsonObject { ["type"] = "Digits", ["individual_digits"] = true });
        stages.Add(new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = usesRegex });
        json["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = stages };
        Assert.Equal(name, Converted(json).GetString("tokenizer.ggml.pre"));
    }

    [Fact]
    public void EncodeToIds_IgnoreMerges_IsAsTheModelSays()
    {
        JsonObject json = Small([Llama3]);
        int Id(string token) => json["model"]!["vocab"]![token]!.GetValue<int>();
        // abc is a token, and the merges never come to it.
        Assert.Equal([Id("a"), Id("bc")], Ids(json, "abc"));
        json["model"]!["ignore_merges"] = true;
        Assert.Equal([Id("abc")], Ids(json, "abc"));
        object[] row = Published().Select(one => (object[])one).First(one => one[0] is "gpt-4o");
        JsonObject other = Small((string[])row[2]);
        other["model"]!["ignore_merges"] = true;
        Assert.Equal([Id("abc")], Ids(other, "abc"));
    }

    [Fact]
    public void EncodeToIds_Nfc_ComposesFirst()
    {
        JsonObject json = Small([Llama3]);
        Assert.Equal(3, Ids(json, "e\u0301").Count); // e and two bytes
        json["normalizer"] = new JsonObject { ["type"] = "NFC" };
        int composed = json["model"]!["vocab"]!["Ã©"]!.GetValue<int>();
        Assert.Equal([composed], Ids(json, "e\u0301"));
        Assert.Equal([composed], Ids(json, "\u00E9"));
        json["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray() };
        Assert.Equal(3, Ids(json, "e\u0301").Count);
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(null, "<|b|>", true)]
    [InlineData(false, "<|b|>", false)]
    [InlineData(true, null, true)]
    public void EncodeToIds_Bos_IsTheConfigsOrThePostProcessors(bool? config, string? before, bool adds)
    {
        JsonObject json = Small([Llama3]);
        if (before is not null)
            json["post_processor"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["processors"] = new JsonArray(new JsonObject { ["type"] = "ByteLevel", ["trim_offsets"] = false },
                    new JsonObject
                    {
                        ["type"] = "TemplateProcessing",
                        ["single"] = new JsonArray(
                            new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = before } },
                            new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A" } }),
                    }),
            };
        var settings = new JsonObject { ["eos_token"] = "<|e|>" };
        // The post-processor alone is enough to know the token.
        if (before is null) settings["bos_token"] = "<|b|>";
        if (config is not null) settings["add_bos_token"] = config;
        var tokenizer = Tokenizer.FromGguf(Converted(json, settings.ToJsonString()));
        Assert.Equal(adds ? 4 : 3, tokenizer.EncodeToIds("c-a").Count);
        Assert.Equal(adds, tokenizer.AddsBos);
        if (adds) Assert.Equal("<|b|>", tokenizer.TokenText(tokenizer.EncodeToIds("c-a")[0]));
        Assert.False(tokenizer.AddsEos);
    }

    [Theory]
    [InlineData("generation_config.json", "{\"eos_token_id\": [93, 5, 7, 1000]}", new[] { 5, 7, 93, 261 })]
    [InlineData("generation_config.json", "{\"eos_token_id\": 7}", new[] { 7, 261 })]
    [InlineData("generation_config.json", "{}", new[] { 261 })]
    [InlineData("config.json", "{\"eos_token_id\": [7, 261]}", new[] { 7, 261 })]
    [InlineData("config.json", "{\"text_config\": {\"eos_token_id\": [7, 8]}}", new[] { 7, 8, 261 })]
    public void IsEndOfGeneration_TokensOfTheFolder_AllEndAReply(string file, string text, int[] expected)
    {
        var tokenizer = Tokenizer.FromGguf(HubTokenizerTests.Converted(Small([Llama3]).ToJsonString(),
            """{"eos_token": "<|e|>"}""", 262, (file, text)));
        Assert.Equal(expected, Enumerable.Range(0, 262).Where(tokenizer.IsEndOfGeneration));
        Assert.Equal(261, tokenizer.EosId);
    }

    [Fact]
    public void Convert_EndThatIsNoId_IsRefused()
    {
        var error = Assert.Throws<ModelFolderException>(() => HubTokenizerTests.Converted(
            Small([Llama3]).ToJsonString(), "{}", 262, ("generation_config.json", """{"eos_token_id": ["a"]}""")));
        Assert.Contains("generation_config.json, key 'eos_token_id'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("normalizer", "{\"type\":\"Lowercase\"}", "key 'normalizer': 'Lowercase' is not supported")]
    [InlineData("normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"NFKC\"}]}",
        "key 'normalizer': 'NFKC' is not supported")]
    [InlineData("decoder", "{\"type\":\"Metaspace\"}", "key 'decoder': 'Metaspace' is not supported")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing2\"}", "key 'post_processor': 'BertProcessing2' is not")]
    [InlineData("pre_tokenizer", "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}",
        "key 'add_prefix_space': 'true' is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\"}," +
        "{\"type\":\"ByteLevel\"}]}", "'Punctuation' is none of those known here")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"," +
        "\"individual_digits\":false},{\"type\":\"ByteLevel\"}]}", "'Digits' is none of those known here")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"," +
        "\"individual_digits\":true}]}", "has no ByteLevel")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"}}", "key 'pattern': is no Regex")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"MergedWithNext\"}",
        "key 'behavior': 'MergedWithNext' with invert 'False' is not supported")]
    [InlineData("pre_tokenizer", "null", "has no ByteLevel")]
    public void Convert_StageThatCannotBeSaid_IsRefusedByName(string key, string value, string message)
    {
        JsonObject json = Small([Llama3]);
        json[key] = JsonNode.Parse(value);
        var error = Assert.Throws<ModelFolderException>(() => Converted(json));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\p{N}{1,3}|[^\r\n\p{L}\p{N}]?XYZ")]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}|" + Rest)]
    public void Convert_UnknownPattern_IsRefusedWithIt(string pattern)
    {
        var error = Assert.Throws<ModelFolderException>(() => Converted(Small([pattern])));
        Assert.Contains("none of those known here: " + pattern, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Convert_OptionOfTheModel_IsRefusedByName()
    {
        JsonObject json = Small([Llama3]);
        json["model"]!["end_of_word_suffix"] = "</w>";
        Assert.Contains("key 'end_of_word_suffix'",
            Assert.Throws<ModelFolderException>(() => Converted(json)).Message, StringComparison.Ordinal);
        json = Small([Llama3]);
        json["model"]!["dropout"] = 0.1;
        Assert.Contains("key 'dropout'",
            Assert.Throws<ModelFolderException>(() => Converted(json)).Message, StringComparison.Ordinal);
    }

    /// <summary>Bytes, bc, abc (which no merge makes first), é, two controls.</summary>
    private static JsonObject Small(string[] patterns)
    {
        var vocabulary = new JsonObject();
        for (int b = 0; b < 256; b++) vocabulary[ByteAlphabet.Spell((byte)b).ToString()] = b;
        foreach (string token in (string[])["bc", "abc", "Ã©", "ab"]) vocabulary[token] = vocabulary.Count;
        var stages = new JsonArray();
        foreach (string pattern in patterns)
            stages.Add(new JsonObject
            {
                ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern },
                ["behavior"] = "Isolated", ["invert"] = false,
            });
        stages.Add(new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false });
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                new JsonObject { ["id"] = 260, ["content"] = "<|b|>", ["special"] = true },
                new JsonObject { ["id"] = 261, ["content"] = "<|e|>", ["special"] = true }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = stages },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray("b c", "Ã ©", "a b"),
            },
        };
    }

    private static GgufMetadata Converted(JsonObject json, string config = "{}") =>
        HubTokenizerTests.Converted(json.ToJsonString(), config, 262);

    private static IReadOnlyList<int> Ids(JsonObject json, string text) =>
        Tokenizer.FromGguf(Converted(json)).EncodeToIds(text);
}
