using System.CommandLine;
using Edge.Engine.Speculation;
using Edge.Models;

namespace Edge.Agent.Commands;

/// <summary>The options of every command that may draft tokens ahead.</summary>
internal sealed class DraftArguments
{
    public const string DraftHelp =
        "Guess tokens ahead and verify them together: 'lookup' (what followed before), a small model's GGUF file " +
        "with the same tokenizer, or 'off'. Greedy replies stay the same.";
    public const string MaxHelp = "Most drafts that one step verifies; fewer where they do not pay.";

    private readonly Option<string> _draft = new("--draft")
    {
        Description = DraftHelp, HelpName = "DRAFT", DefaultValueFactory = _ => DraftSetup.Off,
    };

    private readonly Option<int> _max = new("--draft-max")
    {
        Description = MaxHelp, HelpName = "N", DefaultValueFactory = _ => new SpeculationOptions().DraftMax,
    };

    public DraftArguments(Command command)
    {
        Validate.Between(_max, 1, SpeculationOptions.DraftMaxLimit);
        command.Options.Add(_draft);
        command.Options.Add(_max);
    }

    public string Name(ParseResult parsed) => DraftSetup.Named(parsed.GetValue(_draft)!);

    public DraftSetup Open(ParseResult parsed, ModelOptions options) =>
        DraftSetup.Open(Name(parsed), parsed.GetValue(_max), options);
}
