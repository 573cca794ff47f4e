using Edge.Engine.Speculation;
using Edge.Models;
using Edge.Text;

namespace Edge.Engine;

/// <summary>Runs one prompt at a time on the caller's thread, through the scheduler's own step: for ask, eval and
/// tests. The cache is kept between prompts, so what the next one shares with the last is not run again.</summary>
public sealed class Generator : IDisposable
{
    private readonly Sequence[] _slot;
    private readonly BatchStep _step;
    private readonly Speculator? _speculator;
    private readonly int _vocabularySize;
    private GenerationResult? _result;

    /// <summary>ContextLength 0: the model's own. Errors: ArgumentException for a draft model that cannot
    /// serve.</summary>
    public Generator(
        Model model, Tokenizer tokenizer, int contextLength = 0, SpeculationOptions? speculation = null)
    {
        ContextLength = contextLength == 0 ? model.Config.ContextLength : contextLength;
        _vocabularySize = model.Config.VocabularySize;
        SequenceParts parts = SequenceParts.For(model, tokenizer, TimeProvider.System);
        _speculator = Speculator.Create(parts, speculation, 1, model.BatchRowsMax);
        _slot = [new Sequence(parts, ContextLength, (_, result) => _result = result, _speculator)];
        _step = new BatchStep(parts, 1, model.BatchRowsMax, _speculator);
    }

    /// <summary>Tokens of prompt and reply.</summary>
    public int ContextLength { get; }
    /// <summary>Null: without speculation.</summary>
    public SpeculationStatistics? Speculation => _speculator?.Statistics;

    /// <summary>The sink hears all on this thread before Run returns. Errors: ArgumentException, with a sentence for
    /// people, when the request cannot be run.</summary>
    public GenerationResult Run(GenerationRequest request, CancellationToken cancellation = default)
    {
        string? error = RequestCheck.FindError(request, _vocabularySize) ??
            RequestCheck.FindOverflow(request, ContextLength);
        if (error is not null) throw new ArgumentException(error, nameof(request));

        var ticket = new Ticket(request, TimeProvider.System.GetTimestamp());
        _result = null;
        _slot[0].Start(ticket);
        while (_slot[0].IsRunning)
        {
            if (cancellation.IsCancellationRequested) ticket.Cancel();
            _slot[0].CheckLimits(TimeProvider.System.GetTimestamp());
            _step.Run(_slot);
        }
        request.Sink.OnFinished(_result!);
        return _result!;
    }

    public void Dispose()
    {
        _speculator?.Dispose();
        _slot[0].Dispose();
    }
}
