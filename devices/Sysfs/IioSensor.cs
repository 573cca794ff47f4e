namespace Edge.Devices.Sysfs;

/// <summary>One channel: (value + offset) × scale × factor. Offset and scale are read each time, because a driver
/// changes them with its gain; one that is there and cannot be read makes the reading bad.</summary>
internal sealed class IioSensor(
    string name, string valuePath, string? offsetPath, string? scalePath, double factor, string unit) : ISensor
{
    public string Name => name;

    public Reading Read()
    {
        double? value = SysfsFile.ReadDecimal(valuePath);
        double? offset = offsetPath is null ? 0 : SysfsFile.ReadDecimal(offsetPath);
        double? scale = scalePath is null ? 1 : SysfsFile.ReadDecimal(scalePath);
        return value is { } v && offset is { } o && scale is { } s
            ? Reading.Good(name, (v + o) * s * factor, unit)
            : Reading.Bad(name, unit);
    }
}
