using System.Globalization;
using System.Text;
using System.Text.Json;
using Edge.Models;

namespace Edge.Bench;

/// <summary>Measurements over time: a file of JSON lines, one per figure, the oldest first.</summary>
internal static class History
{
    public static HistoryRow Row(KernelSpeed s) => new(
        $"{s.Type}/{s.Variant}/{s.Level}/{s.Rows}x{s.Columns}/{s.Tokens} tokens/{s.Threads} threads", "GB/s",
        s.WeightsGbPerSecond, s.WeightsPerNs);

    /// <summary>The bound over all that does not fit a cache; it also tells how busy the machine was.</summary>
    public static HistoryRow Memory(Samples samples, int threads) => new(
        $"memory/read/{threads} threads", "GB/s", Spread.Of(samples.Values));

    public static HistoryRow Row(PreparationSpeed s) => new(
        $"{s.Family}/{s.Variant}/{s.Columns}", "ns/activation", s.NsPerActivation);

    /// <summary>Adds the rows in one write.</summary>
    public static void Append(string path, IEnumerable<HistoryRow> rows, string commit)
    {
        string date = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        string cpu = CpuName();
        using var lines = new MemoryStream();
        foreach (HistoryRow row in rows)
        {
            using (var json = new Utf8JsonWriter(lines))
            {
                json.WriteStartObject();
                json.WriteString("date", date);
                json.WriteString("commit", commit);
                json.WriteString("cpu", cpu);
                row.Write(json);
                json.WriteEndObject();
            }
            lines.WriteByte((byte)'\n');
        }
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write);
        lines.WriteTo(file);
    }

    /// <summary>The last two entries of every figure, per CPU.</summary>
    public static void Compare(Options options)
    {
        string path = options.Text("file");
        if (!File.Exists(path)) throw new ArgumentException($"--file {path} does not exist");
        var entries = new Dictionary<string, List<(string Commit, HistoryRow Row)>>();
        int number = 0;
        foreach (string line in File.ReadLines(path, Encoding.UTF8))
        {
            number++;
            try
            {
                using var json = JsonDocument.Parse(line);
                HistoryRow row = HistoryRow.Read(json.RootElement);
                string key = $"{row.Name} [{json.RootElement.GetProperty("cpu").GetString()}]";
                if (!entries.TryGetValue(key, out var list)) entries.Add(key, list = []);
                list.Add((json.RootElement.GetProperty("commit").GetString()!, row));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new ArgumentException($"{path}, line {number} is no measurement: {e.Message}");
            }
        }
        List<double> ratios = [];
        foreach ((string key, var list) in entries)
        {
            if (list.Count < 2) continue;
            Console.Out.WriteLine($"{key}: {Words(list[^2].Row, list[^1].Row)}  " +
                $"({list[^2].Commit} to {list[^1].Commit})");
            ratios.Add(Faster(list[^2].Row, list[^1].Row));
        }
        if (ratios.Count == 0) Console.Out.WriteLine($"{path} holds no figure twice");
        // All kernels do not change together, but the load of a machine does.
        else Console.Out.WriteLine(
            $"median of {ratios.Count} figures: x{Spread.Of(ratios).Median:F3}; far from 1, the machine changed");
    }

    /// <summary>Both medians, how many times as fast the later is, and a mark where each median lies outside the
    /// other's quartiles.</summary>
    public static string Words(HistoryRow before, HistoryRow after)
    {
        Spread a = before.Value, b = after.Value;
        double faster = Faster(before, after);
        bool beyond = Outside(a, b.Median) && Outside(b, a.Median);
        string mark = !beyond ? "" : faster > 1 ? "  FASTER" : "  SLOWER";
        return string.Create(CultureInfo.InvariantCulture,
            $"{a.Median:F3} to {b.Median:F3} {before.Unit}, x{faster:F3}{mark}");
    }

    private static double Faster(HistoryRow before, HistoryRow after) =>
        before.Unit.EndsWith("/s", StringComparison.Ordinal)
            ? after.Value.Median / before.Value.Median
            : before.Value.Median / after.Value.Median;

    private static bool Outside(Spread spread, double value) => value < spread.Low || value > spread.High;

    /// <summary>ARM kernels give numbers instead of a name.</summary>
    private static string CpuName()
    {
        const string File = "/proc/cpuinfo";
        if (!System.IO.File.Exists(File)) return "unknown";
        string[] lines = System.IO.File.ReadAllLines(File);
        string[] Values(string key) =>
        [
            .. lines.Where(line => line.StartsWith(key, StringComparison.Ordinal))
                .Select(line => line.Split(':')[1].Trim()).Distinct().Order(StringComparer.Ordinal),
        ];
        return Values("model name").FirstOrDefault() ?? $"arm {string.Join(' ', Values("CPU part"))}";
    }
}
