using System.Diagnostics;
using Edge.Agent.Config;
using Edge.Engine;

namespace Edge.Agent.Service;

/// <summary>One model at work: its weights, its drafts, its scheduler.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly Stack<IDisposable> _parts = [];

    private ServedModel(ModelChoice choice, LoadedModel loaded)
    {
        (Choice, Loaded) = (choice, loaded);
        _parts.Push(loaded);
    }

    public ModelChoice Choice { get; }
    public LoadedModel Loaded { get; }
    public Scheduler Scheduler { get; private set; } = null!;
    public RequestMap Map { get; private set; } = null!;
    public TimeSpan LoadTime { get; private set; }

    /// <summary>Loads what is configured, or another model under the same limits. Errors: UserErrorException naming the
    /// file and what is wrong; ArgumentException for options that do not go together.</summary>
    public static ServedModel Open(AgentConfig config, ModelChoice choice, Action<string> say)
    {
        long started = Stopwatch.GetTimestamp();
        bool isConfigured = choice.Path == config.Model;
        var options = config.Inference.ToModelOptions();
        if (!isConfigured && TuningFile.SetFor(choice.Path) is { } tuned) options = options with { KernelSet = tuned };
        var admitted = MemoryAdmission.Admit(
            choice.Path, options, config.Inference.Context, config.Inference.Slots, say,
            DraftOf(config, isConfigured));
        string? template = isConfigured ? TemplateSource.Read(config.Inference.Template) : null;
        var served = new ServedModel(choice, LoadedModel.Open(choice.Path, admitted, template: template));
        try
        {
            served.Start(config, isConfigured);
        }
        catch
        {
            served.Dispose();
            throw;
        }
        served.LoadTime = Stopwatch.GetElapsedTime(started);
        return served;
    }

    /// <summary>Cancels what still runs.</summary>
    public void Dispose()
    {
        while (_parts.TryPop(out var part)) part.Dispose();
    }

    private void Start(AgentConfig config, bool isConfigured)
    {
        if (isConfigured && config.Inference.Trace is { } path) _parts.Push(TraceFile.Start(Loaded, path));
        var drafts = DraftSetup.Open(
            DraftOf(config, isConfigured), config.Speculation.DraftMax, config.Inference.ToModelOptions());
        _parts.Push(drafts);
        Scheduler = new Scheduler(Loaded.Model, Loaded.Tokenizer, new SchedulerOptions
        {
            QueueMax = config.Inference.Queue, SlotsMax = config.Inference.Slots,
            ContextLength = Loaded.Model.Plan?.ContextLength ?? ContextOf(config, isConfigured),
            Speculation = drafts.Options,
        });
        _parts.Push(Scheduler);
        _ = Loaded.Template; // A template that cannot be used is a reason not to be ready.
        Map = new RequestMap(Loaded, Scheduler, Choice.Name, config.Inference);
    }

    // A draft model speaks one model's vocabulary; look-up suits any.
    private static string DraftOf(AgentConfig config, bool isConfigured) =>
        isConfigured || config.Speculation.Draft == DraftSetup.Lookup ? config.Speculation.Draft : DraftSetup.Off;

    // What was configured for one model may be more than another has.
    private int ContextOf(AgentConfig config, bool isConfigured) =>
        isConfigured ? config.Inference.Context
            : Math.Min(config.Inference.Context, Loaded.Model.Config.ContextLength);
}
