using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Edge.Gguf;
using Edge.Text;

namespace Edge.Bench;

/// <summary>Bytes of text per second that one core encodes.</summary>
internal static class TokenizerBench
{
    public static void Run(Options options)
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(GgufFile.Open(options.Text("model")).Metadata);
        string text = File.ReadAllText(options.Text("text"));
        double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
        var ids = new List<int>();
        Samples rates = new();
        for (int run = -1; run < Math.Max(1, options.Integer("repeat", 10)); run++)
        {
            ids.Clear();
            var watch = Stopwatch.StartNew();
            tokenizer.EncodeToIds(text, ids);
            if (run >= 0) rates.Add(megabytes / watch.Elapsed.TotalSeconds);
        }
        Console.Error.WriteLine($"{rates.Median:F1} MB/s, {ids.Count} tokens of {megabytes:F2} MB");
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteNumber("mb_per_s", rates.Median);
        json.WriteNumber("mb_per_s_min", rates.Min);
        json.WriteNumber("mb_per_s_max", rates.Max);
        json.WriteNumber("tokens", ids.Count);
        json.WriteEndObject();
    }
}
