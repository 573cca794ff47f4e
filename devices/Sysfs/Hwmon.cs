namespace Edge.Devices.Sysfs;

/// <summary>Hardware monitoring chips: temperature, humidity, voltage, current, power and fans; among them the ina2xx
/// power monitors.
/// Units: m°C, m%, mV, mA, µW and RPM become Cel, %, V, A, W and {rev}/min. Source:
/// Documentation/hwmon/sysfs-interface.rst and ina2xx.rst.</summary>
public static class Hwmon
{
    private const int ChipsMax = 64;
    private const int ChannelsMax = 128;

    private static readonly (string Prefix, string Name, double Scale, string Unit)[] Kinds =
    [
        ("temp", "Temperature", 1e-3, "Cel"),
        ("humidity", "RelativeHumidity", 1e-3, "%"),
        ("in", "Voltage", 1e-3, "V"),
        ("curr", "Current", 1e-3, "A"),
        ("power", "Power", 1e-6, "W"),
        ("fan", "FanSpeed", 1, "{rev}/min"),
    ];

    /// <summary>Finds the channels of all chips below <paramref name="root"/> (the machine's is "/sys").
    /// A name is chip@device/channel: the number of a hwmon directory changes from boot to boot, these do
    /// not. The channel is its label, or the quantity with the channel's number where that is not 1.</summary>
    public static IReadOnlyList<ISensor> Discover(string root = "/sys")
    {
        var sensors = new List<ISensor>();
        foreach (string chip in SysfsFile.Numbered(Path.Combine(root, "class/hwmon"), "hwmon", ChipsMax))
        {
            if (SysfsFile.ReadText(Path.Combine(chip, "name")) is not { Length: > 0 } name) continue;
            string? device = SysfsFile.LinkTarget(Path.Combine(chip, "device"));
            AddChannels(chip, name, device is null ? name : $"{name}@{Path.GetFileName(device)}", sensors);
        }
        return sensors;
    }

    private static void AddChannels(string chip, string chipName, string key, List<ISensor> sensors)
    {
        foreach (string input in SysfsFile.Files(chip, "*_input").Take(ChannelsMax))
        {
            string channel = Path.GetFileName(input)[..^"_input".Length];
            string kind = channel.TrimEnd("0123456789".ToCharArray());
            int row = Array.FindIndex(Kinds, k => k.Prefix == kind);
            if (row < 0) continue;
            string stem = Path.Combine(chip, channel);
            string label = SysfsFile.ReadText(stem + "_label") is { Length: > 0 } text
                ? text
                : Label(chipName, channel, Kinds[row].Name, channel[kind.Length..]);
            string? fault = File.Exists(stem + "_fault") ? stem + "_fault" : null;
            sensors.Add(new SysfsSensor($"{key}/{label}", input, Kinds[row].Scale, Kinds[row].Unit, fault));
        }
    }

    private static string Label(string chip, string channel, string quantity, string number) =>
        // ina219, ina226, ina238 …: one shunt, whose two voltages the driver numbers 0 and 1. ina3221 has labels.
        (chip.StartsWith("ina2", StringComparison.Ordinal), channel) switch
        {
            (true, "in0") => "ShuntVoltage",
            (true, "in1") => "BusVoltage",
            // Voltages count from 0, everything else from 1: only there is the first one bare.
            _ => number == "1" && quantity != "Voltage" ? quantity : quantity + number,
        };
}
