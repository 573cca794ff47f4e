using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Fuzz;
using Edge.Gguf;
using Edge.Models.Pack.Hub;
using Edge.Tests.Text;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>tokenizer.json of unigram models and WordPiece, against the ids of the library that reads them for
/// everyone else (scripts/golden/hub-tokenizers.js).</summary>
public sealed class HubTokenizerTests
{
    private static readonly JsonElement Fixture = Golden.Json("hub-tokenizers.json");

    /// <summary>Where the library is not SentencePiece, or a text already begins as all do.</summary>
    private static bool IsApart(string name, string text) => name switch
    {
        // White space that the map leaves parts words there; marks of its own merge with spaces; its map looks at a
        // space and the accent on it as one.
        "t5" or "xlm-roberta" => text.AsSpan().IndexOfAny("\v\u0085\u2581") >= 0
            || text.Contains("\u3000\u0301", StringComparison.Ordinal)
            || name == "xlm-roberta" && text.StartsWith("<s>", StringComparison.Ordinal), // not twice here
        // The spelling of a byte is that byte.
        "bytes-whole" or "bytes-words" => text.Contains("<0x41>", StringComparison.Ordinal),
        _ => text.TrimStart().StartsWith("[CLS]", StringComparison.Ordinal), // nor here
    };

    [Theory]
    [InlineData("t5", 240)]
    [InlineData("xlm-roberta", 240)]
    [InlineData("bytes-whole", 285)]
    [InlineData("bytes-words", 285)]
    [InlineData("bert-uncased", 293)]
    [InlineData("bert-cased", 293)]
    public void EncodeToIds_TokenizerJson_EqualsThoseOfTheLibrary(string name, int least)
    {
        JsonElement one = Case(name);
        var tokenizer = Tokenizer.FromGguf(Converted(one.GetProperty("tokenizer").GetRawText()));
        JsonElement[] texts = [.. Fixture.GetProperty("texts").EnumerateArray()];
        JsonElement[] rows = [.. one.GetProperty("ids").EnumerateArray()];
        var wrong = new List<string>();
        int compared = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            string text = texts[i].GetString()!;
            if (IsApart(name, text)) continue;
            compared++;
            int[] expected = [.. rows[i].EnumerateArray().Select(id => id.GetInt32())];
            IReadOnlyList<int> ids = tokenizer.EncodeToIds(text);
            if (!expected.SequenceEqual(ids))
                wrong.Add($"{JsonSerializer.Serialize(text)}: {string.Join(' ', ids)}, " +
                    $"not {string.Join(' ', expected)}");
        }
        Assert.True(compared >= least, $"{compared} texts");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}: {string.Join('\n', wrong.Take(5))}");
    }

    [Theory]
    [InlineData("t5", "a  temp 4.0 ", "a temp 4.0")]
    [InlineData("bytes-whole", " a  b\n", " a  b\n")]
    [InlineData("bytes-words", "the quick 🔥", "the quick 🔥")]
    [InlineData("bert-uncased", "The Sensor", "the sensor")]
    public void Decode_TokenizerJson_GivesTheText(string name, string text, string expected)
    {
        var tokenizer = Tokenizer.FromGguf(Converted(Case(name).GetProperty("tokenizer").GetRawText()));
        Assert.Equal(expected, tokenizer.Decode(tokenizer.EncodeToIds(text, addSpecial: false)).TrimStart(' ')
            is var decoded && expected.StartsWith(' ') ? " " + decoded : decoded);
    }

    [Theory]
    [InlineData("t5", "model", "unk_id", "1000", "1000 is not within 0 to")]
    [InlineData("t5", "model", "vocab", "[[\"a\"]]", "entry 0 is not a piece and its score")]
    [InlineData("t5", "model", "type", "\"WordLevel\"", "'WordLevel' is not supported here; known are BPE, Unigram")]
    [InlineData("t5", "", "normalizer", "{\"type\":\"NFKD\"}", "key 'normalizer': 'NFKD' is not supported here")]
    [InlineData("t5", "", "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"String\":\"``\"},\"content\":\"q\"}",
        "'Replace' is not supported here")]
    [InlineData("t5", "", "normalizer", "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true}",
        "merges spaces or strips them")]
    [InlineData("t5", "", "normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"}", "is no base64")]
    [InlineData("t5", "", "pre_tokenizer", "{\"type\":\"Whitespace\"}", "'Whitespace' is not supported here")]
    [InlineData("t5", "", "pre_tokenizer", "null", "does not say how spaces are spelled")]
    [InlineData("bytes-words", "", "pre_tokenizer", "{\"type\":\"Metaspace\",\"prepend_scheme\":\"always\"}",
        "Metaspace adds a space while spaces are not merged")]
    [InlineData("t5", "", "decoder", "{\"type\":\"CTC\"}", "key 'decoder': 'CTC' is not supported here")]
    [InlineData("t5", "", "post_processor", "{\"type\":\"ByteLevel\"}", "'ByteLevel' is not supported here")]
    [InlineData("t5", "", "post_processor",
        "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<x>\"}},{\"Sequence\":{}}]}",
        "'<x>' is no token of the vocabulary")]
    [InlineData("bert-cased", "", "normalizer", "{\"type\":\"Lowercase\"}", "is not BertNormalizer")]
    [InlineData("bert-cased", "", "pre_tokenizer", "{\"type\":\"Whitespace\"}", "is not BertPreTokenizer")]
    [InlineData("bert-cased", "normalizer", "clean_text", "false", "key 'clean_text': 'false' is not supported")]
    [InlineData("bert-cased", "model", "continuing_subword_prefix", "\"@@\"", "'@@' is not '##'")]
    [InlineData("bert-cased", "model", "max_input_chars_per_word", "64", "64 is not 100")]
    [InlineData("bert-cased", "model", "unk_token", "\"<none>\"", "'<none>' is no token of the vocabulary")]
    [InlineData("bert-cased", "", "decoder", "{\"type\":\"WordPiece\",\"prefix\":\"@@\"}", "is not WordPiece")]
    public void Read_StageThatCannotBeHonoured_IsRefusedByName(
        string name, string inside, string key, string value, string message)
    {
        JsonNode json = JsonNode.Parse(Case(name).GetProperty("tokenizer").GetRawText())!;
        (inside.Length > 0 ? json[inside]! : json)[key] = JsonNode.Parse(value);
        var error = Assert.Throws<ModelFolderException>(() => Converted(json.ToJsonString()));
        Assert.StartsWith("tokenizer.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ScoresThatNeedDoubles_KeepsThem()
    {
        JsonNode json = JsonNode.Parse(Case("bytes-words").GetProperty("tokenizer").GetRawText())!;
        json["model"]!["vocab"]![300]![1] = -7.1234567890123;
        Assert.Equal(-7.1234567890123, Converted(json.ToJsonString()).FindReals("tokenizer.ggml.scores")![300]);
    }

    [Theory]
    [InlineData("deepseek-llm", "[\r\n]", "\\s?[A-Za-z\u00B5\u00C0-\u00D6]+",
        "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+")]
    [InlineData("deepseek-coder", "[\r\n]", "\\s?\\p{L}+", "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+")]
    [InlineData("deepseek-v3", "\\p{N}{1,3}", "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+",
        "[!-~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+")]
    [InlineData("llama-bpe", "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}")]
    [InlineData("gpt-4o", "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}{1,3}")]
    public void Read_PatternsOfAFamily_NamesIt(string pre, params string[] patterns)
    {
        var stages = new JsonArray([.. patterns.Select(pattern => (JsonNode)new JsonObject
        {
            ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern },
        })]);
        stages.Add(new JsonObject { ["type"] = "ByteLevel", ["use_regex"] = false });
        var json = new JsonObject
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = stages },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["vocab"] = new JsonObject { ["a"] = 0 }, ["merges"] = new JsonArray(),
            },
        };
        GgufMetadata metadata = Converted(json.ToJsonString());
        Assert.Equal(pre, metadata.GetString("tokenizer.ggml.pre"));
        Assert.NotNull(PreTokenizer.Find(pre));
    }

    /// <summary>Read, or refused with its place; what is read makes a tokenizer, or is refused at its key.</summary>
    [Theory]
    [InlineData("t5", 150)]
    [InlineData("bytes-whole", 100)]
    [InlineData("bert-uncased", 150)]
    public void Read_MutatedTokenizerJson_IsReadOrRefusedWithItsPlace(string name, int count)
    {
        byte[] good = Encoding.UTF8.GetBytes(Case(name).GetProperty("tokenizer").GetRawText());
        byte[] other = Encoding.UTF8.GetBytes(Case("xlm-roberta").GetProperty("tokenizer").GetRawText()[..4000]);
        int vocabulary = Count(Encoding.UTF8.GetString(good)), refused = 0;
        var messages = new HashSet<string>();
        for (int seed = 0; seed < count; seed++)
        {
            var random = new Random(seed);
            byte[] bad = seed % 3 == 0 ? HubFaultTests.Digits(random, good) : Mutator.Mutate(random, good, other);
            try
            {
                Tokenizer.FromGguf(Converted(bad, "{}", vocabulary)).EncodeToIds("the <s> [CLS] fox 4.0\n\u0301");
            }
            catch (ModelFolderException e)
            {
                refused++;
                Assert.Equal("tokenizer.json", e.File);
                Assert.False(string.IsNullOrWhiteSpace(e.Place), e.Message);
                Assert.DoesNotContain(e.Message, c => char.IsControl(c));
                messages.Add(e.Message);
            }
            catch (GgufException e)
            {
                refused++; // a map of characters that does not hold together
                messages.Add(e.Message);
            }
        }
        Assert.True(refused > count / 10, $"{refused} of {count} refused");
        Assert.True(messages.Count > 2, string.Join('\n', messages));
    }

    /// <summary>The metadata that a packed file has of a tokenizer.json.</summary>
    internal static GgufMetadata Converted(string json, string config = "{}", int? vocabulary = null) =>
        Converted(Encoding.UTF8.GetBytes(json), config, vocabulary ?? Count(json));

    /// <summary>The same with further keys.</summary>
    internal static GgufMetadata Converted(string json, int vocabulary, Action<GgufWriter> more) =>
        Converted(Encoding.UTF8.GetBytes(json), "{}", vocabulary, more);

    private static GgufMetadata Converted(
        byte[] json, string config, int vocabulary, Action<GgufWriter>? more = null)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edge-hub-");
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "tokenizer.json"), json);
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer_config.json"), config);
            string path = Path.Combine(folder.FullName, "tokenizer.gguf");
            using (var writer = new GgufWriter(path))
            {
                new HubTokenizer(folder.FullName, vocabulary).Write(writer);
                more?.Invoke(writer);
                writer.Complete();
            }
            return GgufFile.Open(path).Metadata;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int Count(string json)
    {
        using var document = JsonDocument.Parse(json);
        JsonElement pieces = document.RootElement.GetProperty("model").GetProperty("vocab");
        return pieces.ValueKind == JsonValueKind.Array ? pieces.GetArrayLength() : pieces.EnumerateObject().Count();
    }

    private static JsonElement Case(string name) =>
        Fixture.GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);
}
