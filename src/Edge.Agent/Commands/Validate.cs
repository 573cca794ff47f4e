using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Edge.Agent.Commands;

/// <summary>Bounds of options, checked before anything is loaded.</summary>
internal static class Validate
{
    public static void Between<T>(Option<T> option, T low, T high) where T : struct, INumber<T> =>
        option.Validators.Add(result =>
        {
            // What is not a number is reported by the parser; asking the result for its value would throw.
            if (result.Tokens.Count == 0
                || !T.TryParse(result.Tokens[^1].Value, CultureInfo.InvariantCulture, out T value))
                return;
            if (!(value >= low && value <= high)) result.AddError($"{option.Name} {value} is outside {low} to {high}");
        });

    public static bool IsGiven(ParseResult parsed, Option option) =>
        parsed.GetResult(option) is { Implicit: false };

    /// <summary>Errors: UserErrorException (usage) for an option that would do nothing without another.</summary>
    public static void Needs(ParseResult parsed, Option option, Option other)
    {
        if (IsGiven(parsed, option) && !IsGiven(parsed, other))
            throw new UserErrorException($"{option.Name} needs {other.Name}; without it, it does nothing",
                ExitCode.Usage);
    }

    /// <summary>What --context asks of a loaded model; 0: <paramref name="absent"/>. Errors: UserErrorException (usage)
    /// for more than the model has.</summary>
    public static int Context(int asked, int limit, int absent) => asked == 0 ? Math.Min(absent, limit)
        : asked >= 2 && asked <= limit ? asked
        : throw new UserErrorException($"--context {asked} is outside 2 to {limit}, which the model has; 0 takes the " +
            "default", ExitCode.Usage);
}
