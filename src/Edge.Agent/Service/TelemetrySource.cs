using System.Diagnostics;
using Edge.Agent.Config;
using Edge.Devices;
using Edge.Devices.Sysfs;
using Edge.Mqtt;

namespace Edge.Agent.Service;

/// <summary>Measures what telemetry reports; one thread at a time.</summary>
internal sealed class TelemetrySource
{
    private readonly SensorsConfig _config;
    private readonly IReadOnlyList<ISensor> _sensors;
    private readonly IReadOnlyList<ISensor> _zones;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private long _measuredAt = Stopwatch.GetTimestamp();
    private TimeSpan _cpuTime = Environment.CpuUsage.TotalTime;

    public TelemetrySource(SensorsConfig config)
    {
        _config = config;
        _zones = config.Enabled ? ThermalZones.Discover(config.SysfsRoot) : [];
        _sensors = config.Enabled ? [.. _zones, .. Hwmon.Discover(config.SysfsRoot)] : [];
    }

    public SystemTelemetry System()
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
        };
    }

    /// <summary>The readings that are good: a bad one has no value to report.</summary>
    public SensorsTelemetry? Sensors()
    {
        var time = DateTimeOffset.UtcNow;
        SensorValue[] values =
        [
            .. _sensors.Select(sensor => sensor.Read())
                .Where(reading => reading.Quality == Quality.Good)
                .Select(reading => new SensorValue(reading.Name, Math.Round(reading.Value, 6), reading.Unit, time)),
        ];
        return values.Length > 0 ? new SensorsTelemetry(values) : null;
    }

    /// <summary>The hottest zone: whichever it is, it is the one that throttles.</summary>
    private double? Temperature()
    {
        double hottest = double.NegativeInfinity;
        foreach (var zone in _zones)
            if (zone.Read() is { Quality: Quality.Good, Value: var value } && value > hottest) hottest = value;
        return double.IsFinite(hottest) ? Math.Round(hottest, 1) : null;
    }
}
