namespace Edge.Devices.Sysfs;

/// <summary>Hardware monitoring chips: temperature, voltage, current, power and fans.
/// Units: m°C, mV, mA, µW and RPM become Cel, V, A, W and {rev}/min. Source:
/// Documentation/hwmon/sysfs-interface.rst.</summary>
public static class Hwmon
{
    private const int ChipsMax = 64;
    private const int ChannelsMax = 128;

    private static readonly (string Prefix, double Scale, string Unit)[] Kinds =
    [
        ("temp", 1e-3, "Cel"),
        ("in", 1e-3, "V"),
        ("curr", 1e-3, "A"),
        ("power", 1e-6, "W"),
        ("fan", 1, "{rev}/min"),
    ];

    /// <summary>Finds the channels of all chips below <paramref name="root"/> (the machine's is "/sys").
    /// A name is chip@device/channel: the number of a hwmon directory changes from boot to boot, these do
    /// not.</summary>
    public static IReadOnlyList<ISensor> Discover(string root = "/sys")
    {
        var sensors = new List<ISensor>();
        foreach (string chip in SysfsFile.Numbered(Path.Combine(root, "class/hwmon"), "hwmon", ChipsMax))
        {
            if (SysfsFile.ReadText(Path.Combine(chip, "name")) is not { Length: > 0 } name) continue;
            string? device = DeviceName(chip);
            AddChannels(chip, device is null ? name : $"{name}@{device}", sensors);
        }
        return sensors;
    }

    private static void AddChannels(string chip, string key, List<ISensor> sensors)
    {
        string[] inputs;
        try
        {
            inputs = Directory.GetFiles(chip, "*_input");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return; // The chip went away between listing and reading: as good as not there.
        }
        Array.Sort(inputs, StringComparer.Ordinal);
        foreach (string input in inputs.Take(ChannelsMax))
        {
            string channel = Path.GetFileName(input)[..^"_input".Length];
            string kind = channel.TrimEnd("0123456789".ToCharArray());
            int row = Array.FindIndex(Kinds, k => k.Prefix == kind);
            if (row < 0) continue;
            string stem = Path.Combine(chip, channel);
            string label = SysfsFile.ReadText(stem + "_label") is { Length: > 0 } text ? text : channel;
            string? fault = File.Exists(stem + "_fault") ? stem + "_fault" : null;
            sensors.Add(new SysfsSensor($"{key}/{label}", input, Kinds[row].Scale, Kinds[row].Unit, fault));
        }
    }

    /// <summary>The last part of where the chip's "device" link points; null for a chip without a device.</summary>
    private static string? DeviceName(string chip)
    {
        try
        {
            return new DirectoryInfo(Path.Combine(chip, "device")).LinkTarget is { } target
                ? Path.GetFileName(target.TrimEnd('/'))
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
