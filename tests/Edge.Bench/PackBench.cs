using System.Diagnostics;
using System.Text.Json;
using Edge.Models.Pack;

namespace Edge.Bench;

/// <summary>How fast a model is packed, with what memory: the input's bytes over the time, and over the processor time
/// of two cores, which says the same of a machine that others use too.</summary>
internal static class PackBench
{
    public static void Run(Options options)
    {
        string model = options.Text("model"), output = options.Find("out") ?? model + ".packed";
        string type = options.Find("type") ?? "digits4";
        int threads = options.Integer("threads", Environment.ProcessorCount);
        var pack = new PackOptions { Target = Enum.Parse<PackTarget>(type, ignoreCase: true), Threads = threads };
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        ModelPacker.Pack(model, output, pack);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        double cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        long input = new FileInfo(model).Length, bytes = new FileInfo(output).Length;
        File.Delete(output);
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteString("bench", "pack");
        json.WriteString("type", type);
        json.WriteNumber("threads", threads);
        json.WriteNumber("input_bytes", input);
        json.WriteNumber("output_bytes", bytes);
        json.WriteNumber("seconds", Math.Round(seconds, 2));
        json.WriteNumber("cpu_seconds", Math.Round(cpuSeconds, 2));
        json.WriteNumber("input_mb_per_second", Math.Round(input / seconds / 1e6, 1));
        json.WriteNumber("input_mb_per_second_of_two_free_cores", Math.Round(input / cpuSeconds * 2 / 1e6, 1));
        json.WriteNumber("peak_rss_bytes", Process.GetCurrentProcess().PeakWorkingSet64);
        json.WriteEndObject();
    }
}
