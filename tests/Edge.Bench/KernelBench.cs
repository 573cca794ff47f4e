using System.Text.Json;
using Edge.Gguf;
using Edge.Models;

namespace Edge.Bench;

/// <summary>Every matrix kernel that runs here, at sizes that caches or only memory hold, and the preparation of
/// activations: a JSON array on stdout, or lines added to a history.</summary>
internal static class KernelBench
{
    public static void Run(Options options)
    {
        int threads = Math.Max(1, options.Integer("threads", 1));
        bool Wanted(string set, QuantType type) =>
            (options.Find("set") ?? set) == set && (options.Find("type") ?? type.ToString()) == type.ToString();
        Samples memory = Bandwidth.Measure(threads, 11);
        Console.Error.WriteLine($"memory is read at {memory.Median:F2} GB/s by {threads} threads");
        List<HistoryRow> rows = [History.Memory(memory, threads)];
        foreach (KernelSpeed speed in KernelTiming.Matrices(threads, Wanted))
        {
            Spread rate = speed.WeightsGbPerSecond;
            Console.Error.WriteLine($"{speed.Type,-13} {speed.Variant,-8} {speed.Level,-6} {speed.Tokens,2} tokens: " +
                $"{rate.Median,7:F2} GB/s ({rate.Low:F2} to {rate.High:F2}), {speed.WeightsPerNs,6:F2} weights/ns");
            rows.Add(History.Row(speed));
        }
        foreach (PreparationSpeed speed in KernelTiming.Preparations())
        {
            if ((options.Find("set") ?? speed.Variant) != speed.Variant) continue;
            Console.Error.WriteLine($"{speed.Family,-13} {speed.Variant,-8} {speed.NsPerActivation.Median:F3} ns each");
            rows.Add(History.Row(speed));
        }
        if (options.Find("history") is { } path) History.Append(path, rows, options.Find("commit") ?? "unknown");
        else Print(rows);
    }

    private static void Print(List<HistoryRow> rows)
    {
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartArray();
        foreach (HistoryRow row in rows)
        {
            json.WriteStartObject();
            row.Write(json);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
