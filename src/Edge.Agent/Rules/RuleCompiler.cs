using System.Text.Json;
using System.Text;
using Edge.Agent.Config;
using Edge.Devices;
using Edge.Mqtt;
using Edge.Text;

namespace Edge.Agent.Rules;

/// <summary>Turns the configuration's rules into rules that can run, or says which field of which rule is
/// wrong.</summary>
internal static class RuleCompiler
{
    private const string VerdictSchema = "sensor-verdict";
    private static readonly string[] MessageNames = ["topic", "payload", "node", "sensors"];
    private static readonly string[] ReadingNames = ["reading", "node", "sensors"];
    private static readonly string[] TimeNames = ["node", "sensors"];

    /// <summary>The rules, or the first problem: "rules[2] 'frost': publish.topic …".</summary>
    public static (IReadOnlyList<Rule> Rules, string? Problem) Compile(
        IReadOnlyList<RuleConfig> configs, NodeTopics topics)
    {
        var rules = new List<Rule>();
        if (configs.Count > RuleConfig.RulesMax)
            return ([], $"rules has {configs.Count} entries; at most {RuleConfig.RulesMax} are run");
        for (int i = 0; i < configs.Count; i++)
        {
            string where = $"rules[{i}]" + (configs[i].Name.Length > 0 ? $" '{configs[i].Name}'" : "");
            var (rule, problem) = Compile(configs[i], topics);
            if (rule is not null && rules.Any(other => other.Name == rule.Name)) problem = "name is used twice";
            if (problem is not null) return ([], $"{where}: {problem}");
            rules.Add(rule!);
        }
        return (FindLoop(rules) ?? FindTwice(rules)) is { } together ? ([], together) : (rules, null);
    }

    /// <summary>What to subscribe to: of two filters, one of which covers the other, the wider.</summary>
    public static IReadOnlyList<string> Filters(IEnumerable<string> wanted)
    {
        string[] all = [.. wanted.Distinct()];
        return [.. all.Where(filter => !all.Any(other => other != filter && TopicFilter.Covers(other, filter)))];
    }

    private static (Rule? Rule, string? Problem) Compile(RuleConfig config, NodeTopics topics)
    {
        if (config.Problem() is { } simple) return (null, simple);
        string[] names = config.On!.Topic is not null ? MessageNames
            : config.On.Reading is not null ? ReadingNames : TimeNames;
        foreach (var (name, path) in config.Fields ?? [])
        {
            if (names.Contains(name)) return (null, $"fields.{name} hides a variable of that name; choose another");
            if (PayloadPath.WhyInvalid(path) is { } why) return (null, $"fields.{name} '{path}' is not a path: {why}");
        }
        names = [.. names, .. config.Fields?.Keys ?? Enumerable.Empty<string>()];
        string? problem = null;
        var prompt = Parse("prompt", config.Prompt, names, ref problem);
        var system = config.System is null ? null : Parse("system", config.System, names, ref problem);
        var topic = Parse("publish.topic", config.Publish!.Topic, names, ref problem);
        var grammar = config.Schema is null ? null : Schema(config.Schema, ref problem);
        if (problem is not null) return (null, problem);
        string answers = Pattern(config.Publish.Topic);
        problem = WhyNoAnswer(answers, config.Publish.Topic, topics) ?? WhyNoTrigger(config.On.Topic, topics);
        return problem is not null
            ? (null, problem)
            : (new Rule(config, prompt!, system, topic!, grammar, answers), null);
    }

    private static TextTemplate? Parse(string field, string source, IEnumerable<string> names, ref string? problem)
    {
        if (problem is not null) return null;
        try
        {
            var template = TextTemplate.Parse(source);
            if (template.FindUnknown(names) is not { } unknown) return template;
            problem = $"{field} uses '{unknown}', which is none of its variables: {string.Join(", ", names)}";
        }
        catch (TemplateException e)
        {
            problem = $"{field}: {e.Message}";
        }
        return null;
    }

