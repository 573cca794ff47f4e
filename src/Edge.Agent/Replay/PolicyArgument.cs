using System.Globalization;
using Edge.Weights.Policies;

namespace Edge.Agent.Replay;

/// <summary>A policy with values for its parameters. <paramref name="Label"/>: as it was asked for.</summary>
internal sealed record PolicyChoice(string Label, PolicyRow Row, IReadOnlyList<double> Values);

/// <summary>Reads "lru,mrs:alpha=0.3:spread=2", or "all".</summary>
internal static class PolicyArgument
{
    private const int ChoicesMax = 32;

    /// <summary>What was asked for, and Belady at the end in any case. Errors: UserErrorException naming what is wrong
    /// and what is possible.</summary>
    public static IReadOnlyList<PolicyChoice> Parse(string text)
    {
        var choices = text == "all"
            ? PolicyTable.Rows.Select(Plain).ToList()
            : text.Split(',').Select(One).ToList();
        if (choices.Count > ChoicesMax) throw Wrong($"more than {ChoicesMax} policies");
        if (!choices.Any(choice => choice.Row.NeedsFuture))
            choices.AddRange(PolicyTable.Rows.Where(row => row.NeedsFuture).Select(Plain));
        return choices;
    }

    private static PolicyChoice Plain(PolicyRow row) => new(row.Name, row, PolicyTable.Defaults(row));

    private static PolicyChoice One(string text)
    {
        string[] parts = text.Split(':');
        var row = PolicyTable.Find(parts[0])
            ?? throw Wrong($"no policy '{parts[0]}'; there are all, {PolicyTable.Names(live: false)}");
        double[] values = [.. PolicyTable.Defaults(row)];
        foreach (string part in parts.Skip(1)) Set(row, values, part);
        return row.Problem?.Invoke(values) is { } problem ? throw Wrong($"{row.Name}: {problem}")
            : new PolicyChoice(text, row, values);
    }

    private static void Set(PolicyRow row, double[] values, string part)
    {
        string[] pair = part.Split('=');
        int index = row.Parameters.ToList().FindIndex(p => p.Name == pair[0]);
        if (index < 0)
        {
            string takes = row.Parameters.Count == 0 ? "it takes none"
                : "it takes " + string.Join(", ", row.Parameters.Select(p => $"{p.Name} ({p.Meaning})"));
            throw Wrong($"{row.Name} has no parameter '{pair[0]}'; {takes}");
        }
        var parameter = row.Parameters[index];
        if (pair.Length != 2
            || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            || !(value >= parameter.Min && value <= parameter.Max))
            throw Wrong(string.Create(CultureInfo.InvariantCulture,
                $"{row.Name}: '{part}' is not {parameter.Name}={parameter.Min} to {parameter.Max}"));
        values[index] = value;
    }

    private static UserErrorException Wrong(string what) => new($"--policy: {what}", ExitCode.Usage);
}
