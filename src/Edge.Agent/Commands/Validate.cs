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
}
