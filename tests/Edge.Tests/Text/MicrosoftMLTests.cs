#if MICROSOFTML
using System.Buffers;
using System.Text.Json;
using Edge.Text;
using Edge.Text.MicrosoftML;
using Microsoft.ML.Tokenizers;
using Xunit;
using Ours = Edge.Text.Tokenizer;
using Theirs = Microsoft.ML.Tokenizers.Tokenizer;

namespace Edge.Tests.Text;

/// <summary>Our tokenizer behind Microsoft.ML.Tokenizers' type, and theirs from the same vocabularies; compiled with
/// -p:TokenizerPackage=MicrosoftML.</summary>
public sealed class MicrosoftMLTests
{
    [Theory]
    [InlineData("demo")]
    [InlineData("llama-bpe")]
    [InlineData("llama-unigram")]
    [InlineData("t5")]
    [InlineData("uncased")]
    public void EdgeTokenizer_RandomTexts_AnswersAsOursDoes(string name)
    {
        Ours ours = Named(name);
        var adapter = new EdgeTokenizer(ours, addSpecial: false);
        Theirs theirs = adapter;
        var texts = new RandomText(21);
        for (int i = 0; i < 500; i++)
        {
            string text = texts.Next();
            IReadOnlyList<int> ids = ours.EncodeToIds(text, addSpecial: false, parseSpecial: false);
            Assert.Equal(ids, theirs.EncodeToIds(text));
            Assert.Equal(ids.Count, theirs.CountTokens(text));
            Assert.Equal(ours.Decode(ids), theirs.Decode(ids));
            IReadOnlyList<EncodedToken> tokens = theirs.EncodeToTokens(text, out string? normalized);
            Assert.Equal(ids, tokens.Select(token => token.Id));
            string spelled = string.Concat(tokens.Select(token => (normalized ?? text)[token.Offset]));
            Assert.Equal(normalized ?? text, spelled);
            if (ids.Count == 0) continue;
            IReadOnlyList<int> some = theirs.EncodeToIds(text, (ids.Count + 1) / 2, out normalized, out int consumed);
            Assert.Equal(ids.Take(some.Count), some);
            Assert.InRange(consumed, 0, (normalized ?? text).Length);
            int index = theirs.GetIndexByTokenCount(text, ids.Count, out _, out int count);
            Assert.Equal((ids.Count, (normalized ?? text).Length), (count, index));
        }
    }

    [Fact]
    public void EdgeTokenizer_DecodeIntoSpan_SaysHowFarItCame()
    {
        var adapter = new EdgeTokenizer(Named("llama-unigram"));
        IReadOnlyList<int> ids = adapter.EncodeToIds("the dog 🔥 jumps");
        char[] text = new char[64];
        Assert.Equal(OperationStatus.Done, adapter.Decode(ids, text, out int consumed, out int written));
        Assert.Equal((ids.Count, "the dog 🔥 jumps"), (consumed, new string(text, 0, written)));
        var small = text.AsSpan(0, 6);
        Assert.Equal(OperationStatus.DestinationTooSmall, adapter.Decode(ids, small, out consumed, out written));
        Assert.InRange(written, 1, 6);
        Assert.Equal(adapter.Decode(ids.Take(consumed)), new string(text, 0, written));
        Assert.Equal(OperationStatus.InvalidData, adapter.Decode([999_999], text, out _, out _));
    }

    [Theory]
    [InlineData("llama-bpe")]
    [InlineData("llama-unigram")]
    [InlineData("t5")]
    [InlineData("uncased")]
    [InlineData("cased")]
    public void FromGguf_Corpus_TheirsAndOursAgree(string name)
    {
        bool bert = name.EndsWith("cased", StringComparison.Ordinal);
        var (metadata, rows) = bert ? PieceFixtures.WordPiece(name, hashes: false) : PieceFixtures.SentencePiece(name);
        var ours = new Ours(metadata);
        // Theirs drops symbols where BERT has them stand alone, and its unigram model neither joins unknown tokens nor
        // finds bytes nor drops spaces before a character that vanishes as SentencePiece does: what is compared is what
        // both promise.
        bool Plain(string text) => bert
            ? text.All(c => char.IsAsciiLetterOrDigit(c) || " .,;:!?".Contains(c))
            : name == "llama-bpe" || ours.EncodeToIds(text, false, false).All(id => metadata.Types![id] == 1)
                && !text.Contains('\ufeff');
        string[] words = "the dog jumps over node 12; temperature, humidity and SENSOR unaffable".Split(' ');
        var random = new Random(3);
        var more = Enumerable.Range(0, 200).Select(_ => string.Join(' ', random.GetItems(words, random.Next(1, 12))));
        AssertAgree(ours, MicrosoftTokenizers.From(metadata),
            rows.EnumerateArray().Select(PieceFixtures.TextOf).Concat(more).Where(Plain));
    }

    [Fact]
    public void FromGguf_DemoModel_TheirsAndOursAgree()
    {
        JsonElement rows = PieceFixtures.SentencePiece("t5").Rows;
        AssertAgree(Golden.Demo, MicrosoftTokenizers.FromGguf(Golden.DemoMetadata),
            rows.EnumerateArray().Select(PieceFixtures.TextOf));
    }

    private static void AssertAgree(Ours ours, Theirs theirs, IEnumerable<string> texts)
    {
        List<string> wrong = [];
        int compared = 0;
        foreach (string text in texts)
        {
            compared++;
            var mine = ours.EncodeToIds(text, addSpecial: false, parseSpecial: false);
            var other = theirs is BertTokenizer bert
                ? bert.EncodeToIds(text, addSpecialTokens: false) : theirs.EncodeToIds(text);
            if (!mine.SequenceEqual(other))
                wrong.Add($"{JsonSerializer.Serialize(text)}: {string.Join(' ', mine)} | {string.Join(' ', other)}");
        }
        Assert.InRange(compared, 100, 1000);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}:\n{string.Join('\n', wrong.Take(6))}");
    }

    private static Ours Named(string name) => name switch
    {
        "demo" => Golden.Demo,
        "uncased" => new(PieceFixtures.WordPiece(name, hashes: false).Metadata),
        _ => new(PieceFixtures.SentencePiece(name).Metadata),
    };
}
#endif
