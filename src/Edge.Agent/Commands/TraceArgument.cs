using System.CommandLine;

namespace Edge.Agent.Commands;

/// <summary>`--trace F`: record which experts the model chooses.</summary>
internal sealed class TraceArgument
{
    private readonly Option<string?> _trace = new("--trace")
    {
        Description = "Record which experts the model chooses, for 'edge replay'.", HelpName = "FILE",
    };

    public TraceArgument(Command command) => command.Options.Add(_trace);

    /// <summary>Null when nobody asked. Errors: UserErrorException.</summary>
    public TraceFile? Start(ParseResult parsed, LoadedModel loaded) =>
        parsed.GetValue(_trace) is { } path ? TraceFile.Start(loaded, path) : null;
}
