using Edge.Devices.Firmware;
using Edge.Devices.Gpio;
using Edge.Devices.Simulated;
using Edge.Devices.Sysfs;

namespace Edge.Devices;

/// <summary>Every sensor of the machine, found once and read together; any thread.</summary>
public sealed class SensorInventory : IDisposable
{
    /// <summary>Beyond it, sensors are left out: a reading costs a system call or three.</summary>
    public const int SensorsMax = 512;

    private readonly Lock _gate = new();

    private SensorInventory(IReadOnlyList<ISensor> sensors) => Sensors = sensors;

    public IReadOnlyList<ISensor> Sensors { get; }

    /// <summary>A new kind of sensor is a new line here.</summary>
    /// <param name="roots">Where to look; null: not at the hardware at all.</param>
    /// <param name="lines">GPIO lines to read: the one kind that cannot be found without being told.</param>
    /// <param name="simulatedSeed">Adds places that do not exist; absent: none.</param>
    /// <param name="more">Sensors that another project brings.</param>
    public static SensorInventory Discover(
        SensorRoots? roots, IReadOnlyList<GpioLine> lines, int? simulatedSeed = null,
        IReadOnlyList<ISensor>? more = null)
    {
        IEnumerable<ISensor> hardware = roots is null ? [] :
        [
            .. ThermalZones.Discover(roots.Sys),
            .. Hwmon.Discover(roots.Sys),
            .. Iio.Discover(roots.Sys),
            .. Throttling.Discover(roots.Sys),
            .. PmicPower.Discover(roots.Dev),
            .. lines.Select(line => new GpioSensor(line, roots.Dev)),
        ];
        var simulated = simulatedSeed is { } seed ? new SimulatedSite(seed).Places.SelectMany(p => p.Sensors) : [];
        var found = hardware.Concat(simulated).Concat(more ?? []);
        // Two chips of one name and device cannot be told apart; the first one keeps the name.
        return new SensorInventory([.. found.DistinctBy(sensor => sensor.Name).Take(SensorsMax)]);
    }

    /// <summary>One reading of each, in a stable order.</summary>
    public Reading[] ReadAll()
    {
        lock (_gate) return [.. Sensors.Select(sensor => sensor.Read())];
    }

    public void Dispose()
    {
        foreach (var sensor in Sensors) (sensor as IDisposable)?.Dispose();
    }
}
