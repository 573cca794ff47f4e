namespace Edge.Devices.Sysfs;

/// <summary>The kernel's thermal zones.
/// Units: the file holds m°C, readings are Cel. Source: Documentation/ABI/testing/sysfs-class-thermal.</summary>
public static class ThermalZones
{
    private const int ZonesMax = 64;

    /// <summary>Finds the zones below <paramref name="root"/> (the machine's is "/sys"); none there is an empty
    /// list.</summary>
    public static IReadOnlyList<ISensor> Discover(string root = "/sys")
    {
        var sensors = new List<ISensor>();
        var seen = new Dictionary<string, int>();
        foreach (string zone in SysfsFile.Numbered(Path.Combine(root, "class/thermal"), "thermal_zone", ZonesMax))
        {
            if (SysfsFile.ReadText(Path.Combine(zone, "type")) is not { Length: > 0 } type) continue;
            // Zones of one type (a sensor per cluster) are told apart by their order, which the device tree fixes.
            int copy = seen[type] = seen.GetValueOrDefault(type) + 1;
            string name = copy == 1 ? $"thermal/{type}" : $"thermal/{type}#{copy}";
            sensors.Add(new SysfsSensor(name, Path.Combine(zone, "temp"), 1e-3, "Cel", faultPath: null));
        }
        return sensors;
    }
}
