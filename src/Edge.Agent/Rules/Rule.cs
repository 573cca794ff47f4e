using Edge.Agent.Config;
using Edge.Text;

namespace Edge.Agent.Rules;

/// <summary>A rule that was checked: its templates are parsed, its schema is compiled.</summary>
/// <param name="Answers">The topics that it may publish to, as a filter.</param>
internal sealed record Rule(
    RuleConfig Config, TextTemplate Prompt, TextTemplate? System, TextTemplate Topic, Grammar? Grammar, string Answers)
{
    public string Name => Config.Name;
    public TriggerConfig On => Config.On!;
    public AnswerConfig Publish => Config.Publish!;

    /// <summary>A message need not wait for sensors that no template shows.</summary>
    public bool UsesSensors { get; } =
        new[] { Prompt, System, Topic }.Any(t => t?.Source.Contains("sensors", StringComparison.Ordinal) ?? false);
}

/// <summary>A rule whose trigger came, with the variables of its templates. Key: what is debounced together.</summary>
internal sealed record RuleFiring(Rule Rule, string Key, IReadOnlyDictionary<string, object?> Variables);

/// <summary>What a firing asks, and where its answer goes.</summary>
internal sealed record RuleQuestion(Rule Rule, string Prompt, string? System, string Topic);
