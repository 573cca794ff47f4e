using System.Text.Json;
using Edge.Devices;

namespace Edge.Agent.Rules;

/// <summary>What templates see.</summary>
internal static class RuleVariables
{
    /// <summary>Every usable reading by its name, and by the last part of it where only one has that.</summary>
    public static IReadOnlyDictionary<string, object?> Sensors(IReadOnlyList<Reading> readings)
    {
        var usable = readings.Where(reading => reading.IsUsable).ToList();
        var sensors = usable.ToDictionary(reading => reading.Name, object? (reading) => Shown(reading));
        foreach (var group in usable.GroupBy(reading => reading.Name[(reading.Name.LastIndexOf('/') + 1)..]))
            if (group.Count() == 1) sensors.TryAdd(group.Key, Shown(group.First()));
        return sensors;
    }

    /// <summary>The same variables for a topic: text from outside cannot add levels or wildcards.</summary>
    public static IReadOnlyDictionary<string, object?> ForTopic(IReadOnlyDictionary<string, object?> variables) =>
        variables.ToDictionary(v => v.Key, v => Level(v.Value));

    private static object? Level(object? value) => value switch
    {
        string text => Level(text),
        JsonElement { ValueKind: JsonValueKind.String } json => Level(json.GetString()!),
        JsonElement { ValueKind: JsonValueKind.Object } json =>
            json.EnumerateObject().DistinctBy(p => p.Name).ToDictionary(p => p.Name, p => Level(p.Value)),
        JsonElement { ValueKind: JsonValueKind.Array } json => json.EnumerateArray().Select(e => Level(e)).ToList(),
        IReadOnlyDictionary<string, object?> map => map.ToDictionary(p => p.Key, p => Level(p.Value)),
        IEnumerable<object?> list => list.Select(Level).ToList(),
        _ => value,
    };

    private static string Level(string text) =>
        string.Concat(text.Select(c => c is '/' or '+' or '#' || char.IsControl(c) ? '-' : c));

    private static Dictionary<string, object?> Shown(Reading reading) => new()
    {
        ["value"] = Math.Round(reading.Value, 6), ["unit"] = reading.Unit,
    };
}
