using System.CommandLine;
using Edge.Models;

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

    public ModelArguments(Command command)
    {
        _kv.AcceptOnlyFromAmong("f16", "f32");
        Validate.Between(_threads, 0, 256);
        foreach (Option option in (Option[])[_model, _threads, _cpus, _kv, _float, _kernels])
            command.Options.Add(option);
    }

    public LoadedModel Load(ParseResult parsed)
    {
        using var progress = new ProgressLine("loading");
        return LoadedModel.Open(parsed.GetRequiredValue(_model), Options(parsed), progress.Report);
    }

    public ModelOptions Options(ParseResult parsed) => new()
    {
        Threads = parsed.GetValue(_threads),
        Cpus = Cpus(parsed.GetValue(_cpus)),
        Warn = static problem => Console.Error.WriteLine($"warn: {problem}"),
        KvType = parsed.GetValue(_kv) == "f32" ? KvType.F32 : KvType.F16,
        Arithmetic = parsed.GetValue(_float) ? Arithmetic.Float : Arithmetic.Integer,
        KernelSet = KernelsCommand.RequireRunnable(parsed.GetValue(_kernels))
            ?? TuningFile.SetFor(parsed.GetRequiredValue(_model)),
    };

    private static CpuList? Cpus(string? text)
    {
        if (text is null) return null;
        if (CpuArgument.Problem(text) is { } problem)
            throw new UserErrorException($"--cpus: {problem}", ExitCode.Usage);
        return CpuList.Parse(text);
    }
}
