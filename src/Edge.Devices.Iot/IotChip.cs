using System.Device.I2c;
using System.Diagnostics;

namespace Edge.Devices.Iot;

/// <summary>One chip: opened when it is read, closed when it fails, tried again after a pause. One thread at a time, as
/// its sensors are.</summary>
internal abstract class IotChip(Func<I2cDevice> bus) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(200), Pause = TimeSpan.FromSeconds(5);

    private IDisposable? _open;
    private double?[] _values = [];
    private bool[] _taken = [];
    private long _at, _failedAt;

    /// <summary>Names as Iot.Device.Bindings' telemetry has them, UCUM units.</summary>
    public abstract IReadOnlyList<(string Name, string Unit)> Channels { get; }

    /// <summary>The driver, ready to measure.</summary>
    protected abstract IDisposable Start(I2cDevice device);

    /// <summary>A value of each channel, in their order; null: the chip has none.</summary>
    protected abstract double?[] Measure(IDisposable driver);

    /// <summary>The value of a channel; null: the chip cannot be read. Channels that are read together share a
    /// measurement, a channel that is read again gets a new one.</summary>
    public double? Read(int channel)
    {
        if (_values.Length == 0 || _taken[channel] || Stopwatch.GetElapsedTime(_at) > Fresh)
        {
            _values = Measure();
            _taken = new bool[_values.Length];
        }
        if (_values.Length == 0) return null;
        _taken[channel] = true;
        return _values[channel];
    }

    public void Dispose() => Close();

    private double?[] Measure()
    {
        if (_open is null && _failedAt != 0 && Stopwatch.GetElapsedTime(_failedAt) < Pause) return [];
        try
        {
            _open ??= Begin();
            double?[] values = Measure(_open);
            (_at, _failedAt) = (Stopwatch.GetTimestamp(), 0);
            return values;
        }
        catch (Exception) // boundary: the bindings throw bare Exceptions too; a chip that fails is a bad reading
        {
            Close();
            _failedAt = Stopwatch.GetTimestamp();
            return [];
        }
    }

    private IDisposable Begin()
    {
        var device = bus();
        try
        {
            return Start(device);
        }
        catch
        {
            device.Dispose(); // A driver that could not start does not close what it was given.
            throw;
        }
    }

    private void Close()
    {
        try
        {
            _open?.Dispose();
        }
        catch (Exception) // boundary: to close a chip that is gone may fail in any way; it is closed
        {
        }
        _open = null;
    }
}

/// <summary>One channel of a chip.</summary>
internal sealed class IotSensor(IotChip chip, int channel, string name, string unit) : ISensor, IDisposable
{
    public string Name => name;

    public Reading Read() => chip.Read(channel) is { } value && double.IsFinite(value)
        ? Reading.Good(name, value, unit) : Reading.Bad(name, unit);

    public void Dispose() => chip.Dispose();
}
