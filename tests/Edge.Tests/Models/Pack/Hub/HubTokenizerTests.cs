using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary><paramref name="apart"/>: texts with white space that the map of characters leaves, which the library
    /// parts words at, or strips, and SentencePiece does not.</summary>
    [Theory]
    [InlineData("t5", true)]
    [InlineData("xlm-roberta", true)]
    [InlineData("bytes-whole", false)]
    [InlineData("bytes-words", false)]
    [InlineData("bert-uncased", false)]
    [InlineData("bert-cased", false)]
    public void EncodeToIds_TokenizerJson_EqualsThoseOfTheLibrary(string name, bool apart)
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
            if (apart && text.AsSpan().IndexOfAny('\v', '\u0085') >= 0) continue;
            compared++;
            int[] expected = [.. rows[i].EnumerateArray().Select(id => id.GetInt32())];
            IReadOnlyList<int> ids = tokenizer.EncodeToIds(text);
            if (!expected.SequenceEqual(ids))
                wrong.Add($"{JsonSerializer.Serialize(text)}: {string.Join(' ', ids)} for {string.Join(' ', expected)}");
        }
        Assert.True(compared > 250, $"{compared} texts");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}: {string.Join('\n', wrong.Take(5))}");
    }

    [Theory]
    [InlineData("t5", "a  temp 4.0C ", "a temp 4.0C")]
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
    [InlineData("bert-cased", "", "decoder", "{\"type\":\"WordPiece\",\"prefix\":\"@@\"}", "is not WordPiece with '##'")]
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

    /// <summary>The metadata that a packed file has of a tokenizer.json.</summary>
    internal static GgufMetadata Converted(string json, string config = "{}", int? vocabulary = null)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edge-hub-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer.json"), json);
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer_config.json"), config);
            string path = Path.Combine(folder.FullName, "tokenizer.gguf");
            using (var writer = new GgufWriter(path))
            {
                new HubTokenizer(folder.FullName, vocabulary ?? Count(json)).Write(writer);
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
