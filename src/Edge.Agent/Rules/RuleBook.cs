using Edge.Devices;
using Edge.Mqtt;
using Edge.Text;

namespace Edge.Agent.Rules;

/// <summary>All rules with their state: takes messages, readings and time, and says what is to be asked. One thread;
/// its clock is the caller's.</summary>
internal sealed class RuleBook
{
    /// <summary>Marks a rule's answer, so that no node's rule is triggered by it.</summary>
    public const string Mark = "edge-rule";
    private const int RememberedMax = 1024;

    private readonly IReadOnlyList<Rule> _rules;
    private readonly string _node;
    private readonly TimeProvider _clock;
    private readonly Action<Rule, string> _problem;
    private readonly Func<IReadOnlyList<Reading>> _read;
    private readonly Dictionary<Rule, RuleGate> _gates = [];
    private readonly Dictionary<Rule, long> _lastRun = [];
    private readonly Dictionary<string, ReadingWatch[]> _watches;
    private readonly Dictionary<string, ulong> _retained = [];
    private long _polledAt;

    /// <param name="rules">From the compiler.</param>
    /// <param name="node">The variable `node`.</param>
    /// <param name="read">Reads every sensor.</param>
    /// <param name="clock">Monotonic.</param>
    /// <param name="problem">Hears why a rule did not fire.</param>
    public RuleBook(
        IReadOnlyList<Rule> rules, string node, Func<IReadOnlyList<Reading>> read, TimeProvider clock,
        Action<Rule, string> problem)
    {
        (_rules, _node, _read, _clock, _problem) = (rules, node, read, clock, problem);
        foreach (var rule in rules)
        {
            _gates[rule] = new RuleGate(
                TimeSpan.FromSeconds(rule.Config.DebounceSeconds), rule.Config.PerMinuteMax, clock);
            _lastRun[rule] = clock.GetTimestamp();
        }
        _polledAt = clock.GetTimestamp();
        _watches = Watch();
    }

    /// <summary>How often readings are looked at where a rule waits for one.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    public long Dropped
    {
        get
        {
            long dropped = 0;
            foreach (var gate in _gates.Values) dropped += gate.Dropped;
            return dropped;
        }
    }

    /// <summary>How long nothing will be due, unless a message comes.</summary>
    public TimeSpan Rest()
    {
        var rest = TimeSpan.FromHours(1);
        foreach (var rule in _rules)
        {
            if (rule.On.EverySeconds is { } seconds) rest = Less(rest, seconds, _lastRun[rule]);
            if (_gates[rule].Due is { } due && due < rest) rest = due;
        }
        if (_watches.Count > 0) rest = Less(rest, PollInterval.TotalSeconds, _polledAt);
        return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }

    /// <summary>What a message asks.</summary>
    public IReadOnlyList<RuleQuestion> Take(MqttMessage message)
    {
        if (message.UserProperties.Any(p => p.Key == Mark) || IsOldNews(message)) return [];
        var hit = _rules.Where(r => r.On.Topic is { } filter && TopicFilter.Matches(filter, message.Topic)).ToList();
        if (hit.Count == 0) return [];
        var (payload, unreadable) = message.IsOversized
            ? (null, $"the payload has {message.WireBytes} bytes") : PayloadPath.Read(message.Payload);
        var questions = new List<RuleQuestion>();
        foreach (var rule in hit)
        {
            var (variables, problem) = unreadable is null
                ? Variables(rule, message.Topic, payload) : (null, unreadable);
            if (variables is null) _problem(rule, $"a message on {message.Topic} is left out: {problem}");
            else if (_gates[rule].Offer(new RuleFiring(rule, message.Topic, variables)) is { } firing)
                Ask(firing, questions);
        }
        return questions;
    }

