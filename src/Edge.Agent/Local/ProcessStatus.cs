using System.Globalization;

namespace Edge.Agent;

/// <summary>What the kernel says about this process and the machine; null where /proc does not say.</summary>
internal static class ProcessStatus
{
    public static long? RssBytes => Kibibytes("/proc/self/status", "VmRSS:");
    public static long? PeakRssBytes => Kibibytes("/proc/self/status", "VmHWM:");
    public static long? MemoryAvailableBytes => Kibibytes("/proc/meminfo", "MemAvailable:");

    public static long? SwapUsedBytes =>
        Kibibytes("/proc/meminfo", "SwapTotal:") - Kibibytes("/proc/meminfo", "SwapFree:");

    /// <summary>Bytes of a line such as "MemTotal:  3884340 kB".</summary>
    public static long? Kibibytes(string path, string key)
    {
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                if (!line.StartsWith(key, StringComparison.Ordinal)) continue;
                var number = line.AsSpan(key.Length).Trim();
                int end = number.IndexOf(' ');
                return long.TryParse(
                    end < 0 ? number : number[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long kib)
                    ? kib * 1024
                    : null;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or /proc is hidden: the value is simply not known.
        }
        return null;
    }
}
