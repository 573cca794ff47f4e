using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Edge.Gguf;
using Edge.Text;

namespace Edge.Bench;

/// <summary>Bytes of text per second that one core encodes: with a model's tokenizer, or without one with a vocabulary
/// of each family that the text itself yields.</summary>
internal static class TokenizerBench
{
    public static void Run(Options options)
    {
        string text = File.ReadAllText(options.Text("text"));
        int runs = Math.Max(1, options.Integer("repeat", 10));
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartArray();
        if (options.Find("model") is { } model)
            Measure(json, "model", Tokenizer.FromGguf(GgufFile.Open(model).Metadata), text, runs);
        else
        {
            var maker = new VocabularyMaker(text);
            foreach (string family in VocabularyMaker.Families) Measure(json, family, maker.Make(family), text, runs);
        }
        json.WriteEndArray();
    }

    private static void Measure(Utf8JsonWriter json, string name, Tokenizer tokenizer, string text, int runs)
    {
        double megabytes = Encoding.UTF8.GetByteCount(text) / 1e6;
        var ids = new List<int>();
        Samples rates = new(), perProcessor = new();
        for (int run = -1; run < runs; run++)
        {
            ids.Clear();
            var watch = Stopwatch.StartNew();
            TimeSpan used = Environment.CpuUsage.TotalTime;
            tokenizer.EncodeToIds(text, ids);
            if (run < 0) continue;
            rates.Add(megabytes / watch.Elapsed.TotalSeconds);
            // What a core does when nobody else wants it.
            perProcessor.Add(megabytes / (Environment.CpuUsage.TotalTime - used).TotalSeconds);
        }
        Console.Error.WriteLine($"{name,-6} {rates.Median,6:F1} MB/s ({rates.Min:F1} to {rates.Max:F1}), " +
            $"{ids.Count} tokens of {megabytes:F2} MB, vocabulary of {tokenizer.VocabularySize}");
        json.WriteStartObject();
        json.WriteString("tokenizer", name);
        json.WriteNumber("mb_per_s", rates.Median);
        json.WriteNumber("mb_per_s_min", rates.Min);
        json.WriteNumber("mb_per_s_max", rates.Max);
        json.WriteNumber("mb_per_processor_s", perProcessor.Median);
        json.WriteNumber("tokens", ids.Count);
        json.WriteNumber("vocabulary", tokenizer.VocabularySize);
        json.WriteEndObject();
    }
}
