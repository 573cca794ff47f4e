using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>WordPiece against a naive reading of BERT's tokenizer, unigram and BPE against SentencePiece itself
/// (scripts/golden/word-pieces.py, sentencepiece-models.py), over one corpus with invalid UTF-8 in it.</summary>
public sealed class PieceParityTests
{
    [Theory]
    [InlineData("t5")]
    [InlineData("llama-unigram")]
    [InlineData("llama-unigram-without-prefix")]
    [InlineData("llama-bpe")]
    public void EncodeToIds_SentencePieceCorpus_EqualIds(string name)
    {
        (TokenizerMetadata metadata, JsonElement rows) = PieceFixtures.SentencePiece(name);
        AssertEqualIds(new Tokenizer(metadata), rows);
    }

    [Theory]
    [InlineData("uncased", true)]
    [InlineData("uncased", false)]
    [InlineData("cased", true)]
    [InlineData("cased", false)]
    public void EncodeToIds_WordPieceCorpus_EqualIds(string name, bool hashes)
    {
        (TokenizerMetadata metadata, JsonElement rows) = PieceFixtures.WordPiece(name, hashes);
        AssertEqualIds(new Tokenizer(metadata), rows);
    }

    [Fact]
    public void Decompositions_EveryCharacter_EqualThoseOfPython()
    {
        var left = new StringBuilder();
        var parts = new Rune[BertText.PartsMax];
        int characters = 0;
        for (int value = 0; value < 0x110000; value++)
        {
            if (!Rune.IsValid(value)) continue;
            var rune = new Rune(value);
            int count = Decompositions.Of(rune, parts);
            if (count == 1 && parts[0] == rune) continue;
            left.Append(rune);
            foreach (Rune part in parts.AsSpan(0, count)) left.Append(part);
            characters++;
        }
        Assert.Equal(PieceFixtures.WordPieces.GetProperty("stripped_characters").GetInt32(), characters);
        Assert.Equal(PieceFixtures.WordPieces.GetProperty("stripped_sha256").GetString(),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(left.ToString()))));
    }

    [Theory]
    [InlineData("80", "\ufffd")]
    [InlineData("61ff62", "a\ufffdb")]
    [InlineData("e28261", "\ufffda")]
    [InlineData("f09f9841", "\ufffdA")]
    [InlineData("eda080", "\ufffd\ufffd\ufffd")]
    public void Decode_BytesThatAreNoUtf8_AreReplacedAsPythonDoes(string hex, string text)
    {
        // Byte tokens of a SentencePiece vocabulary, and single bytes of a byte-level one.
        TokenizerMetadata metadata = PieceFixtures.SentencePiece("llama-unigram-without-prefix").Metadata;
        string[] tokens = [.. metadata.Tokens];
        var pieces = new Tokenizer(metadata);
        var bytes = new Tokenizer(TokenizerMetadataTests.Bytes());
        byte[] input = Convert.FromHexString(hex);
        int[] ids = [.. input.Select(b => Array.IndexOf(tokens, $"<0x{b:X2}>"))];
        Assert.Equal(text, pieces.Decode(ids));
        Assert.Equal(text, bytes.Decode(input.Select(b => (int)b)));
        Assert.Equal(text, Encoding.UTF8.GetString(input));
    }

    [Fact]
    public void Rows_InvalidUtf8_ReadAsPythonReadsThem()
    {
        JsonElement[] rows = [.. PieceFixtures.SentencePiece("t5").Rows.EnumerateArray()
            .Where(row => row.TryGetProperty("hex", out _))];
        Assert.InRange(rows.Length, 15, 100);
        foreach (JsonElement row in rows) Assert.Equal(row.GetProperty("text").GetString(), PieceFixtures.TextOf(row));
    }

    private static void AssertEqualIds(Tokenizer tokenizer, JsonElement rows)
    {
        Assert.InRange(rows.GetArrayLength(), 250, 1000);
        foreach (JsonElement row in rows.EnumerateArray())
        {
            string text = PieceFixtures.TextOf(row);
            var expected = row.GetProperty("ids").Ids();
            // Twice: the second time words come from what was met before.
            for (int i = 0; i < 2; i++)
            {
                var ids = tokenizer.EncodeToIds(text, addSpecial: false, parseSpecial: false);
                Assert.True(expected.SequenceEqual(ids),
                    $"{JsonSerializer.Serialize(text)}: {string.Join(' ', expected)} and not {string.Join(' ', ids)}");
            }
        }
    }
}
