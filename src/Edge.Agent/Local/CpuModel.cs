namespace Edge.Agent;

/// <summary>The name of this machine's CPU: results of measurements hold for it and no other.</summary>
internal static class CpuModel
{
    public static string Name { get; } =
        Of(File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo") : []);

    /// <summary>The kernel's name of the CPU; ARM kernels give numbers, one pair for each kind of core.</summary>
    public static string Of(IEnumerable<string> cpuinfo)
    {
        var parts = new SortedSet<string>(StringComparer.Ordinal);
        string implementer = "";
        foreach (string line in cpuinfo)
        {
            int colon = line.IndexOf(':');
            if (colon < 0) continue;
            string value = line[(colon + 1)..].Trim();
            switch (line[..colon].Trim())
            {
                case "model name" when value.Length > 0: return value;
                case "CPU implementer": implementer = value; break;
                case "CPU part": parts.Add($"{implementer}:{value}"); break;
            }
        }
        return parts.Count > 0 ? $"arm {string.Join(' ', parts)}" : "unknown";
    }
}
