using Edge.Engine;
using Edge.Engine.Speculation;
using Edge.Text;

namespace Edge.Agent.Service;

/// <summary>The place of the one model that is served; it may be empty, and its model may change. Everybody asks here,
/// so that nobody holds on to a model that is gone.</summary>
internal sealed class ModelSeat : IDisposable
{
    public const string Empty = "no model is loaded";

    private readonly Lock _gate = new();
    private ServedModel? _current;
    private SchedulerStatistics _earlier = new();
    private Effort _effort = Effort.Full;

    public ServedModel? Current => Volatile.Read(ref _current);

    public string Name => Current?.Choice.Name ?? "";

    public long Heartbeat => Current?.Scheduler.Heartbeat ?? 0;

    public bool IsBusy => Current?.Scheduler.IsBusy ?? false;

    public Effort Effort
    {
        set
        {
            lock (_gate)
            {
                _effort = value;
                if (_current is { } model) model.Scheduler.Effort = value;
            }
        }
    }

    public void Take(ServedModel model)
    {
        lock (_gate)
        {
            model.Scheduler.Effort = _effort;
            Volatile.Write(ref _current, model);
        }
    }

    /// <summary>Takes the model out; the caller disposes it. What it has counted stays counted.</summary>
    public ServedModel? Leave()
    {
        lock (_gate)
        {
            var model = _current;
            if (model is not null) _earlier = Sum(_earlier, model.Scheduler.Statistics, isOver: true);
            Volatile.Write(ref _current, null);
            return model;
        }
    }

    /// <summary>Of all models that sat here, as one.</summary>
    public SchedulerStatistics Statistics
    {
        get
        {
            lock (_gate)
                return _current is { } model ? Sum(_earlier, model.Scheduler.Statistics, isOver: false) : _earlier;
        }
    }

    public AdmissionResult TryAccept(GenerationRequest request) =>
        Current?.Scheduler.TryAccept(request) ?? new AdmissionResult(Admission.Draining, 0, 0, Empty);

    /// <summary>Errors: UserErrorException, also when there is no model.</summary>
    public IReadOnlyList<int> EncodeChat(IReadOnlyList<ChatMessage> messages, bool isFormed) =>
        Current?.Loaded.EncodeChat(messages, isFormed) ?? throw new UserErrorException(Empty);

    public void Dispose() => Leave()?.Dispose();

    private static SchedulerStatistics Sum(SchedulerStatistics a, SchedulerStatistics b, bool isOver) => b with
    {
        Accepted = a.Accepted + b.Accepted, Refused = a.Refused + b.Refused, Finished = a.Finished + b.Finished,
        Cancelled = a.Cancelled + b.Cancelled, TimedOut = a.TimedOut + b.TimedOut, Failed = a.Failed + b.Failed,
        TokensGenerated = a.TokensGenerated + b.TokensGenerated, PromptTokens = a.PromptTokens + b.PromptTokens,
        CachedTokens = a.CachedTokens + b.CachedTokens, Steps = a.Steps + b.Steps,
        // What runs and how fast is the present model's alone.
        QueueDepth = isOver ? 0 : b.QueueDepth, ActiveSlots = isOver ? 0 : b.ActiveSlots,
        PrefillTokensPerSecond = isOver ? 0 : b.PrefillTokensPerSecond,
        DecodeTokensPerSecond = isOver ? 0 : b.DecodeTokensPerSecond,
        Speculation = Sum(a.Speculation, isOver && b.Speculation is { } s ? s with { Problem = null } : b.Speculation),
    };

    private static SpeculationStatistics? Sum(SpeculationStatistics? a, SpeculationStatistics? b) =>
        a is null || b is null ? b ?? a
            : b with { Drafted = a.Drafted + b.Drafted, Accepted = a.Accepted + b.Accepted };
}
