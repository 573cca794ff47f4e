using System.Globalization;

namespace Edge.Devices.Sysfs;

/// <summary>Whether a Raspberry Pi's firmware holds the clock down now: for heat, or for a weak supply.</summary>
public static class Throttling
{
    /// <summary>Under-voltage, frequency capped, throttled, soft temperature limit; the bits from 16 on are "since
    /// boot".</summary>
    private const long NowBits = 0xF;

    /// <summary>Null where no such firmware answers.</summary>
    public static bool? IsThrottled(string root = "/sys")
    {
        string platform = Path.Combine(root, "devices/platform");
        try
        {
            foreach (string soc in Directory.GetDirectories(platform, "soc*"))
                foreach (string firmware in Directory.GetDirectories(soc, "soc*:firmware"))
                    if (SysfsFile.ReadText(Path.Combine(firmware, "get_throttled")) is { } text)
                        return long.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long bits)
                            ? (bits & NowBits) != 0
                            : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No such tree: not a Raspberry Pi.
        }
        return null;
    }
}
