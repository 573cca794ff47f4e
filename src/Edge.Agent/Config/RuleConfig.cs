namespace Edge.Agent.Config;

/// <summary>A question that the node asks itself: when, what, and where the answer goes (docs/rules.md).</summary>
/// <param name="Name">Letters, digits, '-', '_' and '.'; unique.</param>
/// <param name="On">One trigger.</param>
/// <param name="Fields">Variables from a message's payload: name → path, such as "AM2301.Temperature", "/a.b/0" (JSON
/// pointer) or "." (the whole payload).</param>
/// <param name="Prompt">Template of the question.</param>
/// <param name="System">Template of the system message; absent: none.</param>
/// <param name="Schema">File of the JSON schema of the answer, or "sensor-verdict"; absent: free text.</param>
/// <param name="DebounceSeconds">Waits until a topic (or reading) was quiet for this long, then takes the
/// latest.</param>
/// <param name="PerMinuteMax">Firings beyond it are dropped.</param>
internal sealed record RuleConfig(
    string Name = "",
    TriggerConfig? On = null,
    Dictionary<string, string>? Fields = null,
    string Prompt = "",
    string? System = null,
    string? Schema = null,
    int MaxTokens = 128,
    double DebounceSeconds = 0,
    int PerMinuteMax = 30,
    double TimeoutSeconds = 60,
    AnswerConfig? Publish = null)
{
    public const int RulesMax = 64;

    /// <summary>What can be told from the fields alone: the first that is wrong, with its remedy; null when none
    /// is.</summary>
    public string? Problem()
    {
        if (Name.Length is 0 or > 64 || !Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            return "name must have 1 to 64 letters, digits, '-', '_' or '.'";
        if (On is null) return "on is missing; give everySeconds, reading with movesBy, or topic";
        if (On.Problem() is { } trigger) return $"on.{trigger}";
        if (Prompt.Length == 0) return "prompt is empty; it is the template of the question";
        if (Publish is null) return "publish is missing; give at least publish.topic";
        if (Publish.Topic.Length == 0) return "publish.topic is empty; it is where the answer goes";
        if (Publish.Qos is < 0 or > 1) return $"publish.qos {Publish.Qos} is not 0 or 1";
        if (Fields is { Count: > 0 } && On.Topic is null) return "fields need on.topic: only messages have fields";
        if (Fields is { Count: > 64 }) return $"fields has {Fields.Count} entries; at most 64 are read";
        if (MaxTokens is < 1 or > 4096) return $"maxTokens {MaxTokens} is outside 1 to 4096";
        if (DebounceSeconds is not (>= 0 and <= 3600)) return $"debounceSeconds {DebounceSeconds} is outside 0 to 3600";
        if (PerMinuteMax is < 1 or > 600) return $"perMinuteMax {PerMinuteMax} is outside 1 to 600";
        if (TimeoutSeconds is not (>= 1 and <= 3600)) return $"timeoutSeconds {TimeoutSeconds} is outside 1 to 3600";
        return null;
    }
}

/// <summary>Exactly one of: a time, a reading that moves, a message.</summary>
/// <param name="Reading">A sensor's full name, or its last part where only one sensor has it.</param>
/// <param name="MovesBy">How far the reading must be from where it was when the rule last fired; its own unit.</param>
/// <param name="Topic">An MQTT filter; '+' and '#' as usual.</param>
internal sealed record TriggerConfig(
    double? EverySeconds = null, string? Reading = null, double? MovesBy = null, string? Topic = null)
{
    public string? Problem()
    {
        int given = (EverySeconds is null ? 0 : 1) + (Reading is null ? 0 : 1) + (Topic is null ? 0 : 1);
        if (given != 1) return "everySeconds, reading and topic: give exactly one of them";
        if (EverySeconds is { } s && s is not (>= 1 and <= 86400)) return $"everySeconds {s} is outside 1 to 86400";
        if (Reading is { Length: 0 or > 256 }) return "reading must name a sensor ('edge doctor' lists them)";
        if (Reading is not null && MovesBy is not > 0) return "movesBy must be above 0: how far it has to move";
        if (Reading is null && MovesBy is not null) return "movesBy belongs to reading; give both or none";
        if (Topic is not null && Mqtt.TopicFilter.WhyInvalid(Topic) is { } why)
            return $"topic '{Topic}' cannot be subscribed to: {why}";
        return null;
    }
}

/// <summary>Where the answer goes.</summary>
/// <param name="Topic">Template; in it, values may not add levels: '/', '+' and '#' in them become '-'.</param>
internal sealed record AnswerConfig(string Topic = "", bool Retain = false, int Qos = 1);
