using System.Text.Json;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>Every architecture beyond those of <see cref="TinyModelTests"/>, against logits that NumPy computed in
/// double from the published definitions (scripts/golden/architectures.py). Prompts are longer than any sliding
/// window.</summary>
public class ArchitectureTests
{
    private static readonly string Folder = Path.Combine(DemoModel.Folder, "..", "architectures");

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

    public static string File(string name) => Path.Combine(Folder, name + ".gguf");

    public static TheoryData<string> Names() =>
        [.. Directory.GetFiles(Folder, "*.gguf").Order().Select(file => Path.GetFileNameWithoutExtension(file)!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_WholePromptAndStepByStep_GivesReferenceLogits(string name, string set)
    {
        using Model model = Load(name, KvType.F32, set);
        foreach (Run run in Reference(name))
        {
            foreach (int chunk in (int[])[128, 1, 7])
            {
                using KvCache cache = model.CreateCache(run.Capacity);
                float[][] logits = All(model, cache, run.Ids, chunk);
                foreach ((int position, float[] expected) in run.Logits)
                {
                    double difference = DemoModel.MaxDifference(expected, logits[position]);
                    Assert.True(difference <= 1e-3,
                        $"{name} with {set}, {chunk} at a time, position {position}: logits differ by {difference}");
                    Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits[position]));
                    Assert.True(expected.Max() - expected.Min() > 1, "the reference has no variety");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_AnyChunkingThreadsAndNeighbours_GivesTheSameBits(string name)
    {
        using Model model = Load(name, KvType.F16, null), alone = Load(name, KvType.F16, null, threads: 1);
        Run run = Reference(name)[0];
        using KvCache expectedCache = alone.CreateCache(run.Capacity), a = model.CreateCache(run.Capacity);
        using KvCache b = model.CreateCache(run.Capacity);
        float[][] expected = All(alone, expectedCache, run.Ids, 1);
        var rows = new List<BatchRow>();
        int vocabulary = model.Config.VocabularySize;
        for (int i = 0; i < run.Ids.Length; i += 9)
        {
            rows.Clear();
            int count = Math.Min(9, run.Ids.Length - i);
            for (int j = 0; j < count; j++)
            {
                rows.Add(new BatchRow(run.Ids[i + j], a, true));
                rows.Add(new BatchRow(run.Ids[^(i + j + 1)], b, false));
            }
            float[] logits = model.Forward(rows.ToArray()).ToArray();
            for (int j = 0; j < count; j++)
                Assert.Equal(expected[i + j], logits[(j * vocabulary)..((j + 1) * vocabulary)]);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Truncate_ToWhatIsReusable_GoesOnAsIfFresh(string name)
    {
        using Model model = Load(name, KvType.F16, null, batchRows: 5);
        Run run = Reference(name)[0];
        int[] ids = [.. run.Ids, .. run.Ids, .. run.Ids]; // beyond what a ring of few rows keeps
        using KvCache fresh = model.CreateCache(ids.Length), cache = model.CreateCache(ids.Length);
        Assert.Equal(model.CacheBytes(ids.Length), cache.Bytes);
        float[] expected = All(model, fresh, ids, 5)[^1];
        foreach (int wanted in (int[])[ids.Length - 1, 150, 128, 66, 64, 3, 0])
        {
            cache.Truncate(0);
            All(model, cache, [.. ids[..wanted], .. Enumerable.Repeat(1, ids.Length - wanted)], 5);
            int length = cache.Reusable(wanted);
            Assert.InRange(length, wanted / 64 * 64, wanted);
            cache.Truncate(length);
            Assert.Equal(expected, All(model, cache, ids[length..], 5)[^1]);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_AfterWarmUp_AllocatesNothing(string name)
    {
        using Model model = Load(name, KvType.F16, null);
        using KvCache cache = model.CreateCache(200);
        long least = long.MaxValue;
        for (int i = 0; i < 4; i++) // the compiler may still be at work, and allocates for itself
        {
            long own = GC.GetAllocatedBytesForCurrentThread();
            Decode(model, cache, 50);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - own);
        }
        Assert.Equal(0, least);
    }

    [Fact]
    public void Truncate_WhereNoStateIsKept_IsRefused()
    {
        using Model model = Load("lfm2", KvType.F16, null, batchRows: 2);
        using KvCache cache = model.CreateCache(100);
        Decode(model, cache, 90);
        Assert.Equal(64, cache.Reusable(70));
        var error = Assert.Throws<ArgumentException>(() => cache.Truncate(70));
        Assert.Contains("64 is the next that can", error.Message, StringComparison.Ordinal);
    }

    private static void Decode(Model model, KvCache cache, int count)
    {
        Span<BatchRow> row = [default];
        for (int i = 0; i < count; i++)
        {
            row[0] = new BatchRow(i % 60, cache, true);
            model.Forward(row);
        }
    }

    private static Model Load(string name, KvType kv, string? set, int threads = 2, int batchRows = 128) => Model.Load(
        Path.Combine(Folder, name + ".gguf"),
        new ModelOptions { KvType = kv, KernelSet = set, Threads = threads, BatchRowsMax = batchRows });

    /// <summary>Logits of every position.</summary>
    internal static float[][] All(Model model, KvCache cache, int[] ids, int chunk)
    {
        var all = new List<float[]>();
        int vocabulary = model.Config.VocabularySize;
        foreach (int[] part in ids.Chunk(chunk))
        {
            float[] logits = model.Forward([.. part.Select(id => new BatchRow(id, cache, true))]).ToArray();
            for (int i = 0; i < part.Length; i++) all.Add(logits[(i * vocabulary)..((i + 1) * vocabulary)]);
        }
        return [.. all];
    }

    internal static List<Run> Reference(string name)
    {
        using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(Path.Combine(Folder, name + ".json")));
        int[] ids = [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(x => x.GetInt32())];
        return [.. json.RootElement.GetProperty("runs").EnumerateArray().Select(run => new Run(
            run.GetProperty("capacity").GetInt32(), ids[..run.GetProperty("length").GetInt32()],
            run.GetProperty("logits").EnumerateObject().ToDictionary(row => int.Parse(row.Name),
                row => row.Value.EnumerateArray().Select(x => x.GetSingle()).ToArray())))];
    }

    internal sealed record Run(int Capacity, int[] Ids, Dictionary<int, float[]> Logits);
}
