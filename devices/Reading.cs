using System.Diagnostics;

namespace Edge.Devices;

/// <summary>One value of one sensor at one moment.
/// Units: <paramref name="Unit"/> is a UCUM code ("Cel", "V", "%"); <paramref name="MonoNs"/> is monotonic, never the
/// wall clock.</summary>
public sealed record Reading(string Name, double Value, string Unit, Quality Quality, long MonoNs)
{
    public static Reading Good(string name, double value, string unit) =>
        new(name, value, unit, Quality.Good, MonotonicNs());

    public static Reading Estimated(string name, double value, string unit) =>
        new(name, value, unit, Quality.Estimated, MonotonicNs());

    /// <summary>A failed read: the value is NaN, so that nobody takes it for a measured zero.</summary>
    public static Reading Bad(string name, string unit) =>
        new(name, double.NaN, unit, Quality.Bad, MonotonicNs());

    /// <summary>The value may be used.</summary>
    public bool IsUsable => Quality != Quality.Bad;

    private static long MonotonicNs() =>
        (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
}
