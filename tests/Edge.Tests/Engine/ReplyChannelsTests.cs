using System.Text.Json;
using Edge.Engine;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Engine;

/// <summary>Replies of a model that thinks in a channel of its own.</summary>
public sealed class ReplyChannelsTests
{
    private const string Prompt = "<|start|>user<|message|>Hi<|end|><|start|>assistant";
    private static readonly Tokenizer Harmony = Text.ReplyChannelsTests.Harmony;

    [Fact]
    public void Run_ThoughtsThenAnswer_SinkHearsTheAnswer()
    {
        RecordingSink sink = new();
        GenerationResult result = Run(
            "<|channel|>analysis<|message|>STOP \u00e9<|end|><|start|>assistant<|channel|>final<|message|>Yes \u00e9." +
            "<|return|>", sink, new() { Id = "r", Prompt = [], Sink = sink, Stop = ["STOP"], MaxTokens = 200 });
        Assert.Equal(("Yes \u00e9.", FinishReason.Stop), (result.Text, result.Reason));
        Assert.Equal("Yes \u00e9.", sink.Heard);
    }

    [Fact]
    public void Run_CharacterCutByTheEndOfAMessage_DoesNotReachIntoTheNext()
    {
        RecordingSink sink = new();
        // 0xC3 begins a character that the message does not finish.
        int[] reply = [.. Harmony.EncodeToIds("<|channel|>final<|message|>a"), 0xC3,
            .. Harmony.EncodeToIds("<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>")];
        Assert.Equal("a\ufffdb", Run(reply, new() { Id = "r", Prompt = [], Sink = sink, MaxTokens = 200 }).Text);
    }

    [Fact]
    public void Run_GrammarBehindTheAnswerPrefix_IsTheAnswer()
    {
        RecordingSink sink = new();
        using var schema = JsonDocument.Parse("""{"enum":["yes","no"]}""");
        Assert.True(Grammar.TryFromJsonSchema(schema.RootElement, out var grammar, out _));
        GenerationResult result = Run("", sink, new()
        {
            Id = "r", Prompt = [], Sink = sink, MaxTokens = 64, Grammar = grammar,
        });
        Assert.Contains(result.Text, (string[])["\"yes\"", "\"no\""]);
    }

    private static GenerationResult Run(string reply, RecordingSink sink, GenerationRequest request) =>
        Run([.. Harmony.EncodeToIds(reply)], request with { Sink = sink });

    private static GenerationResult Run(int[] reply, GenerationRequest request)
    {
        IReadOnlyList<int> prompt = Harmony.EncodeToIds(Prompt);
        if (request.Grammar is not null)
            prompt = [.. prompt, .. ReplyChannels.Find(Harmony)!.AnswerPrefix(prompt)];
        var model = new FakeModel(Harmony.VocabularySize)
        {
            Next = cache => cache.Length - prompt.Count is >= 0 and var at && at < reply.Length ? reply[at] : -1,
        };
        using var generator = new Generator(model, Harmony);
        return generator.Run(request with { Prompt = prompt });
    }
}
