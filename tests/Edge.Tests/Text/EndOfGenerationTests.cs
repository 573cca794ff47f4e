using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>Which of a vocabulary's special tokens end a reply.</summary>
public sealed class EndOfGenerationTests
{
    [Theory]
    // gpt-oss and Solar end messages by it, others a turn.
    [InlineData("<|end|>", false, "<|return|>", "<|call|>")]
    [InlineData("<|end|>", false, "<|flush|>", "<|calls|>")]
    [InlineData("<|end|>", true, "<|endoftext|>")]
    [InlineData("<|end|>", true, "<|return|>")]
    [InlineData("<|return|>", true, "<|end|>", "<|call|>")]
    [InlineData("<|flush|>", true)]
    [InlineData("<|calls|>", true)]
    [InlineData("</s>", true)]
    [InlineData("<\uff5cend\u2581of\u2581sentence\uff5c>", true)]
    [InlineData("<s>", false)]
    public void IsEndOfGeneration_ControlToken_DependsOnItsCompany(string token, bool ends, params string[] others)
    {
        var tokenizer = new Tokenizer(TokenizerMetadataTests.Special([token, .. others]));
        Assert.Equal(ends, tokenizer.IsEndOfGeneration(256));
    }

    [Theory]
    // Gemma's vocabulary has the tags of HTML as tokens of their own.
    [InlineData("</s>", false)]
    [InlineData("[EOT]", false)]
    [InlineData("<eos>", false)]
    [InlineData("<end_of_turn>", true)]
    [InlineData("<|im_end|>", true)]
    public void IsEndOfGeneration_UserDefinedToken_MustBeUnmistakable(string token, bool ends)
    {
        TokenizerMetadata metadata = TokenizerMetadataTests.Special(token);
        metadata = metadata with { Types = [.. metadata.Types!.Take(256), (long)TokenType.UserDefined] };
        Assert.Equal(ends, new Tokenizer(metadata).IsEndOfGeneration(256));
        var named = new Dictionary<string, long> { [TokenizerMetadata.EosKey] = 256 };
        Assert.True(new Tokenizer(metadata with { Ids = named }).IsEndOfGeneration(256));
    }
}
