using System.Globalization;

namespace Edge.Models;

/// <summary>Numbers of CPUs as the kernel writes them: "0-3,6".</summary>
public sealed class CpuList
{
    public const int CpuMax = 1023;
    private const string OnlineFile = "/sys/devices/system/cpu/online";

    private CpuList(SortedSet<int> cpus) => Cpus = [.. cpus];

    /// <summary>Ascending, each once, at least one.</summary>
    public IReadOnlyList<int> Cpus { get; }

    /// <summary>Errors: FormatException that names the part that is wrong.</summary>
    public static CpuList Parse(string text)
    {
        var cpus = new SortedSet<int>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-');
            int first = Number(ends[0], text), last = ends.Length == 1 ? first : Number(ends[1], text);
            if (ends.Length > 2 || last < first)
                throw new FormatException($"'{part}' is no range of CPUs; write lists such as 0-3,6");
            for (int cpu = first; cpu <= last; cpu++) cpus.Add(cpu);
        }
        return new CpuList(cpus);
    }

    /// <summary>The CPUs that this machine has switched on; null where the system does not say.</summary>
    public static CpuList? Online() => File.Exists(OnlineFile) ? Parse(File.ReadAllText(OnlineFile).Trim()) : null;

    /// <summary>What is wrong with the list on a machine that has <paramref name="online"/>, with the remedy; null when
    /// all is well.</summary>
    public string? Problem(CpuList? online)
    {
        if (online is null) return null;
        int missing = Cpus.Except(online.Cpus).FirstOrDefault(-1);
        return missing < 0 ? null : $"CPU {missing} does not exist; this machine has {online}";
    }

    /// <summary>The shortest way to write it.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        for (int i = 0; i < Cpus.Count;)
        {
            int first = i;
            while (++i < Cpus.Count && Cpus[i] == Cpus[i - 1] + 1) { }
            parts.Add(i - first == 1 ? $"{Cpus[first]}" : $"{Cpus[first]}-{Cpus[i - 1]}");
        }
        return string.Join(',', parts);
    }

    private static int Number(string text, string list) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int cpu) && cpu <= CpuMax
            ? cpu
            : throw new FormatException(
                $"'{text}' in '{list}' is no CPU number from 0 to {CpuMax}; write lists such as 0-3,6");
}
