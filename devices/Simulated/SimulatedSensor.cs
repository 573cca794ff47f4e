namespace Edge.Devices.Simulated;

/// <summary>A value that drifts towards a target with a little noise; every read is one step.</summary>
internal sealed class SimulatedSensor : ISensor
{
    /// <summary>Part of the way to the target that one step goes.</summary>
    private const double Approach = 0.5;

    private readonly PlaceSensor _sensor;
    private readonly Random _random;
    private double _value;
    private double _target;

    public SimulatedSensor(string place, PlaceSensor sensor, Random random)
    {
        _sensor = sensor;
        _random = random;
        Name = $"{place}/{sensor.Quantity.Name}";
        Aim(Severity.Ok);
        _value = _target;
    }

    public string Name { get; }

    public Quantity Quantity => _sensor.Quantity;

    /// <summary>"rising", "falling" or "steady" over the last step; null for a yes/no sensor.</summary>
    public string? Trend { get; private set; }

    public bool Can(Severity severity) => severity switch
    {
        Severity.Ok => true,
        _ when Quantity.IsYesNo => _sensor.Alarm == severity,
        Severity.Warning => !double.IsNaN(_sensor.Limits.LowWarning) || !double.IsNaN(_sensor.Limits.HighWarning),
        _ => !double.IsNaN(_sensor.Limits.LowCritical) || !double.IsNaN(_sensor.Limits.HighCritical),
    };

    public Severity Judge(double value) => _sensor.Judge(value);

    /// <summary>Chooses a new target inside a band of that severity, on the low or the high side at random.</summary>
    public void Aim(Severity severity)
    {
        if (Quantity.IsYesNo)
        {
            _target = severity == Severity.Ok ? 0 : 1;
            return;
        }
        (double low, double high) = Band(severity);
        // The middle of the band, so that noise rarely leaves it.
        _target = low + (high - low) * (0.2 + 0.6 * _random.NextDouble());
    }

    public Reading Read()
    {
        double before = _value;
        double step = Math.Pow(10, -Quantity.Decimals);
        double moved = _value + (_target - _value) * Approach + (_random.NextDouble() - 0.5) * 2 * step;
        _value = Quantity.IsYesNo
            ? _target
            : Math.Round(Math.Clamp(moved, Quantity.Min, Quantity.Max), Quantity.Decimals);
        Trend = Quantity.IsYesNo ? null
            : _value - before > 1.5 * step ? "rising"
            : before - _value > 1.5 * step ? "falling"
            : "steady";
        return Reading.Good(Name, _value, Quantity.Ucum);
    }

    private (double Low, double High) Band(Severity severity)
    {
        Limits limits = _sensor.Limits;
        bool hasLow = !double.IsNaN(limits.LowWarning);
        bool hasHigh = !double.IsNaN(limits.HighWarning);
        bool high = hasHigh && (!hasLow || _random.Next(2) == 0);
        double okLow = hasLow ? limits.LowWarning : Quantity.Min;
        double okHigh = hasHigh ? limits.HighWarning : Quantity.Max;
        return severity switch
        {
            Severity.Ok => (okLow, okHigh),
            Severity.Warning => high ? (okHigh, limits.HighCritical) : (limits.LowCritical, okLow),
            // Beyond the critical limit by up to two warning bands: far enough to matter, still plausible.
            _ => high
                ? (limits.HighCritical,
                    Math.Min(Quantity.Max, limits.HighCritical + 2 * (limits.HighCritical - okHigh)))
                : (Math.Max(Quantity.Min, limits.LowCritical - 2 * (okLow - limits.LowCritical)), limits.LowCritical),
        };
    }
}