    private static Grammar? Schema(string path, ref string? problem)
    {
        if (problem is not null) return null;
        if (path == VerdictSchema)
        {
            using var verdict = JsonDocument.Parse(SensorVerdict.SchemaJson);
            return Grammar.TryFromJsonSchema(verdict.RootElement.Clone(), out var known, out _) ? known
                : throw new InvalidOperationException("the schema of the sensor verdict does not compile");
        }
        try
        {
            return SchemaFile.Read(path).Grammar;
        }
        catch (UserErrorException e)
        {
            problem = e.Message; // It names the file.
            return null;
        }
    }

    /// <summary>The template's topic as a filter: a level with a value in it can become anything.</summary>
    private static string Pattern(string template) =>
        string.Join('/', WithoutPlaces(template, "\u0001").Split('/')
            .Select(level => level.Contains('\u0001') ? "+" : level));

    private static string? WhyNoAnswer(string answers, string template, NodeTopics topics)
    {
        if (template.Contains("{%", StringComparison.Ordinal))
            return "publish.topic may hold {{ values }} but no {% statements %}";
        if (TopicName.WhyInvalid(answers.Replace('+', 'x')) is { } why)
            return $"publish.topic '{template}' cannot be published to: {why}";
        if (WithoutPlaces(template, "").AsSpan().ContainsAny('+', '#'))
            return $"publish.topic '{template}' has a wildcard; an answer goes to one topic";
        if (TopicFilter.Overlap(answers, topics.Root + "/#"))
            return $"publish.topic '{template}' could be one of the contract's own, below {topics.Root}/; " +
                "begin it with another level";
        return null;
    }

    private static string? WhyNoTrigger(string? filter, NodeTopics topics) =>
        filter is not null && topics.Subscriptions.Any(own => TopicFilter.Overlap(own.Filter, filter))
            ? $"on.topic '{filter}' would also hear requests to this node; name the levels that you mean"
            : null;

    // Rules do not trigger rules, so no loop can be built, however long.
    private static string? FindLoop(List<Rule> rules)
    {
        foreach (var from in rules)
            foreach (var to in rules)
                if (to.On.Topic is { } filter && TopicFilter.Overlap(from.Answers, filter))
                    return $"rule '{from.Name}': publish.topic '{from.Publish.Topic}' would trigger "
                        + (from == to ? "the rule itself" : $"rule '{to.Name}'")
                        + $" (on.topic '{filter}'); rules never trigger rules, so choose topics that do not meet";
        return null;
    }

    // A broker delivers a message once for each filter that it matches, and nobody can tell that from two messages.
    private static string? FindTwice(List<Rule> rules)
    {
        var filters = Filters(rules.Select(rule => rule.On.Topic).OfType<string>());
        foreach (string a in filters)
            foreach (string b in filters)
                if (string.CompareOrdinal(a, b) < 0 && TopicFilter.Overlap(a, b))
                    return $"rule '{rules.First(r => r.On.Topic == a).Name}': on.topic '{a}' and '{b}' of rule "
                        + $"'{rules.First(r => r.On.Topic == b).Name}' overlap, but neither holds the other, so a "
                        + "message on both would come twice; widen one of them";
        return null;
    }

    /// <summary>The template's text with every {{ value }} and {# comment #} replaced.</summary>
    private static string WithoutPlaces(string template, string by)
    {
        var text = new StringBuilder();
        int at = 0;
        while (at < template.Length)
        {
            var rest = template.AsSpan(at);
            string? end = rest.StartsWith("{{") ? "}}" : rest.StartsWith("{#") ? "#}" : null;
            int close = end is null ? -1 : template.IndexOf(end, at + 2, StringComparison.Ordinal);
            if (close < 0)
            {
                text.Append(template[at++]);
                continue;
            }
            text.Append(by);
            at = close + 2;
        }
        return text.ToString();
    }
}
