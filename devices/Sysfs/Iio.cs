using System.Globalization;

namespace Edge.Devices.Sysfs;

/// <summary>The kernel's industrial I/O devices: climate, light, gas, motion sensors and converters.
/// Units: what the ABI says (m°C, m%, kPa, mV, mA, mW, % of volume …) becomes Cel, %, hPa, V, A, W, [ppm] ….
/// Source: Documentation/ABI/testing/sysfs-bus-iio.</summary>
public static class Iio
{
    private const int DevicesMax = 64;
    private const int ChannelsMax = 128;
    private static readonly string[] Endings = ["_input", "_raw"];

    /// <summary>Quantity of the ABI, with the modifier where it changes what is measured.</summary>
    private static readonly (string Type, string Name, double Factor, string Unit)[] Kinds =
    [
        ("concentration_co2", "Co2", 1e4, "[ppm]"),
        ("concentration_voc", "Voc", 1e4, "[ppm]"),
        ("concentration", "Concentration", 1, "%"),
        ("massconcentration", "MassConcentration", 1, "ug/m3"),
        ("temp_ambient", "AmbientTemperature", 1e-3, "Cel"),
        ("temp_object", "ObjectTemperature", 1e-3, "Cel"),
        ("temp", "Temperature", 1e-3, "Cel"),
        ("humidityrelative", "RelativeHumidity", 1e-3, "%"),
        ("pressure", "Pressure", 10, "hPa"),
        ("illuminance", "Illuminance", 1, "lx"),
        ("voltage", "Voltage", 1e-3, "V"),
        ("current", "Current", 1e-3, "A"),
        ("power", "Power", 1e-3, "W"),
        ("resistance", "Resistance", 1, "Ohm"),
        ("accel", "Acceleration", 1, "m/s2"),
        ("anglvel", "AngularRate", 1, "rad/s"),
        ("magn", "MagneticInduction", 1, "G"),
        ("distance", "Distance", 1, "m"),
        ("proximity", "Proximity", 1, "m"),
        ("uvindex", "UvIndex", 1, "1"),
        ("ph", "Ph", 1, "[pH]"),
    ];

    /// <summary>Finds the input channels of all devices below <paramref name="root"/> (the machine's is "/sys").
    /// A name is device@bus-address/Quantity, with index and axis where the channel has them: the number of
    /// iio:deviceN changes from boot to boot.</summary>
    public static IReadOnlyList<ISensor> Discover(string root = "/sys")
    {
        var sensors = new List<ISensor>();
        string devices = Path.Combine(root, "bus/iio/devices");
        foreach (string device in SysfsFile.Numbered(devices, "iio:device", DevicesMax))
        {
            if (SysfsFile.ReadText(Path.Combine(device, "name")) is not { Length: > 0 } name) continue;
            string? parent = Path.GetFileName(Path.GetDirectoryName(SysfsFile.LinkTarget(device)));
            AddChannels(device, string.IsNullOrEmpty(parent) ? name : $"{name}@{parent}", sensors);
        }
        return sensors;
    }

    private static void AddChannels(string device, string key, List<ISensor> sensors)
    {
        var seen = new HashSet<string>();
        // Processed values go first: where a driver offers both, raw is the same thing once more.
        foreach (string ending in Endings)
            foreach (string file in SysfsFile.Files(device, "in_*" + ending).Take(ChannelsMax))
            {
                string channel = Path.GetFileName(file)["in_".Length..^ending.Length];
                if (Name(channel, out double factor, out string unit) is not { } quantity || !seen.Add(channel))
                    continue;
                sensors.Add(ending == "_input"
                    ? new IioSensor($"{key}/{quantity}", file, null, null, factor, unit)
                    : new IioSensor($"{key}/{quantity}", file, Shared(device, channel, "offset"),
                        Shared(device, channel, "scale"), factor, unit));
            }
    }

    /// <summary>"voltage0" → Voltage0, "accel_x" → AccelerationX, "voltage0-voltage1" → Voltage0-1; null for what
    /// the table does not have.</summary>
    private static string? Name(string channel, out double factor, out string unit)
    {
        string type = new([.. channel.TakeWhile(char.IsAsciiLetter)]);
        string index = new([.. channel.Skip(type.Length).TakeWhile(char.IsAsciiDigit)]);
        string rest = channel[(type.Length + index.Length)..];
        string modifier = rest.StartsWith('_') ? rest[1..] : "";
        (factor, unit) = (0, "");
        int row = Array.FindIndex(Kinds, k => k.Type == $"{type}_{modifier}");
        if (row >= 0) modifier = "";
        else row = Array.FindIndex(Kinds, k => k.Type == type);
        if (row < 0) return null;
        (_, string name, factor, unit) = Kinds[row];
        if (rest.StartsWith("-" + type, StringComparison.Ordinal)) index += "-" + rest[(type.Length + 1)..];
        string axis = modifier.Length == 0 ? "" : char.ToUpper(modifier[0], CultureInfo.InvariantCulture)
            + modifier[1..];
        return name + index + axis;
    }

    /// <summary>The attribute of the channel itself, else the one that its kind, or all channels, share; null where
    /// there is none.</summary>
    private static string? Shared(string device, string channel, string what)
    {
        string type = new([.. channel.TakeWhile(char.IsAsciiLetter)]);
        string kind = channel.Contains('-') ? $"{type}-{type}" : type;
        string[] names = [$"in_{channel}_{what}", $"in_{kind}_{what}", $"in_{what}", what];
        return names.Select(name => Path.Combine(device, name)).FirstOrDefault(File.Exists);
    }
}
