using Edge.Text;
using Xunit;

namespace Edge.Tests.Text.Grammar;

/// <summary>The demo model's own vocabulary under its reply's schema.</summary>
public sealed class DemoVocabularyTests
{
    [Fact]
    public void FillMask_DemoTokens_TakeTheModelsReplyAndEndWithItsEndToken()
    {
        var tokenizer = Golden.Demo;
        var trie = TokenTrie.Build(tokenizer);
        Assert.True(trie.HasEveryByte);
        var constraint = new TokenConstraint(SchemaSamples.Compile(SchemaSamples.Verdict), trie, tokenizer);
        var mask = new ulong[(trie.VocabularySize + 63) / 64];
        var ids = tokenizer.EncodeToIds(
            """{"status":"critical","sensor":"temperature","reason":"12.4C above limit 4.0C","action":"notify"}""",
            addSpecial: false, parseSpecial: false);
        var left = 64;
        foreach (var id in ids)
        {
            Assert.True(constraint.FillMask(mask, left--));
            Assert.NotEqual(0UL, mask[id >> 6] >> (id & 63) & 1);
            Assert.True(constraint.Accept(id));
        }
        Assert.True(constraint.MustEnd);
        Assert.True(constraint.FillMask(mask, left));
        for (var id = 0; id < trie.VocabularySize; id++)
            Assert.Equal(tokenizer.IsEndOfGeneration(id), (mask[id >> 6] >> (id & 63) & 1) != 0);
    }

    [Fact]
    public void FillMask_DemoTokensAtRandom_EndWithinSixtyFourTokens()
    {
        var tokenizer = Golden.Demo;
        var trie = TokenTrie.Build(tokenizer);
        var constraint = new TokenConstraint(SchemaSamples.Compile(SchemaSamples.Verdict), trie, tokenizer);
        var mask = new ulong[(trie.VocabularySize + 63) / 64];
        var random = new Random(21);
        for (var walk = 0; walk < 200; walk++)
        {
            constraint.Reset();
            var ids = new List<int>();
            for (var left = 64; left > 0 && !constraint.MustEnd; left--)
            {
                Assert.True(constraint.FillMask(mask, left));
                var token = random.Next(trie.VocabularySize);
                while ((mask[token >> 6] >> (token & 63) & 1) == 0)
                    token = (token + 1) % trie.VocabularySize;
                Assert.True(constraint.Accept(token));
                ids.Add(token);
            }
            var reply = tokenizer.Decode(ids);
            Assert.True(SchemaValidator.IsValid(SchemaSamples.Parse(SchemaSamples.Verdict), reply), reply);
        }
    }
}
