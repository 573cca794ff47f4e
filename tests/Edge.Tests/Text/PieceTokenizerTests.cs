using System.Text.Json;
using Edge.Gguf;
using Edge.Tests.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>What WordPiece and the unigram model promise beside parity: round trips, special tokens, time, and what a
/// file must have.</summary>
public sealed class PieceTokenizerTests
{
    [Theory]
    [InlineData("llama-unigram")]
    [InlineData("llama-unigram-without-prefix")]
    public void Decode_TenThousandRandomStringsOfAUnigramModel_AreThemselves(string name)
    {
        var tokenizer = new Tokenizer(PieceFixtures.SentencePiece(name).Metadata);
        var texts = new RandomText(11);
        int characters = 0;
        for (int i = 0; i < 10_000; i++)
        {
            // The one character that the format cannot keep: it spells the space.
            string text = texts.Next().Replace(ScorePairs.Space, '_');
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeToIds(text, addSpecial: false, parseSpecial: false)));
            characters += text.Length;
        }
        Assert.True(characters > 100_000);
    }

    [Theory]
    [InlineData("t5")]
    [InlineData("uncased")]
    [InlineData("cased")]
    public void EncodeToIds_DecodedTextOfAModelThatNormalizes_GivesTheSameIds(string name)
    {
        TokenizerMetadata metadata = name == "t5" ? PieceFixtures.SentencePiece(name).Metadata
            : PieceFixtures.WordPiece(name, hashes: false).Metadata;
        var tokenizer = new Tokenizer(metadata);
        long unknown = metadata.Ids[TokenizerMetadata.UnknownKey];
        var texts = new RandomText(12);
        int compared = 0;
        for (int i = 0; i < 10_000; i++)
        {
            int[] ids = [.. tokenizer.EncodeToIds(texts.Next(partsMax: 3), false, false)];
            // What is unknown leaves no text.
            if (ids.Length == 0 || ids.Contains((int)unknown)) continue;
            Assert.Equal(ids, tokenizer.EncodeToIds(tokenizer.Decode(ids), false, false));
            compared++;
        }
        Assert.True(compared > 500, $"{compared} texts without unknown tokens");
    }

    [Fact]
    public void EncodeToIds_WordPiece_StandsBetweenClassifierAndSeparator()
    {
        var tokenizer = new Tokenizer(PieceFixtures.WordPiece("uncased", hashes: false).Metadata);
        Assert.True(tokenizer.AddsBos && tokenizer.AddsEos && tokenizer.IsControl(2));
        IReadOnlyList<int> dog = tokenizer.EncodeToIds("dog", addSpecial: false);
        Assert.Equal([2, .. dog, 3], tokenizer.EncodeToIds("Dög"));
        Assert.Equal([2, .. dog, 3, .. dog, 3], tokenizer.EncodeToIds("[CLS]dog[SEP] DOG"));
        Assert.Equal("dog the dog", tokenizer.Decode(tokenizer.EncodeToIds("dog THE\tdog")));
        Assert.Equal(3, tokenizer.CountTokens("dog"));
    }

    [Fact]
    public void EncodeToIds_Unigram_EndsATextAndMergesUnknownsInARow()
    {
        var tokenizer = new Tokenizer(PieceFixtures.SentencePiece("t5").Metadata);
        Assert.True(tokenizer is { AddsBos: false, AddsEos: true, EosId: 2 });
        IReadOnlyList<int> unknown = tokenizer.EncodeToIds("\u1200\u1201", addSpecial: false);
        Assert.Equal(1, unknown.Count(id => id == 0));
        Assert.Equal([.. unknown, 2], tokenizer.EncodeToIds("\u1200\u1201"));
        Assert.Equal([2], tokenizer.EncodeToIds("   "));
    }

    [Theory]
    [InlineData("t5")]
    [InlineData("llama-unigram")]
    [InlineData("uncased")]
    public void EncodeToIds_QuarterMegabyteWithoutSpaces_TakesNoQuadraticTime(string name)
    {
        var tokenizer = new Tokenizer(name == "uncased" ? PieceFixtures.WordPiece(name, hashes: false).Metadata
            : PieceFixtures.SentencePiece(name).Metadata);
        var random = new Random(1);
        string text = string.Concat(Enumerable.Range(0, 1 << 18).Select(_ => (char)('a' + random.Next(26))));
        int tokens = tokenizer.CountTokens(text);
        Assert.InRange(tokens, 3, text.Length + 2);
        Assert.Equal(tokens, tokenizer.CountTokens(text));
    }

    [Fact]
    public void FromGguf_BertFile_ReadsItsOwnKeys()
    {
        (TokenizerMetadata metadata, JsonElement rows) = PieceFixtures.WordPiece("cased", hashes: false);
        Tokenizer tokenizer = Written(metadata, writer =>
        {
            writer.Set("tokenizer.ggml.normalizer.lowercase", false);
            writer.Set("tokenizer.ggml.cls_token_id", 2u);
            writer.Set("tokenizer.ggml.seperator_token_id", 3u);
            writer.Set("tokenizer.ggml.add_sep_token", true);
        });
        JsonElement row = rows[20];
        Assert.Equal([2, .. row.GetProperty("ids").Ids(), 3], tokenizer.EncodeToIds(PieceFixtures.TextOf(row)));
        // A file of early converters names no ids: the tokens say which they are.
        Assert.Equal([2, 3], Written(metadata, static _ => { }).EncodeToIds(" "));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FromGguf_UnigramFile_ReadsMapAndSpaces(bool signed)
    {
        (TokenizerMetadata metadata, JsonElement rows) = PieceFixtures.SentencePiece("t5");
        Tokenizer tokenizer = Written(metadata, writer =>
        {
            writer.Set("tokenizer.ggml.remove_extra_whitespaces", true);
            writer.Set("tokenizer.ggml.eos_token_id", 2u);
            byte[] map = metadata.CharsMap.ToArray();
            if (signed) writer.SetArray("tokenizer.ggml.precompiled_charsmap", Array.ConvertAll(map, b => (sbyte)b));
            else writer.SetArray("tokenizer.ggml.precompiled_charsmap", map);
        });
        foreach (JsonElement row in rows.EnumerateArray())
            Assert.Equal(row.GetProperty("ids").Ids(), tokenizer.EncodeToIds(PieceFixtures.TextOf(row), false, false));
        Assert.True(tokenizer is { AddsEos: true, EosId: 2 });
    }

    [Theory]
    [InlineData("scores", "2 scores for")]
    [InlineData("score", "score 9 is no finite number")]
    [InlineData("unknown", "no token for byte 0x00")]
    [InlineData("short", "3 bytes do not hold the array")]
    [InlineData("long", "do not hold the array")]
    [InlineData("cut", "its texts do not end")]
    [InlineData("text", "names a text behind the end")]
    public void Constructor_BadUnigramFile_IsRefusedByName(string what, string message)
    {
        TokenizerMetadata good = PieceFixtures.SentencePiece("t5").Metadata;
        byte[] map = good.CharsMap.ToArray();
        int array = BitConverter.ToInt32(map);
        TokenizerMetadata bad = what switch
        {
            "scores" => good with { Scores = [1, 2] },
            "score" => good with { Scores = [.. good.Scores.Select((s, id) => id == 9 ? double.NegativeInfinity : s)] },
            "unknown" => good with
            {
                Types = [1, .. good.Types!.Skip(1)], Ids = new Dictionary<string, long>(),
            },
            "short" => good with { CharsMap = map.AsMemory(0, 3) },
            "long" => good with { CharsMap = map.AsMemory(0, array) },
            "cut" => good with { CharsMap = map.AsMemory(0, map.Length - 1) },
            _ => good with { CharsMap = (byte[])[.. map.AsSpan(0, 4 + array), 0] },
        };
        var error = Assert.Throws<GgufException>(() => new Tokenizer(bad));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(77, error.ByteOffset);
    }

    [Fact]
    public void Constructor_WordPieceWithoutUnknown_IsRefusedByName()
    {
        TokenizerMetadata good = PieceFixtures.WordPiece("cased", hashes: true).Metadata;
        TokenizerMetadata bad = good with { Ids = new Dictionary<string, long>() };
        var error = Assert.Throws<GgufException>(() => new Tokenizer(bad));
        Assert.Contains("no token [UNK]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromGguf_SpacesBehindWords_AreRefusedByName()
    {
        TokenizerMetadata metadata = PieceFixtures.SentencePiece("t5").Metadata;
        var error = Assert.Throws<GgufException>(() => Written(metadata, writer =>
            writer.Set("tokenizer.ggml.treat_whitespace_as_suffix", true)));
        Assert.Contains("spaces behind words are not supported", error.Message, StringComparison.Ordinal);
        Assert.True(error.ByteOffset > 0);
    }

    private static Tokenizer Written(TokenizerMetadata metadata, Action<GgufWriter> more)
    {
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.Set("general.architecture", "bert");
            writer.Set("tokenizer.ggml.model", metadata.Model);
            writer.SetArray("tokenizer.ggml.tokens", [.. metadata.Tokens]);
            writer.SetArray<int>("tokenizer.ggml.token_type", [.. metadata.Types!.Select(type => (int)type)]);
            if (metadata.Scores.Count > 0)
                writer.SetArray<float>("tokenizer.ggml.scores", [.. metadata.Scores.Select(score => (float)score)]);
            more(writer);
            writer.Complete();
        }
        return Tokenizer.FromGguf(GgufFile.Open(file.Path).Metadata);
    }
}
