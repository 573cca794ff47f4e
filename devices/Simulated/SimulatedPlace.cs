using System.Text;

namespace Edge.Devices.Simulated;

/// <summary>A place with drifting sensors, and the line of text that reports them to a language model.</summary>
public sealed class SimulatedPlace
{
    private readonly Random _random;
    private readonly SimulatedSensor[] _sensors;
    private readonly int _style;
    private int _stepsLeft;

    internal SimulatedPlace(PlaceKind kind, Random random)
    {
        _random = random;
        Location = kind.Locations[random.Next(kind.Locations.Length)];
        var chosen = kind.Sensors.ToArray();
        random.Shuffle(chosen);
        int count = random.Next(2, chosen.Length + 1);
        _sensors = [.. chosen.Take(count).Select(sensor => new SimulatedSensor(Location, sensor, random))];
        _style = random.Next(5) switch { 0 => 1, 1 => 2, _ => 0 };
    }

    public string Location { get; }

    public IReadOnlyList<ISensor> Sensors => _sensors;

    /// <summary>Takes one step of every sensor.</summary>
    public SimulatedReport Next()
    {
        if (_stepsLeft-- == 0) StartEpisode();
        var readings = new Reading[_sensors.Length];
        var worst = Severity.Ok;
        for (int i = 0; i < _sensors.Length; i++)
        {
            readings[i] = _sensors[i].Read();
            var severity = _sensors[i].Judge(readings[i].Value);
            if (severity > worst) worst = severity;
        }
        return new SimulatedReport(Location, Line(readings), worst, readings);
    }

    /// <summary>One sensor heads for a severity, the others for their normal range, for the next few steps.</summary>
    private void StartEpisode()
    {
        _stepsLeft = _random.Next(2, 6);
        var severity = (Severity)_random.Next(3);
        foreach (var sensor in _sensors) sensor.Aim(Severity.Ok);
        var able = _sensors.Where(sensor => sensor.Can(severity)).ToArray();
        if (able.Length > 0) able[_random.Next(able.Length)].Aim(severity);
    }

    /// <summary>One of the three styles of line that the demo model was trained on.</summary>
    private string Line(Reading[] readings)
    {
        (string before, string equals, string between) = _style switch
        {
            1 => ($"loc={Location}; ", "=", "; "),
            2 => ($"{Location} | ", " ", " | "),
            _ => ($"{Location}: ", " ", ", "),
        };
        var line = new StringBuilder(before);
        for (int i = 0; i < readings.Length; i++)
        {
            var sensor = _sensors[i];
            if (i > 0) line.Append(between);
            line.Append(sensor.Quantity.Short).Append(equals).Append(sensor.Quantity.Format(readings[i].Value));
            if (sensor.Trend is { } trend && trend != "steady") line.Append(' ').Append(trend);
        }
        return line.ToString();
    }
}
