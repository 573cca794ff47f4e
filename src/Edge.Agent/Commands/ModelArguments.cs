using System.CommandLine;
using Edge.Models;
using Edge.Models.Streaming;
using Edge.Weights.Policies;

namespace Edge.Agent.Commands;

/// <summary>The options of every command that loads a model.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string> _model = new("--model", "-m")
    {
        Description = "The model: a GGUF file.", HelpName = "FILE", Required = true,
    };

    private readonly Option<int> _threads = new("--threads", "-t")
    {
        Description = "Worker threads; 0: one per core, or per CPU of --cpus.", HelpName = "N",
    };

    private readonly Option<string?> _cpus = new("--cpus")
    {
        Description = "The CPUs that the model's threads may use, such as 0-3,6; absent: any.", HelpName = "LIST",
    };

    private readonly Option<string> _kv = new("--kv")
    {
        Description = "Type of the key/value cache: f16 or f32.", HelpName = "TYPE", DefaultValueFactory = _ => "f16",
    };

    private readonly Option<bool> _coarse = new("--coarse")
    {
        Description = "Read only the first plane of matrices that have two (pack --type digits2+2).",
    };
    private readonly Option<bool> _float = new("--float")
    {
        Description = "The reference path: weights decoded to float32 instead of integer arithmetic (slow).",
    };

    private readonly Option<string?> _kernels = new("--kernels")
    {
        Description = "Force a kernel set by name ('edge kernels' lists them); absent: what 'edge kernels --tune' " +
            "found for this CPU, else the best that runs.",
        HelpName = "SET",
    };

    private readonly Option<string?> _memory = new("--memory")
    {
        Description = "All that the model may take, such as 1500M: weights, caches, scratch and the program. " +
            "A model that is larger streams from storage. Absent: it must fit.",
        HelpName = "SIZE",
    };

    private readonly Option<string> _experts = new("--experts")
    {
        Description = "When experts stream: exact (the bits of the whole model), balanced or fast (less reading).",
        HelpName = "MODE", DefaultValueFactory = _ => "exact",
    };

    private readonly Option<string> _foresight = new("--foresight")
    {
        Description = "What a guess at the next layer's experts is good for: off, keep (they stay), read (they are " +
            "read while storage is idle).",
        HelpName = "USE", DefaultValueFactory = _ => "keep",
    };

    private readonly Option<string?> _policy = new("--policy")
    {
        Description = $"Who leaves the cache of experts: {PolicyTable.Names(live: true)}. Absent: " +
            $"{PolicyTable.Default}, or {PolicyTable.BelowCycle} where a token's experts do not fit.",
        HelpName = "NAME",
    };

    public ModelArguments(Command command)
    {
        _kv.AcceptOnlyFromAmong("f16", "f32");
        _experts.AcceptOnlyFromAmong("exact", "balanced", "fast");
        _foresight.AcceptOnlyFromAmong("off", "keep", "read");
        _policy.AcceptOnlyFromAmong(PolicyTable.Names(live: true).Split(", "));
        Validate.Between(_threads, 0, 256);
        foreach (Option option in (Option[])
            [_model, _threads, _cpus, _kv, _float, _coarse, _kernels, _memory, _experts, _foresight,
                _policy])
            command.Options.Add(option);
    }

    public string Path(ParseResult parsed) => ModelFile.Named(parsed.GetRequiredValue(_model));

    /// <summary>Loads the model, if it fits. <paramref name="context"/>: tokens of the cache that will be made; 0: the
    /// model's own, or what a budget allows. <paramref name="draft"/>: what drafts beside it.
    /// <paramref name="template"/>: Jinja text instead of the model's own.</summary>
    public LoadedModel Load(
        ParseResult parsed, int context = 0, string draft = DraftSetup.Off, string? template = null)
    {
        var options = MemoryAdmission.Admit(
            Path(parsed), Options(parsed), context, sequences: 1, Console.Error.WriteLine, draft);
        using var progress = new ProgressLine("loading");
        return LoadedModel.Open(Path(parsed), options, progress.Report, template);
    }

    public ModelOptions Options(ParseResult parsed) => new()
    {
        Threads = parsed.GetValue(_threads),
        Cpus = Cpus(parsed.GetValue(_cpus)),
        Warn = static problem => Console.Error.WriteLine($"warn: {problem}"),
        KvType = parsed.GetValue(_kv) == "f32" ? KvType.F32 : KvType.F16,
        Arithmetic = parsed.GetValue(_float) ? Arithmetic.Float : Arithmetic.Integer,
        Coarse = parsed.GetValue(_coarse),
        KernelSet = KernelsCommand.RequireRunnable(parsed.GetValue(_kernels))
            ?? TuningFile.SetFor(Path(parsed)),
        Memory = Memory(parsed),
    };

    private MemoryBudget? Memory(ParseResult parsed) => parsed.GetValue(_memory) is not { } text ? null : new()
    {
        Bytes = MemorySize.Parse(text)
            ?? throw new UserErrorException($"--memory: {MemorySize.Problem(text)}", ExitCode.Usage),
        Experts = Enum.Parse<ExpertMode>(parsed.GetRequiredValue(_experts), ignoreCase: true),
        Foresight = Enum.Parse<ForesightUse>(parsed.GetRequiredValue(_foresight), ignoreCase: true),
        Policy = parsed.GetValue(_policy),
    };

    private static CpuList? Cpus(string? text)
    {
        if (text is null) return null;
        if (CpuArgument.Problem(text) is { } problem)
            throw new UserErrorException($"--cpus: {problem}", ExitCode.Usage);
        return CpuList.Parse(text);
    }
}
