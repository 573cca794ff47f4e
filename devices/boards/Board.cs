using System.Runtime.InteropServices;
using Edge.Devices.Sysfs;

namespace Edge.Devices.Boards;

/// <summary>A clock domain now; MHz.</summary>
public sealed record CpuClock(string Cpus, string Governor, double CurrentMhz, double LimitMhz, double MaxMhz);

/// <summary>This machine: its profile and what the kernel says about it.</summary>
/// <param name="Model">The device tree's or the firmware's name for it; absent where there is none.</param>
public sealed record Board(BoardProfile Profile, string? Model)
{
    private const int PoliciesMax = 32;

    /// <summary>Finds the profile by the device tree's model, then by /proc/cpuinfo's; else the generic one of the
    /// architecture.</summary>
    public static Board Detect(SensorRoots roots) => Detect(roots, RuntimeInformation.ProcessArchitecture);

    internal static Board Detect(SensorRoots roots, Architecture architecture)
    {
        string? model = SysfsFile.ReadText(Path.Combine(roots.Sys, "firmware/devicetree/base/model"))?.Trim('\0', ' ')
            ?? CpuinfoModel(roots.Proc);
        var known = model is null ? null : BoardProfile.All.FirstOrDefault(profile =>
            profile.Match.Any(start => model.StartsWith(start, StringComparison.OrdinalIgnoreCase)));
        string generic = architecture == Architecture.Arm64 ? "generic-arm64" : "generic-x64";
        return new Board(known ?? BoardProfile.All.First(profile => profile.Name == generic), model);
    }

    /// <summary>The clocks as they are at this moment; none where the kernel does not show them.</summary>
    public static IReadOnlyList<CpuClock> Clocks(SensorRoots roots)
    {
        var clocks = new List<CpuClock>();
        string folder = Path.Combine(roots.Sys, "devices/system/cpu/cpufreq");
        foreach (string policy in SysfsFile.Numbered(folder, "policy", PoliciesMax))
        {
            if (Mhz(policy, "scaling_cur_freq") is not { } now || Mhz(policy, "cpuinfo_max_freq") is not { } max)
                continue;
            clocks.Add(new CpuClock(
                SysfsFile.ReadText(Path.Combine(policy, "related_cpus")) ?? Path.GetFileName(policy),
                SysfsFile.ReadText(Path.Combine(policy, "scaling_governor")) ?? "unknown",
                now, Mhz(policy, "scaling_max_freq") ?? max, max));
        }
        return clocks;
    }

    /// <summary>Where the kernel starts to cool by lowering clocks, by its own trip points; null where it names
    /// none.</summary>
    public static double? PassiveTripC(SensorRoots roots)
    {
        double? lowest = null;
        foreach (string zone in SysfsFile.Numbered(Path.Combine(roots.Sys, "class/thermal"), "thermal_zone", 64))
            foreach (string type in SysfsFile.Files(zone, "trip_point_*_type"))
                if (SysfsFile.ReadText(type) == "passive"
                    && SysfsFile.ReadInteger(type[..^"type".Length] + "temp") is > 0 and var milli
                    && !(lowest <= milli / 1000.0)) lowest = milli / 1000.0;
        return lowest;
    }

    private static double? Mhz(string policy, string file) =>
        SysfsFile.ReadInteger(Path.Combine(policy, file)) is { } khz ? khz / 1000.0 : null;

    private static string? CpuinfoModel(string proc)
    {
        try
        {
            return File.ReadLines(Path.Combine(proc, "cpuinfo"))
                .FirstOrDefault(line => line.StartsWith("Model\t", StringComparison.Ordinal))
                is { } line ? line[(line.IndexOf(':') + 1)..].Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
