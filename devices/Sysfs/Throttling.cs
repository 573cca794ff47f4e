using System.Globalization;

namespace Edge.Devices.Sysfs;

/// <summary>What a Raspberry Pi's firmware says about holding the clock down. Source: `get_throttled` of the firmware's
/// mailbox: bits 0 to 3 are now, 16 to 19 since boot.</summary>
/// <param name="Bits">As the firmware gives them.</param>
public readonly record struct ThrottlingState(long Bits)
{
    private const long Mask = 0xF;

    /// <summary>Held down now, for heat or for a weak supply.</summary>
    public bool IsNow => (Bits & Mask) != 0;

    public bool WasSinceBoot => ((Bits >> 16) & Mask) != 0;

    /// <summary>"under_voltage,throttled", or "" where nothing is held down now.</summary>
    public string Now => Names(Bits);

    public string SinceBoot => Names(Bits >> 16);

    private static string Names(long bits) => string.Join(',', new[]
    {
        (bits & 1) != 0 ? "under_voltage" : null,
        (bits & 2) != 0 ? "frequency_capped" : null,
        (bits & 4) != 0 ? "throttled" : null,
        (bits & 8) != 0 ? "soft_temperature_limit" : null,
    }.OfType<string>());
}

/// <summary>Whether a Raspberry Pi's firmware holds the clock down now: for heat, or for a weak supply.</summary>
public static class Throttling
{
    /// <summary>Null where no such firmware answers.</summary>
    public static bool? IsThrottled(string root = "/sys") => Read(root)?.IsNow;

    /// <summary>Null where no such firmware answers.</summary>
    public static ThrottlingState? Read(string root = "/sys") => FindFile(root) is { } file ? ReadFile(file) : null;

    /// <summary>The flags as a sensor (1: held down now); none where the machine has no such firmware.</summary>
    public static IReadOnlyList<ISensor> Discover(string root = "/sys") =>
        FindFile(root) is { } file ? [new Sensor(file)] : [];

    private static ThrottlingState? ReadFile(string file) =>
        long.TryParse(SysfsFile.ReadText(file), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long bits)
            ? new ThrottlingState(bits)
            : null;

    private static string? FindFile(string root)
    {
        try
        {
            foreach (string soc in Directory.GetDirectories(Path.Combine(root, "devices/platform"), "soc*"))
                foreach (string firmware in Directory.GetDirectories(soc, "soc*:firmware"))
                    if (File.Exists(Path.Combine(firmware, "get_throttled")))
                        return Path.Combine(firmware, "get_throttled");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No such tree: not a Raspberry Pi.
        }
        return null;
    }

    private sealed class Sensor(string file) : ISensor
    {
        public string Name => "firmware/Throttled";

        public Reading Read() =>
            ReadFile(file) is { } state
                ? Reading.Good(Name, state.IsNow ? 1 : 0, "1")
                : Reading.Bad(Name, "1");
    }
}
