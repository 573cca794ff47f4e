using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>The demo model's files and the logits that PyTorch computed for them.</summary>
internal static class DemoModel
{
    public sealed record Prompt(int[] Ids, float[] Logits, int[] GreedyIds, int[][][] Experts, float[][][] Weights);

    public static string Folder { get; } = FindFolder();

    public static string File(string type) => Path.Combine(Folder, $"sensor-triage-moe-{type}.gguf");

    public static List<Prompt> Reference(string type)
    {
        string stem = Path.Combine(Folder, "reference", $"logits-{type}");
        byte[] logits = System.IO.File.ReadAllBytes(stem + ".bin");
        using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(stem + ".json"));
        return [.. json.RootElement.GetProperty("prompts").EnumerateArray().Select(prompt => new Prompt(
            Ints(prompt.GetProperty("ids")),
            MemoryMarshal.Cast<byte, float>(logits.AsSpan(prompt.GetProperty("logits_offset_bytes").GetInt32(),
                prompt.GetProperty("logits_count").GetInt32() * sizeof(float))).ToArray(),
            Ints(prompt.GetProperty("greedy_ids")),
            [.. Layers(prompt).Select(layer => layer.GetProperty("experts").EnumerateArray().Select(Ints).ToArray())],
            [.. Layers(prompt).Select(
                layer => layer.GetProperty("weights").EnumerateArray().Select(Floats).ToArray())]))];
    }

    /// <summary>Logits of the last token, all of them run in chunks of <paramref name="chunk"/>.</summary>
    public static float[] Run(Model model, KvCache cache, ReadOnlySpan<int> ids, int chunk)
    {
        ReadOnlySpan<float> logits = default;
        for (int i = 0; i < ids.Length; i += chunk)
        {
            int count = Math.Min(chunk, ids.Length - i);
            var rows = new BatchRow[count];
            for (int j = 0; j < count; j++) rows[j] = new BatchRow(ids[i + j], cache, i + j == ids.Length - 1);
            logits = model.Forward(rows);
        }
        return logits.ToArray();
    }

    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }
        return best;
    }

    public static double MaxDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(a.Length, b.Length);
        double max = 0;
        for (int i = 0; i < a.Length; i++) max = Math.Max(max, Math.Abs(a[i] - (double)b[i]));
        return max;
    }

    /// <summary>KL(softmax(reference) ‖ softmax(ours)) in nats.</summary>
    public static double Divergence(float[] reference, float[] ours)
    {
        double[] p = LogSoftmax(reference), q = LogSoftmax(ours);
        double sum = 0;
        for (int i = 0; i < p.Length; i++) sum += Math.Exp(p[i]) * (p[i] - q[i]);
        return sum;
    }

    private static double[] LogSoftmax(float[] logits)
    {
        double max = logits.Max();
        double log = max + Math.Log(logits.Sum(x => Math.Exp(x - max)));
        return [.. logits.Select(x => x - log)];
    }

    private static JsonElement.ArrayEnumerator Layers(JsonElement prompt) =>
        prompt.GetProperty("router").EnumerateArray();
    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(x => x.GetInt32())];
    private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(x => x.GetSingle())];

    private static string FindFolder()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "tests", "golden", "demo-model");
            if (Directory.Exists(folder)) return folder;
        }
        throw new DirectoryNotFoundException("tests/golden/demo-model is in no folder above the test binary");
    }
}
