using Edge.Agent.Config;
using Edge.Agent.Rules;
using Edge.Mqtt;
using Xunit;

namespace Edge.Tests.Agent.Rules;

public sealed class RuleCompilerTests
{
    private static readonly RuleConfig Good = new(
        "frost", new TriggerConfig(Topic: "farm/+/telemetry"), new() { ["t"] = "temperature" }, "{{ t }}",
        Publish: new("verdicts/{{ topic[1] }}"));

    public static TheoryData<string, string[]> Wrong => new()
    {
        { "name", ["rules[0] 'a b'", "name must have"] },
        { "noTrigger", ["rules[0] 'frost'", "on is missing"] },
        { "twoTriggers", ["'frost'", "exactly one"] },
        { "filter", ["'frost'", "on.topic 'farm/+x'", "level of its own"] },
        { "fast", ["'frost'", "on.everySeconds 0.1", "1 to 86400"] },
        { "noMove", ["'frost'", "on.movesBy"] },
        { "prompt", ["'frost'", "prompt", "line 1"] },
        { "variable", ["'frost'", "prompt uses 'tmep'", "t"] },
        { "path", ["'frost'", "fields.t 'a..b'", "empty part"] },
        { "hides", ["'frost'", "fields.topic hides"] },
        { "noFields", ["'frost'", "fields need on.topic"] },
        { "schema", ["'frost'", "/nonexistent.json"] },
        { "wildcard", ["'frost'", "publish.topic 'verdicts/#'"] },
        { "contract", ["'frost'", "publish.topic 'edgeai/v1/x'", "edgeai/v1/"] },
        { "contractByValue", ["'frost'", "publish.topic '{{ topic[0] }}/v1/x'"] },
        { "statement", ["'frost'", "no {% statements %}"] },
        { "requests", ["'frost'", "on.topic 'edgeai/#'", "requests to this node"] },
        { "self", ["'frost'", "would trigger the rule itself", "farm/+/telemetry"] },
        { "limits", ["'frost'", "perMinuteMax 0"] },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Compile_OneFieldWrong_NamesRuleAndField(string what, string[] words)
    {
        var rule = what switch
        {
            "name" => Good with { Name = "a b" },
            "noTrigger" => Good with { On = null },
            "twoTriggers" => Good with { On = new(EverySeconds: 60, Topic: "a") },
            "filter" => Good with { On = new(Topic: "farm/+x") },
            "fast" => Good with { On = new(EverySeconds: 0.1), Fields = null },
            "noMove" => Good with { On = new(Reading: "x"), Fields = null },
            "prompt" => Good with { Prompt = "{{ t " },
            "variable" => Good with { Prompt = "{{ tmep }}" },
            "path" => Good with { Fields = new() { ["t"] = "a..b" } },
            "hides" => Good with { Fields = new() { ["topic"] = "a" } },
            "noFields" => Good with { On = new(EverySeconds: 60) },
            "schema" => Good with { Schema = "/nonexistent.json" },
            "wildcard" => Good with { Publish = new("verdicts/#") },
            "contract" => Good with { Publish = new("edgeai/v1/x") },
            "contractByValue" => Good with { Publish = new("{{ topic[0] }}/v1/x") },
            "statement" => Good with { Publish = new("{% if t %}a/b{% endif %}") },
            "requests" => Good with { On = new(Topic: "edgeai/#") },
            "self" => Good with { Publish = new("farm/{{ t }}/telemetry") },
            _ => Good with { PerMinuteMax = 0 },
        };
        string? problem = RuleBench.Compile(rule).Problem;
        Assert.NotNull(problem);
        Assert.All(words, word => Assert.Contains(word, problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Compile_RuleThatTriggersAnother_IsRefusedWithBothNames()
    {
        var second = Good with { Name = "second", On = new(Topic: "verdicts/#"), Publish = new("elsewhere/x") };
        string problem = RuleBench.Compile(Good, second).Problem!;
        Assert.Contains("'frost'", problem, StringComparison.Ordinal);
        Assert.Contains("'second'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_NameTwiceAndOverlappingFilters_AreRefused()
    {
        Assert.Contains("twice", RuleBench.Compile(Good, Good).Problem, StringComparison.Ordinal);
        var other = Good with { Name = "other", On = new(Topic: "farm/shed/+") };
        Assert.Contains("overlap", RuleBench.Compile(Good, other).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_GoodRules_AllOfThem()
    {
        var verdict = Good with { Name = "v", Schema = "sensor-verdict" };
        var timed = Good with { Name = "t", On = new(EverySeconds: 60), Fields = null, Prompt = "x",
            Publish = new("a/{{ node }}") };
        var (rules, problem) = RuleBench.Compile(Good, verdict, timed);
        Assert.Null(problem);
        Assert.Equal(["verdicts/+", "verdicts/+", "a/+"], rules.Select(r => r.Answers));
        Assert.NotNull(rules[1].Grammar);
        Assert.Equal(["farm/+/telemetry"], RuleCompiler.Filters(rules.Select(r => r.On.Topic).OfType<string>()));
    }

    [Theory]
    [InlineData("farm/+/t", "farm/a/t", true)]
    [InlineData("farm/#", "farm", true)]
    [InlineData("#", "farm/a", true)]
    [InlineData("#", "$SYS/x", false)]
    [InlineData("+/x", "$SYS/x", false)]
    [InlineData("farm/+", "farm", false)]
    [InlineData("farm/+", "farm/a/b", false)]
    [InlineData("farm/+", "farm/", true)]
    [InlineData("a/+/c", "+/b/#", true)]
    [InlineData("a/+/c", "+/b/d", false)]
    public void TopicFilter_Overlap_IsTheBrokersRule(string a, string b, bool expected)
    {
        Assert.Equal(expected, TopicFilter.Overlap(a, b));
        Assert.Equal(expected, TopicFilter.Overlap(b, a));
    }

    [Theory]
    [InlineData("farm/#", "farm/+/t", true)]
    [InlineData("farm/+/t", "farm/#", false)]
    [InlineData("farm/+", "farm/a", true)]
    [InlineData("farm/+", "farm/a/b", false)]
    [InlineData("#", "$SYS/a", false)]
    [InlineData("a/#", "a", true)]
    public void TopicFilter_Covers_EveryTopicOfTheNarrow(string wide, string narrow, bool expected) =>
        Assert.Equal(expected, TopicFilter.Covers(wide, narrow));
}
