using System.Diagnostics;
using Edge.Agent.Config;
using Edge.Devices;
using Edge.Devices.Sysfs;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Measures what telemetry reports; one thread at a time, but for Temperature.</summary>
internal sealed class TelemetrySource
{
    private readonly SensorsConfig _config;
    private readonly SensorInventory _inventory;
    private readonly IReadOnlyList<ISensor> _zones;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private long _measuredAt = Stopwatch.GetTimestamp();
    private TimeSpan _cpuTime = Environment.CpuUsage.TotalTime;

    /// <param name="config">Where to read.</param>
    /// <param name="inventory">The sensors of telemetry and rules; not disposed here.</param>
    public TelemetrySource(SensorsConfig config, SensorInventory inventory)
    {
        (_config, _inventory) = (config, inventory);
        _zones = config.Enabled ? ThermalZones.Discover(config.SysfsRoot) : [];
    }

    public double UptimeS => Math.Round(Stopwatch.GetElapsedTime(_startedAt).TotalSeconds, 1);

    public SystemTelemetry System(string governor, int threads)
    {
        long now = Stopwatch.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        double share = (cpu - _cpuTime) / Stopwatch.GetElapsedTime(_measuredAt, now);
        (_cpuTime, _measuredAt) = (cpu, now);
        return new SystemTelemetry
        {
            UptimeS = Math.Round(Stopwatch.GetElapsedTime(_startedAt, now).TotalSeconds, 1),
            RssBytes = ProcessStatus.RssBytes ?? 0,
            CpuPercent = Math.Round(100 * share, 2),
            MemoryAvailableBytes = ProcessStatus.MemoryAvailableBytes,
            TemperatureC = Temperature(),
            Throttled = _config.Enabled ? Throttling.IsThrottled(_config.SysfsRoot) : null,
            Governor = governor,
            Threads = threads,
        };
    }

    /// <summary>A reading of every sensor; a bad one is told, without a value. Null where there is no
    /// sensor.</summary>
    public static SensorsTelemetry? Sensors(IReadOnlyList<Reading> readings)
    {
        var time = DateTimeOffset.UtcNow;
        SensorValue[] values =
        [
            .. readings.Select(reading => new SensorValue(
                reading.Name, reading.IsUsable ? Math.Round(reading.Value, 6) : null, reading.Unit, time,
                Name(reading.Quality), reading.MonoNs)),
        ];
        return values.Length > 0 ? new SensorsTelemetry(values) : null;
    }

    public SensorsTelemetry? Sensors() => Sensors(_inventory.ReadAll());

    private static string Name(Quality quality) => quality switch
    {
        Quality.Good => "good",
        Quality.Estimated => "estimated",
        _ => "bad",
    };

    /// <summary>The hottest zone: whichever it is, it is the one that throttles.</summary>
    public double? Temperature()
    {
        double hottest = double.NegativeInfinity;
        foreach (var zone in _zones)
            if (zone.Read() is { Quality: Quality.Good, Value: var value } && value > hottest) hottest = value;
        return double.IsFinite(hottest) ? Math.Round(hottest, 1) : null;
    }
}
