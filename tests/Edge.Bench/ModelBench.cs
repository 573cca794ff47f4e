using System.Diagnostics;
using System.Text.Json;
using Edge.Models;

namespace Edge.Bench;

/// <summary>Prefill and decode of a model file beside the memory's read rate, measured in the same minute.</summary>
internal static class ModelBench
{
    public static void Run(Options options)
    {
        var load = new ModelOptions
        {
            Threads = options.Integer("threads", 0),
            BatchRowsMax = options.Integer("batch", 64),
            KernelSet = options.Find("set"),
        };
        int prompt = options.Integer("prompt", 512), gen = options.Integer("gen", 64);
        int repeat = Math.Max(1, options.Integer("repeat", 10));
        using Model model = Model.Load(options.Text("model"), load);
        using KvCache cache = model.CreateCache(prompt + gen);
        Samples prefill = new(), decode = new(), decodeCpu = new();
        for (int run = -1; run < repeat; run++)
        {
            cache.Truncate(0);
            double prefillRate = Prefill(model, cache, prompt);
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            double decodeRate = Decode(model, cache, gen);
            cpu = Environment.CpuUsage.TotalTime - cpu;
            if (run < 0) continue; // warm-up
            prefill.Add(prefillRate);
            decode.Add(decodeRate);
            decodeCpu.Add(cpu.TotalMilliseconds / gen);
        }
        long peakBytes = Process.GetCurrentProcess().PeakWorkingSet64; // before the bandwidth's own buffers
        Samples bandwidth = Bandwidth.Measure(model.Threads, 10);
        double streamed = decode.Median * model.WeightBytesPerToken / 1e9;
        Console.Error.WriteLine(
            $"{model.KernelSetName}, {model.Threads} threads: prefill {prefill.Median:F1} tokens/s, " +
            $"decode {decode.Median:F2} tokens/s = {streamed:F1} GB/s of " +
            $"{bandwidth.Median:F1}, best {bandwidth.Max:F1}");
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteString("kernel_set", model.KernelSetName);
        json.WriteNumber("threads", model.Threads);
        Write(json, "prefill_tps", prefill);
        Write(json, "decode_tps", decode);
        Write(json, "decode_cpu_ms_per_token", decodeCpu);
        json.WriteNumber("weight_bytes_per_token", model.WeightBytesPerToken);
        json.WriteNumber("decode_gb_per_s", streamed);
        Write(json, "bandwidth_gb_per_s", bandwidth);
        json.WriteNumber("share_of_bandwidth", streamed / bandwidth.Max);
        json.WriteNumber("prefill_over_decode", prefill.Median / decode.Median);
        json.WriteNumber("peak_rss_bytes", peakBytes);
        json.WriteEndObject();
    }

    private static double Prefill(Model model, KvCache cache, int tokens)
    {
        var rows = new BatchRow[model.BatchRowsMax];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i += rows.Length)
        {
            int count = Math.Min(rows.Length, tokens - i);
            for (int j = 0; j < count; j++) rows[j] = new BatchRow((i + j) % 256, cache, i + j == tokens - 1);
            model.Forward(rows.AsSpan(0, count));
        }
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Decode(Model model, KvCache cache, int tokens)
    {
        long start = Stopwatch.GetTimestamp();
        Span<BatchRow> row = [default];
        for (int i = 0; i < tokens; i++)
        {
            row[0] = new BatchRow(i % 256, cache, true);
            model.Forward(row);
        }
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Write(Utf8JsonWriter json, string name, Samples samples)
    {
        json.WriteNumber(name, samples.Median);
        json.WriteNumber(name + "_min", samples.Min);
        json.WriteNumber(name + "_max", samples.Max);
    }
}
