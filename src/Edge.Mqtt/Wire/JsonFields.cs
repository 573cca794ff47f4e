using System.Text.Json;

namespace Edge.Mqtt;

/// <summary>Reads one JSON object's fields with checks; the first fault stays in <see cref="Fault"/>, later reads
/// then return null.</summary>
internal sealed class JsonFields
{
    private const int NamesMax = 64, NameCharsMax = 128;
    private readonly Dictionary<string, JsonElement> _fields = [];
    private readonly HashSet<string> _read = [];
    private readonly string _at;

    /// <summary>A null element stands for an absent object.</summary>
    public JsonFields(JsonElement? element, string at)
    {
        _at = at;
        if (element is not { } e) return;
        if (e.ValueKind != JsonValueKind.Object)
        {
            Refuse("", $"must be an object, not {KindName(e.ValueKind)}");
            return;
        }
        foreach (var property in e.EnumerateObject())
        {
            if (Text(property) is not { Length: <= NameCharsMax } name)
                Refuse("", $"has a field name that is not valid text of at most {NameCharsMax} characters");
            else if (_fields.Count >= NamesMax) Refuse("", $"has more than {NamesMax} fields; remove some");
            else if (!_fields.TryAdd(name, property.Value)) Refuse(name, "appears twice; send it once");
            if (_fields.Count >= NamesMax && Fault is not null) return;
        }
    }

    public Problem? Fault { get; private set; }

    /// <summary>Fields that nothing has read, as pointers.</summary>
    public IEnumerable<string> Unread => _fields.Keys.Where(name => !_read.Contains(name)).Select(PointerTo);

    public string PointerTo(string name) =>
        name.Length == 0 ? _at : _at + "/" + name.Replace("~", "~0").Replace("/", "~1");

    public void Refuse(string name, string why, ProblemCode code = ProblemCode.InvalidPayload) =>
        Fault ??= Fail(PointerTo(name), why, code);

    /// <summary>Takes over a fault that was found in an inner object.</summary>
    public void Refuse(Problem inner) => Fault ??= inner;

    public static Problem Fail(string pointer, string why, ProblemCode code = ProblemCode.InvalidPayload) =>
        new(code, $"{(pointer.Length == 0 ? "the body" : pointer)} {why}", pointer);

    /// <summary>The field, or null when absent or JSON null (as OpenAI clients send unset options).</summary>
    public JsonElement? Take(string name)
    {
        _read.Add(name);
        return Fault is null && _fields.TryGetValue(name, out var e) && e.ValueKind != JsonValueKind.Null ? e : null;
    }

    public string? String(string name, int charsMax, int charsMin = 1)
    {
        if (Take(name) is not { } e) return null;
        string? text = TextOf(e, PointerTo(name), charsMin, charsMax, out var fault);
        Fault ??= fault;
        return text;
    }

    /// <summary>The text if it is one within bounds, whatever else is wrong: for finding out where a refusal
    /// goes.</summary>
    public string? PeekText(string name, int charsMax) =>
        _fields.TryGetValue(name, out var e) && e.ValueKind == JsonValueKind.String
            ? TextOf(e, "", 1, charsMax, out _) : null;

    public bool? Bool(string name)
    {
        if (Take(name) is not { } e) return null;
        if (e.ValueKind is JsonValueKind.True or JsonValueKind.False) return e.GetBoolean();
        Refuse(name, $"must be true or false, not {KindName(e.ValueKind)}");
        return null;
    }

    public double? Real(string name, double min, double max)
    {
        if (Take(name) is not { } e) return null;
        if (e.ValueKind == JsonValueKind.Number && e.TryGetDouble(out double value) && value >= min && value <= max)
            return value;
        Refuse(name, $"must be a number from {min} to {max}, not {Shown(e)}");
        return null;
    }

    public long? Integer(string name, long min, long max)
    {
        if (Take(name) is not { } e) return null;
        if (e.ValueKind == JsonValueKind.Number && e.TryGetInt64(out long value) && value >= min && value <= max)
            return value;
        Refuse(name, $"must be a whole number from {min} to {max}, not {Shown(e)}");
        return null;
    }

    /// <summary>A string element within bounds; null and a fault otherwise.</summary>
    public static string? TextOf(JsonElement e, string pointer, int charsMin, int charsMax, out Problem? fault)
    {
        fault = null;
        if (e.ValueKind != JsonValueKind.String)
        {
            fault = Fail(pointer, $"must be a string, not {KindName(e.ValueKind)}");
            return null;
        }
        // A lone surrogate (as in "\ud800") is the one thing that cannot be told from the bytes alone.
        string? text = null;
        try { text = e.GetString(); }
        catch (InvalidOperationException) { fault = Fail(pointer, "is not valid Unicode; send whole characters"); }
        if (text is null) return null;
        if (text.Length >= charsMin && text.Length <= charsMax) return text;
        fault = Fail(pointer, $"must have {charsMin} to {charsMax} characters, not {text.Length}");
        return null;
    }

    public static string KindName(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a truth value",
        _ => "null",
    };

    private static string Shown(JsonElement e) =>
        e.ValueKind == JsonValueKind.Number && e.GetRawText() is { Length: <= 32 } raw ? raw : KindName(e.ValueKind);

    private static string? Text(JsonProperty property)
    {
        try { return property.Name; }
        catch (InvalidOperationException) { return null; }
    }
}
