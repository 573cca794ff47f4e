using Edge.Engine.Speculation;
using Edge.Models;

namespace Edge.Agent;

/// <summary>What `--draft` names, opened: nothing, look-up, or a draft model.</summary>
internal sealed class DraftSetup : IDisposable
{
    public const string Off = "off", Lookup = "lookup";

    private readonly LoadedModel? _model;

    private DraftSetup(SpeculationOptions? options, LoadedModel? model) => (Options, _model) = (options, model);

    /// <summary>Null: no drafts.</summary>
    public SpeculationOptions? Options { get; }

    /// <summary><paramref name="options"/>: those of the model that is drafted for; its kernel set may not suit this
    /// file. Errors: UserErrorException naming the file and what is wrong with it.</summary>
    public static DraftSetup Open(string draft, int draftMax, ModelOptions options)
    {
        if (draft == Off) return new DraftSetup(null, null);
        var speculation = new SpeculationOptions { DraftMax = draftMax };
        if (draft == Lookup) return new DraftSetup(speculation, null);
        if (Problem(draft) is { } problem) throw new UserErrorException(problem, ExitCode.Usage);
        var model = LoadedModel.Open(draft, options with { KernelSet = TuningFile.SetFor(draft), Memory = null });
        return new DraftSetup(speculation with { DraftModel = model.Model, DraftTokenizer = model.Tokenizer }, model);
    }

    /// <summary>The name itself, or the path of the store's model that it names.</summary>
    public static string Named(string draft) => draft is Off or Lookup ? draft : ModelFile.Named(draft);

    /// <summary>What is wrong with the name, with its remedy; null when it can be opened.</summary>
    public static string? Problem(string draft) =>
        draft is Off or Lookup ? null
        : InputFile.Problem(draft, $"'{Off}', '{Lookup}', the path of a .gguf file or a name that 'edge models list' " +
            "shows is expected") is { } problem
            ? $"draft model {problem}" : null;

    public void Dispose() => _model?.Dispose();
}
