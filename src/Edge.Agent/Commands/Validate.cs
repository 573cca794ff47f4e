using System.CommandLine;
using System.Numerics;

namespace Edge.Agent.Commands;

/// <summary>Bounds of options, checked before anything is loaded.</summary>
internal static class Validate
{
    public static void Between<T>(Option<T> option, T low, T high) where T : struct, INumber<T> =>
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0 || result.Errors.Any()) return; // A default, or not a number: already reported.
            T value = result.GetValueOrDefault<T>();
            if (value < low || value > high) result.AddError($"{option.Name} {value} is outside {low} to {high}");
        });
}
