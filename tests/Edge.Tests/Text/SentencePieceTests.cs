using System.Text.Json;
using Edge.Gguf;
using Edge.Tests.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>SentencePiece's BPE against a naive encoder in Python over a corpus of scripts, emoji, marks, spaces and
/// controls (scripts/golden/sentencepiece-vocabulary.py).</summary>
public sealed class SentencePieceTests
{
    private static readonly JsonElement Reference = Golden.Json("sentencepiece.json");

    private static TokenizerMetadata Metadata { get; } = new()
    {
        Model = TokenizerMetadata.SentencePiece,
        Tokens = [.. Reference.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)],
        Types = [.. Reference.GetProperty("types").EnumerateArray().Select(type => type.GetInt64())],
        Scores = [.. Reference.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble())],
        Ids = new Dictionary<string, long>
        {
            [TokenizerMetadata.BosKey] = 1, [TokenizerMetadata.EosKey] = 2, [TokenizerMetadata.UnknownKey] = 0,
        },
    };

    [Theory]
    [InlineData(true, "ids")]
    [InlineData(false, "plain")]
    public void EncodeToIds_ParityCorpus_EqualIds(bool prefix, string column)
    {
        var tokenizer = new Tokenizer(Metadata with { AddSpacePrefix = prefix });
        Assert.InRange(Reference.GetProperty("rows").GetArrayLength(), 200, 1000);
        foreach (JsonElement row in Reference.GetProperty("rows").EnumerateArray())
        {
            string text = row.GetProperty("text").GetString()!;
            Assert.Equal(row.GetProperty(column).Ids(),
                tokenizer.EncodeToIds(text, addSpecial: false, parseSpecial: false));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Decode_TenThousandRandomStrings_AreThemselves(bool prefix)
    {
        var tokenizer = new Tokenizer(Metadata with { AddSpacePrefix = prefix });
        var texts = new RandomText(9);
        int tokens = 0, characters = 0;
        for (int i = 0; i < 10_000; i++)
        {
            // The one character that the format cannot keep: it spells the space.
            string text = texts.Next().Replace(ScorePairs.Space, '_');
            IReadOnlyList<int> ids = tokenizer.EncodeToIds(text, addSpecial: false, parseSpecial: false);
            Assert.Equal(text, tokenizer.Decode(ids));
            tokens += ids.Count;
            characters += text.Length;
        }
        Assert.True(characters > 100_000 && tokens > 0);
    }

    [Fact]
    public void EncodeToIds_SpecialTokens_AreParsedAndFollowedByASpace()
    {
        var tokenizer = new Tokenizer(Metadata);
        Assert.True(tokenizer.AddsBos && !tokenizer.AddsEos);
        IReadOnlyList<int> dog = tokenizer.EncodeToIds("dog", addSpecial: false);
        Assert.Equal([1, .. dog, 2, .. dog], tokenizer.EncodeToIds("dog</s>dog"));
        Assert.Equal("dog dog", tokenizer.Decode([1, .. dog, 2, .. dog]));
        Assert.True(tokenizer.EncodeToIds("</s>", parseSpecial: false).Count > 2);
        Assert.Empty(tokenizer.EncodeToIds("", addSpecial: false));
    }

    [Fact]
    public void TokenBytes_ByteTokens_AreBytesAndStreamAsCharacters()
    {
        var tokenizer = new Tokenizer(Metadata);
        Assert.Equal([0xF0], tokenizer.TokenBytes(3 + 0xF0).ToArray());
        IReadOnlyList<int> ids = tokenizer.EncodeToIds("🔥", addSpecial: false);
        Assert.Equal(" 🔥", Stream(tokenizer, ids));
        Assert.Equal("\ufffd", tokenizer.Decode([3 + 0x9F]));
    }

    [Fact]
    public void EncodeToIds_QuarterMegabyteWithoutSpaces_TakesNoQuadraticTime()
    {
        var tokenizer = new Tokenizer(Metadata);
        var random = new Random(1);
        string text = string.Concat(Enumerable.Range(0, 1 << 18).Select(_ => (char)('a' + random.Next(26))));
        Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
        text = new string(ScorePairs.Space, 1 << 18);
        Assert.Equal(text.Length, tokenizer.Decode(tokenizer.EncodeToIds(text)).Length);
    }

    [Fact]
    public void FromGguf_LlamaFile_ReadsScoresAndSpacePrefix()
    {
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.Set("general.architecture", "llama");
            writer.Set("tokenizer.ggml.model", "llama");
            writer.SetArray("tokenizer.ggml.tokens", [.. Metadata.Tokens]);
            writer.SetArray<int>("tokenizer.ggml.token_type", [.. Metadata.Types!.Select(type => (int)type)]);
            writer.SetArray<float>("tokenizer.ggml.scores", [.. Metadata.Scores.Select(score => (float)score)]);
            writer.Set("tokenizer.ggml.bos_token_id", 1u);
            writer.Set("tokenizer.ggml.add_space_prefix", false);
            writer.Complete();
        }
        Tokenizer tokenizer = Tokenizer.FromGguf(GgufFile.Open(file.Path).Metadata);
        JsonElement row = Reference.GetProperty("rows")[9];
        Assert.Equal([1, .. row.GetProperty("plain").Ids()],
            tokenizer.EncodeToIds(row.GetProperty("text").GetString()!));
    }

    [Fact]
    public void Constructor_BadFile_IsRefusedByName()
    {
        var e = Assert.Throws<GgufException>(() => new Tokenizer(Metadata with { Scores = [1, 2] }));
        Assert.Contains("2 scores for", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<GgufException>(() => new Tokenizer(Metadata with
        {
            Tokens = [.. Metadata.Tokens.Select((token, id) => id == 13 ? "<0xZZ>" : token)],
        }));
        Assert.Contains("token 13 should be a byte", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<GgufException>(() => new Tokenizer(Metadata with
        {
            Types = [.. Metadata.Types!.Select((type, id) => id == 13 ? 1 : type)],
            Ids = new Dictionary<string, long>(),
        }));
        Assert.Contains("no token for byte 0x0A", e.Message, StringComparison.Ordinal);
    }

    private static string Stream(Tokenizer tokenizer, IReadOnlyList<int> ids)
    {
        var detokenizer = new StreamingDetokenizer(tokenizer);
        var buffer = new char[detokenizer.MaxCharsPerToken];
        string text = "";
        foreach (int id in ids) text += new string(buffer, 0, detokenizer.Append(id, buffer));
        return text;
    }
}
