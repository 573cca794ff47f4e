using System.Text.Json;
using Edge.Models;

namespace Edge.Bench;

/// <summary>How fast this machine reads memory, as samples of <see cref="MemoryBandwidth"/>.</summary>
internal static class Bandwidth
{
    private const long BytesPerThread = 512L << 20;
    private const int Passes = 12;

    public static void Run(Options options)
    {
        int threads = options.Integer("threads", Environment.ProcessorCount);
        Samples rates = Measure(threads, Passes);
        Console.Error.WriteLine($"{threads} threads read {rates.Max:F1} GB/s at best, {rates.Median:F1} in the median");
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteNumber("threads", threads);
        json.WriteNumber("gb_per_s_best", rates.Max);
        json.WriteNumber("gb_per_s_median", rates.Median);
        json.WriteNumber("gb_per_s_min", rates.Min);
        json.WriteEndObject();
    }

    /// <summary>GB/s (10⁹) of all threads together, one sample per pass.</summary>
    public static Samples Measure(int threads, int passes)
    {
        var rates = new Samples();
        foreach (double rate in MemoryBandwidth.Sweeps(threads, passes, BytesPerThread)) rates.Add(rate / 1e9);
        return rates;
    }
}
