using System.CommandLine;
using Edge.Engine;

namespace Edge.Agent.Commands;

/// <summary>The options of every command that samples tokens.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<float> _temperature = new("--temperature")
    {
        Description = "0: always the likeliest token.", HelpName = "T", DefaultValueFactory = _ => 0,
    };

    private readonly Option<int> _topK = new("--top-k")
    {
        Description = "Keep the K likeliest tokens; 0: all.", HelpName = "K",
    };

    private readonly Option<float> _topP = new("--top-p")
    {
        Description = "Keep the likeliest tokens up to this probability.", HelpName = "P", DefaultValueFactory = _ => 1,
    };

    private readonly Option<float> _minP = new("--min-p")
    {
        Description = "Drop tokens below this share of the likeliest one's probability.", HelpName = "P",
    };

    private readonly Option<float> _repetitionPenalty = new("--repetition-penalty")
    {
        Description = "Above 1: makes recent tokens less likely.", HelpName = "R", DefaultValueFactory = _ => 1,
    };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "The same seed gives the same text.", HelpName = "N", DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _maxTokens = new("--max-tokens", "-n")
    {
        Description = "The longest reply, in tokens.", HelpName = "N",
    };

    public SamplingArguments(Command command, int maxTokens)
    {
        _maxTokens.DefaultValueFactory = _ => maxTokens;
        Validate.Between(_temperature, 0f, 10f);
        Validate.Between(_topK, 0, 1_000_000);
        Validate.Between(_topP, 0f, 1f);
        Validate.Between(_minP, 0f, 1f);
        Validate.Between(_repetitionPenalty, 0.1f, 10f);
        Validate.Between(_maxTokens, 1, 1_000_000);
        Option[] all = [_temperature, _topK, _topP, _minP, _repetitionPenalty, _seed, _maxTokens];
        foreach (Option option in all) command.Options.Add(option);
    }

    public int MaxTokens(ParseResult parsed) => parsed.GetValue(_maxTokens);

    public SamplingOptions Read(ParseResult parsed) => new()
    {
        Temperature = parsed.GetValue(_temperature),
        TopK = parsed.GetValue(_topK),
        TopP = parsed.GetValue(_topP),
        MinP = parsed.GetValue(_minP),
        RepetitionPenalty = parsed.GetValue(_repetitionPenalty),
        Seed = parsed.GetValue(_seed),
    };
}
