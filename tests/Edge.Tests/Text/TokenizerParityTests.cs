using Xunit;
using System.Text.Json;
using Edge.Text;

namespace Edge.Tests.Text;

/// <summary>Our ids against those of a public engine for the demo model.</summary>
public sealed class TokenizerParityTests
{
    [Fact]
    public void EncodeToIds_ReferenceVectors_EqualIds()
    {
        JsonElement rows = Golden.Json("demo-model/reference/tokenizer.json").GetProperty("rows");
        Assert.Equal(42, rows.GetArrayLength());
        foreach (JsonElement row in rows.EnumerateArray())
        {
            Assert.Equal(row.GetProperty("ids").Ids(), Golden.Demo.EncodeToIds(row.GetProperty("text").GetString()!));
        }
    }

    [Theory]
    [InlineData("f16")]
    [InlineData("q8_0")]
    [InlineData("q4_0")]
    public void EncodeToIds_ReferencePrompts_EqualIdsAndText(string file)
    {
        foreach (JsonElement row in Golden.Prompts(file))
        {
            Assert.Equal(row.GetProperty("ids").Ids(), Golden.Demo.EncodeToIds(row.GetProperty("prompt").GetString()!));
            Assert.Equal(row.GetProperty("greedy_text").GetString(),
                Golden.Demo.Decode(row.GetProperty("greedy_ids").Ids()));
        }
    }

    [Fact]
    public void EncodeToIds_TenThousandRandomStrings_DecodeToThemselves()
    {
        var texts = new RandomText(1);
        for (int i = 0; i < 10_000; i++)
        {
            string text = texts.Next();
            Assert.Equal(text, Golden.Demo.Decode(Golden.Demo.EncodeToIds(text, parseSpecial: false)));
        }
    }

    [Fact]
    public void EncodeToIds_LoneSurrogates_BecomeReplacementCharacters()
    {
        IReadOnlyList<int> ids = Golden.Demo.EncodeToIds("a\ud83d b\udd25\ud83d");
        Assert.Equal("a\ufffd b\ufffd\ufffd", Golden.Demo.Decode(ids));
    }

    [Fact]
    public void EncodeToIds_CallersList_AppendsTheSameIds()
    {
        var ids = new List<int> { 7 };
        Golden.Demo.EncodeToIds("temp 4.0C", ids);
        Assert.Equal([7, .. Golden.Demo.EncodeToIds("temp 4.0C")], ids);
        Assert.Equal(ids.Count - 1, Golden.Demo.CountTokens("temp 4.0C"));
    }

    [Fact]
    public void EncodeToIds_ParseSpecialOff_ControlTokensStayText()
    {
        IReadOnlyList<int> ids = Golden.Demo.EncodeToIds("<|im_end|>", parseSpecial: false);
        Assert.DoesNotContain(759, ids);
        Assert.Equal("<|im_end|>", Golden.Demo.Decode(ids));
    }

    [Fact]
    public void SpecialTokens_DemoModel_AreKnown()
    {
        Tokenizer demo = Golden.Demo;
        Assert.Equal(768, demo.VocabularySize);
        Assert.True(demo.IsControl(759) && demo.IsEndOfGeneration(759));
        Assert.True(demo.IsControl(758) && !demo.IsEndOfGeneration(758));
        Assert.Equal("<|im_start|>", demo.TokenText(758));
        Assert.Equal(0, demo.TokenBytes(758).Length);
        Assert.Equal(758, demo.FindSpecial("<|im_start|>"));
        Assert.Null(demo.FindSpecial("<|im_start|> "));
        Assert.Throws<ArgumentOutOfRangeException>(() => demo.Decode([768]));
    }
}
