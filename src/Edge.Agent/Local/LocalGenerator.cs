using Edge.Engine;
using Edge.Engine.Speculation;
using Edge.Text;

namespace Edge.Agent;

/// <summary>Conversations one after another on the caller's thread, without broker or queue.</summary>
internal sealed class LocalGenerator(
    LoadedModel loaded, int contextLength = 0, SpeculationOptions? speculation = null) : IDisposable
{
    private readonly Generator _generator = Open(loaded, contextLength, speculation);

    /// <summary>Null: without drafts.</summary>
    public SpeculationStatistics? Speculation => _generator.Speculation;

    /// <summary>Runs one conversation to its end. Errors: UserErrorException when it is refused or fails.</summary>
    public GenerationResult Run(
        IReadOnlyList<ChatMessage> messages, SamplingOptions sampling, int maxTokens, Grammar? grammar,
        Action<string>? onText = null, CancellationToken cancellation = default) =>
        Run(loaded.EncodeChat(messages, grammar is not null), sampling, maxTokens, grammar, onText, cancellation);

    /// <summary>Runs one prompt to its end. Errors: as above.</summary>
    public GenerationResult Run(
        IReadOnlyList<int> prompt, SamplingOptions sampling, int maxTokens, Grammar? grammar,
        Action<string>? onText = null, CancellationToken cancellation = default)
    {
        GenerationResult result;
        try
        {
            result = _generator.Run(
                new GenerationRequest
                {
                    Id = "local",
                    Prompt = prompt,
                    Sink = new TextSink(onText),
                    Sampling = sampling,
                    MaxTokens = maxTokens,
                    Grammar = grammar,
                },
                cancellation);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(Sentence.Of(e));
        }
        return result.Reason == FinishReason.Failed
            ? throw new UserErrorException(result.Error ?? "generation failed without a reason")
            : result;
    }

    public void Dispose() => _generator.Dispose();

    private static Generator Open(LoadedModel loaded, int contextLength, SpeculationOptions? speculation)
    {
        try
        {
            // A budget was divided for a context: none longer.
            int context = contextLength > 0 ? contextLength : loaded.Model.Plan?.ContextLength ?? 0;
            return new Generator(loaded.Model, loaded.Tokenizer, context, speculation);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(Sentence.Of(e));
        }
    }

    private sealed class TextSink(Action<string>? onText) : ITokenSink
    {
        public void OnText(ReadOnlySpan<char> text, int tokens) => onText?.Invoke(text.ToString());

        public void OnFinished(GenerationResult result)
        {
            // Run returns it.
        }
    }
}
