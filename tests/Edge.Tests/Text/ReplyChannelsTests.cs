using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>What of a reply in channels is its answer.</summary>
public sealed class ReplyChannelsTests
{
    private const string Prompt = "<|start|>user<|message|>Hi<|end|><|start|>assistant";

    /// <summary>Bytes and the marks of gpt-oss.</summary>
    internal static Tokenizer Harmony { get; } = new(TokenizerMetadataTests.Special(
        "<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>", "<|constrain|>"));

    [Theory]
    [InlineData("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "Yes.")]
    [InlineData("<|channel|>final<|message|>Yes.<|end|>more", "Yes.")]
    [InlineData("<|channel|>final <|constrain|>json<|message|>{}", "{}")]
    [InlineData("<|channel|>commentary to=functions.f<|constrain|>json<|message|>{}", "")]
    [InlineData("<|channel|>finally<|message|>no", "")]
    [InlineData("<|channel|>analysis<|message|>cut off", "")]
    [InlineData("<|message|>no channel", "no channel")]
    [InlineData("no header", "no header")]
    public void Shows_Reply_AnswerOnly(string reply, string answer) => Assert.Equal(answer, Shown(Prompt, reply));

    [Theory]
    [InlineData("Once upon", " a time", " a time")]
    [InlineData("<|return|>Once upon", " a time", " a time")]
    [InlineData(Prompt + "<|channel|>final<|message|>", "Yes", "Yes")]
    [InlineData(Prompt + "<|channel|>analysis<|message|>", "hm<|end|>", "")]
    public void Shows_PromptOfOtherForm_GoesOnWhereItStopped(string prompt, string reply, string answer) =>
        Assert.Equal(answer, Shown(prompt, reply));

    [Fact]
    public void AnswerPrefix_PromptThatAwaitsAChannel_IsTheFinalOne()
    {
        ReplyChannels channels = ReplyChannels.Find(Harmony)!;
        Assert.Equal(Harmony.EncodeToIds("<|channel|>final<|message|>"),
            channels.AnswerPrefix(Harmony.EncodeToIds(Prompt)));
        Assert.Empty(channels.AnswerPrefix(Harmony.EncodeToIds(Prompt + "<|channel|>final<|message|>")));
        Assert.Empty(channels.AnswerPrefix(Harmony.EncodeToIds("Once upon")));
    }

    [Fact]
    public void Find_VocabularyWithoutChannels_IsNull() =>
        Assert.Null(ReplyChannels.Find(new(TokenizerMetadataTests.Special("<|start|>", "<|end|>"))));

    private static string Shown(string prompt, string reply)
    {
        ReplyChannels channels = ReplyChannels.Find(Harmony)!;
        channels.Begin(Harmony.EncodeToIds(prompt));
        return Harmony.Decode(Harmony.EncodeToIds(reply).Where(channels.Shows).ToArray());
    }
}
