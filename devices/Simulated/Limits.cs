namespace Edge.Devices.Simulated;

/// <summary>How bad a value is.</summary>
public enum Severity
{
    Ok,
    Warning,
    Critical,
}

/// <summary>Four limits of a numeric sensor, strictly beyond counts; NaN where that limit does not exist.</summary>
public readonly record struct Limits(double LowCritical, double LowWarning, double HighWarning, double HighCritical)
{
    public const double None = double.NaN;

    public Severity Judge(double value) =>
        value > HighCritical || value < LowCritical ? Severity.Critical // A comparison with NaN is false.
        : value > HighWarning || value < LowWarning ? Severity.Warning
        : Severity.Ok;
}
