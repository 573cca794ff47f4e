using Edge.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>Merging against a naive merger, and metadata that must be refused by name and place.</summary>
public sealed class TokenizerMetadataTests
{
    [Fact]
    public void EncodeToIds_RandomMerges_EqualNaiveMerging()
    {
        TokenizerMetadata metadata = RandomVocabulary(seed: 3, merges: 400);
        var tokenizer = new Tokenizer(metadata);
        var random = new Random(4);
        for (int i = 0; i < 1_000; i++)
        {
            string word = string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ =>
                (char)('a' + random.Next(4))));
            Assert.Equal(NaiveMerge(word, metadata),
                tokenizer.EncodeToIds(word, addSpecial: false).Select(id => metadata.Tokens[id]));
        }
    }

    [Fact]
    public void EncodeToIds_WordOfQuarterMegabyte_DecodesToItself()
    {
        var tokenizer = new Tokenizer(RandomVocabulary(seed: 5, merges: 400));
        var random = new Random(6);
        string word = string.Concat(Enumerable.Range(0, 1 << 18).Select(_ => (char)('a' + random.Next(4))));
        IReadOnlyList<int> ids = tokenizer.EncodeToIds(word);
        Assert.InRange(ids.Count, 1, word.Length - 1);
        Assert.Equal(word, tokenizer.Decode(ids));
    }

    [Fact]
    public void EncodeToIds_WholeWordsFamily_TakesWordThatMergesCannotReach()
    {
        TokenizerMetadata metadata = Bytes() with { Tokens = [.. Bytes().Tokens, "abc"] };
        Assert.Equal(3, new Tokenizer(metadata with { Pre = "qwen2" }).EncodeToIds("abc").Count);
        Assert.Equal([256], new Tokenizer(metadata with { Pre = "llama-bpe" }).EncodeToIds("abc"));
    }

    [Fact]
    public void EncodeToIds_OverlappingSpecials_TakesLeftmostThenLongest()
    {
        // The byte tokens stand in byte order: the id of an ASCII character is its code.
        Assert.Equal([257, 60, 99, 62], new Tokenizer(Special("<a>", "<a>b", "b<c>")).EncodeToIds("<a>b<c>"));
        Assert.Equal([256, 257], new Tokenizer(Special("<a>", "b<c>")).EncodeToIds("<a>b<c>"));
        Assert.Equal([60, 97, 257], new Tokenizer(Special("<a>", "b<c>")).EncodeToIds("<ab<c>"));
    }

    [Fact]
    public void EncodeToIds_AddBosAndEos_AsTheFileAsks()
    {
        TokenizerMetadata metadata = Special("<s>", "</s>") with
        {
            AddBos = true, AddEos = true,
            Ids = new Dictionary<string, long> { [TokenizerMetadata.BosKey] = 256, [TokenizerMetadata.EosKey] = 257 },
        };
        var tokenizer = new Tokenizer(metadata);
        Assert.Equal([256, 97, 257], tokenizer.EncodeToIds("a"));
        Assert.Equal([97], tokenizer.EncodeToIds("a", addSpecial: false));
        Assert.Equal([256, 97, 257], tokenizer.EncodeToIds("<s>a"));
        Assert.True(tokenizer.IsEndOfGeneration(257));
        Assert.False(tokenizer.IsEndOfGeneration(256));
    }

    [Theory]
    [InlineData("pre", "'elephant' is not known; known are default, gpt-2")]
    [InlineData("types", "3 types for 256 tokens")]
    [InlineData("type", "token 0 has the unknown type 9")]
    [InlineData("empty", "the vocabulary is empty")]
    [InlineData("byte", "no tokens for 256 of 256 bytes; the vocabulary is not a byte-level one")]
    [InlineData("merge", "merge 0 'ab' is not two tokens")]
    [InlineData("union", "merge 0 'a b' names a token that the vocabulary lacks")]
    [InlineData("addbos", "does not say which token to add")]
    public void Tokenizer_BadMetadata_IsRefusedWithPlace(string what, string message)
    {
        TokenizerMetadata good = Bytes();
        TokenizerMetadata bad = what switch
        {
            "pre" => good with { Pre = "elephant" },
            "types" => good with { Types = [1, 1, 1] },
            "type" => good with { Types = [9, .. Enumerable.Repeat(1L, 255)] },
            "empty" => good with { Tokens = [] },
            "byte" => good with { Tokens = [.. good.Tokens.Select(token => token + token)] },
            "merge" => good with { Merges = ["ab"] },
            "union" => good with { Merges = ["a b"] },
            _ => good with { AddBos = true },
        };
        var error = Assert.Throws<GgufException>(() => new Tokenizer(bad));
        Assert.Contains(message, error.Message);
        Assert.Equal(77, error.ByteOffset);
    }

    [Fact]
    public void EncodeToIds_BytesWithoutToken_YieldNothingAndNeighboursMeet()
    {
        // As in Falcon's vocabulary, which has no token for U+0003; the ids of the bytes behind it are one less.
        TokenizerMetadata metadata = Bytes();
        metadata = metadata with
        {
            Tokens = [.. metadata.Tokens.Where((_, b) => b is not (3 or 4)), "!!"], Merges = ["! !"],
        };
        var tokenizer = new Tokenizer(metadata);
        Assert.Equal(['a' - 2, 'b' - 2], tokenizer.EncodeToIds("a\u0003b"));
        Assert.Equal([254], tokenizer.EncodeToIds("!\u0003!"));
        Assert.Equal(['!' - 2, 254], tokenizer.EncodeToIds("!\u0003!\u0004\u0003!").Order());
        Assert.Empty(tokenizer.EncodeToIds("\u0003"));
        Assert.Empty(tokenizer.EncodeToIds("\u0003\u0004\u0003"));
        Assert.Equal("\u0005", tokenizer.Decode(tokenizer.EncodeToIds("\u0005")));

        var unknown = new Dictionary<string, long> { [TokenizerMetadata.UnknownKey] = 7 };
        Assert.Equal(['a' - 2, 7], new Tokenizer(metadata with { Ids = unknown }).EncodeToIds("a\u0003"));
    }

    [Fact]
    public void Tokenizer_IdsOutsideTheVocabulary_AreLeftOutWithAWarning()
    {
        TokenizerMetadata metadata = Bytes() with
        {
            AddBos = false,
            Ids = new Dictionary<string, long>
            {
                [TokenizerMetadata.BosKey] = uint.MaxValue, [TokenizerMetadata.EosKey] = 256,
                [TokenizerMetadata.UnknownKey] = -1,
            },
        };
        var tokenizer = new Tokenizer(metadata);
        Assert.Equal((null, null), (tokenizer.BosId, tokenizer.EosId));
        Assert.Equal([97], tokenizer.EncodeToIds("a"));
        Assert.Equal(
            [
                "tokenizer.ggml.bos_token_id: 4294967295 is not a token, so it is left out; the vocabulary has 256",
                "tokenizer.ggml.eos_token_id: 256 is not a token, so it is left out; the vocabulary has 256",
                "tokenizer.ggml.unknown_token_id: -1 is not a token, so it is left out; the vocabulary has 256",
            ], tokenizer.Warnings.Order());
        Assert.Empty(new Tokenizer(Bytes()).Warnings);
    }

    [Fact]
    public void Tokenizer_UndefinedTypes_AreNormal()
    {
        TokenizerMetadata metadata = Bytes() with { Types = [.. Enumerable.Repeat(0L, 256)] };
        Assert.Equal([97, 98], new Tokenizer(metadata).EncodeToIds("ab"));
    }

    internal static TokenizerMetadata Bytes() => new()
    {
        Pre = "qwen2",
        Tokens = [.. Enumerable.Range(0, 256).Select(b => ByteAlphabet.Spell((byte)b).ToString())],
        Merges = [],
        OffsetOf = _ => 77,
    };

    internal static TokenizerMetadata Special(params string[] specials)
    {
        TokenizerMetadata bytes = Bytes();
        return bytes with
        {
            Tokens = [.. bytes.Tokens, .. specials],
            Types = [.. Enumerable.Repeat((long)TokenType.Normal, 256),
                .. specials.Select(_ => (long)TokenType.Control)],
        };
    }

    private static TokenizerMetadata RandomVocabulary(int seed, int merges)
    {
        var random = new Random(seed);
        List<string> parts = ["a", "b", "c", "d"], lines = [];
        while (lines.Count < merges)
        {
            string left = parts[random.Next(parts.Count)], right = parts[random.Next(parts.Count)];
            if (left.Length + right.Length > 12 || parts.Contains(left + right)) continue;
            lines.Add($"{left} {right}");
            parts.Add(left + right);
        }
        string[] ranked = [.. lines.OrderBy(_ => random.Next())];
        TokenizerMetadata bytes = Bytes();
        return bytes with { Tokens = [.. bytes.Tokens, .. parts.Skip(4)], Merges = ranked };
    }

    private static List<string> NaiveMerge(string word, TokenizerMetadata metadata)
    {
        List<string> parts = [.. word.Select(c => c.ToString())];
        Dictionary<string, int> ranks = metadata.Merges.Select((line, rank) => (line, rank)).ToDictionary(row =>
            row.line, row => row.rank);
        while (true)
        {
            int best = -1, bestRank = int.MaxValue;
            for (int i = 0; i + 1 < parts.Count; i++)
            {
                if (ranks.TryGetValue($"{parts[i]} {parts[i + 1]}", out int rank) && rank < bestRank)
                    (best, bestRank) = (i, rank);
            }
            if (best < 0) return parts;
            parts[best] += parts[best + 1];
            parts.RemoveAt(best + 1);
        }
    }
}