    /// <summary>What is due by now: times, readings, topics that became quiet.</summary>
    public IReadOnlyList<RuleQuestion> Tick()
    {
        var questions = new List<RuleQuestion>();
        var due = _rules.Where(rule => rule.On.EverySeconds is { } seconds
            && _clock.GetElapsedTime(_lastRun[rule]).TotalSeconds >= seconds).ToList();
        bool polls = _watches.Count > 0 && _clock.GetElapsedTime(_polledAt) >= PollInterval;
        if (due.Count > 0 || polls)
        {
            var readings = _read();
            foreach (var rule in due)
            {
                _lastRun[rule] = _clock.GetTimestamp();
                Offer(new RuleFiring(rule, "", Common(readings)), questions);
            }
            if (polls) Poll(readings, questions);
        }
        foreach (var gate in _gates.Values)
            foreach (var firing in gate.TakeDue()) Ask(firing, questions);
        return questions;
    }

    private void Poll(IReadOnlyList<Reading> readings, List<RuleQuestion> questions)
    {
        _polledAt = _clock.GetTimestamp();
        foreach (var reading in readings)
            foreach (var watch in _watches.GetValueOrDefault(reading.Name) ?? [])
                if (watch.Take(reading) is { } moved)
                    Offer(new RuleFiring(watch.Rule, "", new Dictionary<string, object?>(Common(readings))
                    {
                        ["reading"] = moved,
                    }), questions);
    }

    private void Offer(RuleFiring firing, List<RuleQuestion> questions)
    {
        if (_gates[firing.Rule].Offer(firing) is { } passed) Ask(passed, questions);
    }

    private void Ask(RuleFiring firing, List<RuleQuestion> questions)
    {
        var rule = firing.Rule;
        try
        {
            string topic = rule.Topic.Render(RuleVariables.ForTopic(firing.Variables));
            if (TopicName.WhyInvalid(topic) is { } why) _problem(rule, $"publish.topic became '{topic}': {why}");
            else
                questions.Add(new RuleQuestion(
                    rule, rule.Prompt.Render(firing.Variables), rule.System?.Render(firing.Variables), topic));
        }
        catch (TemplateException e)
        {
            _problem(rule, $"a template cannot be filled: {e.Message}");
        }
    }

    private (Dictionary<string, object?>? Variables, string? Problem) Variables(
        Rule rule, string topic, object? payload)
    {
        var variables = Common(rule.UsesSensors ? _read() : []);
        variables["topic"] = topic.Split('/');
        variables["payload"] = payload;
        foreach (var (name, path) in rule.Config.Fields ?? [])
        {
            if (!PayloadPath.TryFind(payload, path, out object? value))
                return (null, $"it has no '{path}' for fields.{name}");
            variables[name] = value;
        }
        return (variables, null);
    }

    private Dictionary<string, object?> Common(IReadOnlyList<Reading> readings) => new()
    {
        ["node"] = _node, ["sensors"] = RuleVariables.Sensors(readings),
    };

    // A retained message comes again at every reconnect; once is enough, until it says something else.
    private bool IsOldNews(MqttMessage message)
    {
        if (!message.Retain) return false;
        var hash = new HashCode();
        hash.AddBytes(message.Payload.Span);
        ulong now = ((ulong)(uint)hash.ToHashCode() << 32) | (uint)message.Payload.Length;
        if (_retained.TryGetValue(message.Topic, out ulong before) && before == now) return true;
        if (_retained.Count < RememberedMax || _retained.ContainsKey(message.Topic)) _retained[message.Topic] = now;
        return false;
    }

    private Dictionary<string, ReadingWatch[]> Watch()
    {
        var waiting = _rules.Where(rule => rule.On.Reading is not null).ToList();
        if (waiting.Count == 0) return [];
        var readings = _read();
        var names = readings.Select(reading => reading.Name).ToList();
        var watches = new Dictionary<string, ReadingWatch[]>();
        foreach (var rule in waiting)
        {
            var (name, problem) = ReadingWatch.Resolve(rule.On.Reading!, names);
            if (name is null)
            {
                _problem(rule, problem!); // A sensor that is not plugged in is no reason not to start.
                continue;
            }
            var watch = new ReadingWatch(rule);
            watch.Take(readings.First(reading => reading.Name == name)); // Movement counts from the start.
            watches[name] = [.. watches.GetValueOrDefault(name) ?? [], watch];
        }
        return watches;
    }

    private TimeSpan Less(TimeSpan rest, double seconds, long since)
    {
        var left = TimeSpan.FromSeconds(seconds) - _clock.GetElapsedTime(since);
        return left < rest ? left : rest;
    }
}
