using Edge.Devices;

namespace Edge.Agent.Rules;

/// <summary>One rule's reading: tells when it has moved far enough since the rule last fired. A bad reading is no
/// movement.</summary>
internal sealed class ReadingWatch(Rule rule)
{
    private double? _from;

    public Rule Rule => rule;

    /// <summary>The sensor that the rule means: by full name, or by the last part of it where that is unique.
    /// Null and a problem where there is none, or more than one.</summary>
    public static (string? Name, string? Problem) Resolve(string asked, IReadOnlyList<string> names)
    {
        if (names.Contains(asked)) return (asked, null);
        string[] found = [.. names.Where(name => name.EndsWith("/" + asked, StringComparison.Ordinal))];
        return found.Length switch
        {
            1 => (found[0], null),
            0 => (null, $"on.reading '{asked}' is no sensor of this machine; it has: {Listed(names)}"),
            _ => (null, $"on.reading '{asked}' could be any of {Listed(found)}; give the whole name"),
        };
    }

    /// <summary>The variables `reading` when the rule fires, else null. The first reading only says where to measure
    /// from.</summary>
    public IReadOnlyDictionary<string, object?>? Take(Reading reading)
    {
        if (!reading.IsUsable) return null;
        double from = _from ??= reading.Value;
        // A billionth of tolerance: 21.5 − 21.0 is not quite 0.5 in every sensor's arithmetic.
        if (Math.Abs(reading.Value - from) < rule.On.MovesBy!.Value * (1 - 1e-9)) return null;
        _from = reading.Value;
        return new Dictionary<string, object?>
        {
            ["name"] = reading.Name, ["value"] = Math.Round(reading.Value, 6), ["unit"] = reading.Unit,
            ["previous"] = Math.Round(from, 6), ["change"] = Math.Round(reading.Value - from, 6),
        };
    }

    private static string Listed(IReadOnlyList<string> names) =>
        names.Count == 0 ? "none" : string.Join(", ", names.Take(12)) + (names.Count > 12 ? ", …" : "");
}
