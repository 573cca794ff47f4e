using System.Text;
using Edge.Agent.Config;
using Edge.Agent.Rules;
using Edge.Devices;
using Edge.Mqtt;
using Edge.Tests.House;

namespace Edge.Tests.Agent.Rules;

/// <summary>Rules on a clock that stands until a test moves it, with readings and messages that the test
/// gives.</summary>
internal sealed class RuleBench
{
    private readonly Clock _clock = new();

    public RuleBench(IReadOnlyList<RuleConfig> rules, IReadOnlyList<Reading>? readings = null)
    {
        Readings = readings ?? [];
        var (compiled, problem) = Compile([.. rules]);
        Xunit.Assert.Null(problem);
        Book = new RuleBook(
            compiled, "shed", () => Readings, _clock, (rule, text) => Problems.Add($"{rule.Name}: {text}"));
    }

    public RuleBook Book { get; }
    public IReadOnlyList<Reading> Readings { get; set; }
    public List<string> Problems { get; } = [];

    public static (IReadOnlyList<Rule> Rules, string? Problem) Compile(params RuleConfig[] rules) =>
        RuleCompiler.Compile(rules, new NodeTopics(NodeTopics.DefaultRoot, "shed"));

    /// <summary>topic ← prompt, for every question.</summary>
    public IReadOnlyList<string> Send(string topic, string payload, bool retain = false, string? mark = null) =>
        Shown(Book.Take(new MqttMessage
        {
            Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), WireBytes = Encoding.UTF8.GetByteCount(payload),
            Retain = retain, UserProperties = mark is null ? [] : [new(RuleBook.Mark, mark)],
        }));

    /// <summary>Lets time pass in steps of the rules' own rest, as the service does.</summary>
    public IReadOnlyList<string> Pass(double seconds)
    {
        var asked = new List<string>();
        var end = _clock.Now + TimeSpan.FromSeconds(seconds);
        while (_clock.Now < end)
        {
            var rest = Book.Rest();
            if (rest < TimeSpan.FromMilliseconds(1)) rest = TimeSpan.FromMilliseconds(1);
            _clock.Now = _clock.Now + rest < end ? _clock.Now + rest : end;
            asked.AddRange(Shown(Book.Tick()));
        }
        return asked;
    }

    public static IEnumerable<(string Topic, string Payload)> Recorded() =>
        Repository.Read("tests/golden/devices/messages.tsv").Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split('\t', 2)).Select(parts => (parts[0], parts[1]));

    private static List<string> Shown(IReadOnlyList<RuleQuestion> questions) =>
        [.. questions.Select(q => $"{q.Topic} ← {q.Prompt}")];

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => Now.Ticks;
    }
}
