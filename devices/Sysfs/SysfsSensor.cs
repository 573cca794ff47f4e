namespace Edge.Devices.Sysfs;

/// <summary>A number in a sysfs file, scaled to its unit; bad when a fault file beside it is not 0.</summary>
internal sealed class SysfsSensor(string name, string inputPath, double scale, string unit, string? faultPath) : ISensor
{
    public string Name => name;

    public Reading Read()
    {
        bool faulty = faultPath is not null && SysfsFile.ReadInteger(faultPath) is not 0;
        return !faulty && SysfsFile.ReadInteger(inputPath) is { } raw
            ? Reading.Good(name, raw * scale, unit)
            : Reading.Bad(name, unit);
    }
}
