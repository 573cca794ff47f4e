using Edge.Engine;
using Edge.Text;

namespace Edge.Agent;

/// <summary>Generation without a broker: the service's own scheduler with one slot, waited for.</summary>
internal sealed class LocalGenerator : IDisposable
{
    private readonly LoadedModel _loaded;
    private readonly Scheduler _scheduler;
    private int _count;

    public LocalGenerator(LoadedModel loaded, int contextLength = 0)
    {
        _loaded = loaded;
        _scheduler = new Scheduler(
            loaded.Model, loaded.Tokenizer, new SchedulerOptions { QueueMax = 1, SlotsMax = 1, ContextLength = contextLength });
    }

    /// <summary>Runs one conversation to its end. Errors: UserErrorException when it is refused or fails.</summary>
    public GenerationResult Run(
        IReadOnlyList<ChatMessage> messages, SamplingOptions sampling, int maxTokens, Grammar? grammar,
        Action<string>? onText = null, CancellationToken cancellation = default)
    {
        using var sink = new WaitingSink(onText);
        string id = $"local-{_count++}";
        var admission = _scheduler.TryAccept(new GenerationRequest
        {
            Id = id,
            Prompt = _loaded.EncodeChat(messages),
            Sink = sink,
            Sampling = sampling,
            MaxTokens = maxTokens,
            Grammar = grammar,
        });
        if (admission.Admission != Admission.Accepted) throw new UserErrorException(admission.Detail);
        using var cancelled = cancellation.Register(() => _scheduler.Cancel(id));
        var result = sink.Wait();
        return result.Reason == FinishReason.Failed
            ? throw new UserErrorException(result.Error ?? "generation failed without a reason")
            : result;
    }

    public void Dispose() => _scheduler.Dispose();

    private sealed class WaitingSink(Action<string>? onText) : ITokenSink, IDisposable
    {
        private readonly ManualResetEventSlim _finished = new();
        private GenerationResult? _result;

        public void OnText(ReadOnlySpan<char> text, int tokens) => onText?.Invoke(text.ToString());

        public void OnFinished(GenerationResult result)
        {
            _result = result;
            _finished.Set();
        }

        public GenerationResult Wait()
        {
            _finished.Wait();
            return _result!;
        }

        public void Dispose() => _finished.Dispose();
    }
}
