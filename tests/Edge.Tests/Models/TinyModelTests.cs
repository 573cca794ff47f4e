using System.Text.Json;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>llama, qwen2 and qwen3 with every kind of rope scaling, against logits that NumPy computed in double from
/// the architectures' definitions (scripts/golden/tiny-models.py).</summary>
public class TinyModelTests
{
    private static readonly string Folder = Path.Combine(DemoModel.Folder, "..", "tiny");

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string file in Directory.GetFiles(Folder, "*.gguf").Order())
        {
            foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
                cases.Add(Path.GetFileNameWithoutExtension(file), set.Name);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_F32File_GivesReferenceLogits(string name, string set)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name + ".json")));
        int[] ids = [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(x => x.GetInt32())];
        using Model model = Model.Load(Path.Combine(Folder, name + ".gguf"),
            new ModelOptions { KvType = KvType.F32, KernelSet = set, Threads = 2 });
        foreach (JsonProperty row in json.RootElement.GetProperty("logits").EnumerateObject())
        {
            float[] expected = [.. row.Value.EnumerateArray().Select(x => x.GetSingle())];
            using KvCache cache = model.CreateCache(ids.Length);
            float[] logits = DemoModel.Run(model, cache, ids.AsSpan(0, int.Parse(row.Name) + 1), 33);
            double difference = DemoModel.MaxDifference(expected, logits);
            Assert.True(difference <= 1e-3, $"{name} with {set}, position {row.Name}: logits differ by {difference}");
            Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits));
            Assert.True(expected.Max() - expected.Min() > 1, "the reference has no variety");
        }
    }
}
