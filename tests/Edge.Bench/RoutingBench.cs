using System.Text.Json;
using Edge.Models;
using Edge.Weights.Replay;
using Edge.Weights.Traces;

namespace Edge.Bench;

/// <summary>What kind of routing a model has on random tokens, or a trace holds.</summary>
internal static class RoutingBench
{
    public static void Run(Options options)
    {
        string trace = options.Find("trace") ?? Path.Combine(Path.GetTempPath(), $"edge-{Environment.ProcessId}.trace");
        try
        {
            if (options.Find("model") is { } model) Record(model, trace, options);
            Print(TraceReader.Read(trace));
        }
        finally
        {
            if (options.Find("trace") is null) File.Delete(trace);
        }
    }

    /// <summary>The synthetic trace that the tests keep.</summary>
    public static void Make(Options options)
    {
        string path = options.Text("out");
        ZipfRouter kept = ZipfRouter.Kept;
        using (FileStream file = File.Create(path))
            (kept with { Tokens = options.Integer("tokens", kept.Tokens), Seed = options.Integer("seed", kept.Seed) })
                .Write(file);
        Print(TraceReader.Read(path));
    }

    private static void Record(string path, string trace, Options options)
    {
        using Model model = Model.Load(path, new ModelOptions { Threads = options.Integer("threads", 0) });
        int tokens = options.Integer("tokens", 128);
        using KvCache cache = model.CreateCache(tokens);
        using RoutingRecorder recorder = RoutingRecorder.Start(model, trace, Path.GetFileNameWithoutExtension(path))
            ?? throw new ArgumentException($"{path} is no mixture of experts");
        var random = new Random(1);
        for (int i = 0; i < tokens; i++)
            model.Forward([new BatchRow(random.Next(model.Config.VocabularySize), cache, false)]);
    }

    private static void Print(Trace trace)
    {
        RoutingStatistics routing = RoutingStatistics.Of(trace);
        Console.Error.WriteLine($"{trace.Model}: {trace.Rows} tokens, entropy {routing.LayerEntropyBits.Min():F2} to " +
            $"{routing.LayerEntropyBits.Max():F2} bits of {Math.Log2(trace.Shape.Experts):F2}, " +
            $"{100 * routing.RepeatShare:F1} % chosen by the token before too, reuse distance " +
            $"{routing.ReuseDistanceP50} (half), {routing.ReuseDistanceP90} (9 of 10) of {trace.Shape.Units}");
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteNumber("tokens", trace.Rows);
        json.WriteNumber("units", trace.Shape.Units);
        Write(json, "layer_entropy_bits", routing.LayerEntropyBits);
        json.WriteNumber("repeat_share", routing.RepeatShare);
        json.WriteNumber("first_use_share", routing.ColdShare);
        json.WriteNumber("reuse_distance_p50", routing.ReuseDistanceP50);
        json.WriteNumber("reuse_distance_p90", routing.ReuseDistanceP90);
        Write(json, "reuse_distance_shares_by_power_of_two", routing.ReuseDistances);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values) json.WriteNumberValue(Math.Round(value, 4));
        json.WriteEndArray();
    }
}
