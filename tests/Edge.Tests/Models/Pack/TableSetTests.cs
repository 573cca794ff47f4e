using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Models.Streaming;
using Edge.Tests.Weights;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Models on the tiles and tables of cores without the dot product (a Raspberry Pi 4), which no kernel set of
/// an x64 machine has: the scalar twins run them here.</summary>
[Collection("packed demo")]
public sealed class TableSetTests(PackedDemo demo)
{
    private static readonly KernelSet Set = KernelSet.ScalarTables;
    private static readonly PackOptions Digits2 = new() { Target = PackTarget.Digits2 };
    private static readonly int[] Ids = DemoModel.Reference("q8_0")[5].Ids;

    private string Packed => demo.Get("q8_0", Digits2).Path;

    [Fact]
    public void All_TheProductsTable_DoesNotListIt()
    {
        Assert.DoesNotContain(KernelSet.All, set => set.Name == Set.Name);
        Assert.Throws<ArgumentException>(() => KernelSet.Choose(Set.Name));
        KernelSet board = KernelSet.All.Single(set => set.Name == "neon");
        foreach (QuantTypeRow row in QuantTypes.Rows)
            Assert.Equal(board.Layout(row.Id), Set.Layout(row.Id));
    }

    /// <summary>The bound of the other sets, and the tables' rounding against theirs.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.0045)]
    public void Forward_TwoBits_AgreesWithTheDecodedWeightsForAnyChunkAndThreads(double outliers)
    {
        string path = demo.Get("q8_0", Digits2 with { Outliers = outliers }).Path;
        Assert.Equal(outliers > 0, GgufFile.Open(path).Tensors.Any(tensor => QuantTypes.Of(tensor.Type).IsSparse));
        float[] reference = PackedDemo.Logits(path, "scalar", Ids, 64, Arithmetic.Float);
        float[] other = PackedDemo.Logits(path, "scalar", Ids, 64);
        var options = new ModelOptions { Kernels = Set, Threads = 2 };
        float[] logits = Run(path, options, 64);
        Assert.NotEqual(other, logits);
        Assert.InRange(DemoModel.Divergence(reference, logits), 0, 2e-2);
        Assert.InRange(DemoModel.Divergence(other, logits), 0, 2e-2);
        Assert.Equal(logits, Run(path, options with { Threads = 3 }, 7));
        Assert.Equal(logits, Run(path, options with { Threads = 1 }, 1));
        // Read instead of mapped, each matrix of a stack is rearranged where it stands, behind the gap to its page.
        Assert.Equal(logits, Run(path, options with { Loading = WeightLoading.Read }, 64));
        Assert.Equal(reference, Run(path, options with { Arithmetic = Arithmetic.Float }, 64));
    }

    [Fact]
    public void Forward_TypesThatDiffer_AgreeWithTheDecodedWeights()
    {
        string path = demo.Get("q8_0", new PackOptions { Target = PackTarget.Mixed, TargetBytes = 3_000_000 }).Path;
        Assert.Contains(GgufFile.Open(path).Tensors, tensor => tensor.Type == QuantType.DIGITS2_G128);
        float[] reference = PackedDemo.Logits(path, "scalar", Ids, 64, Arithmetic.Float);
        Assert.InRange(DemoModel.Divergence(reference, Run(path, new ModelOptions { Kernels = Set }, 64)), 0, 2e-2);
    }

    [Theory]
    [InlineData(2, 32, 0)]
    [InlineData(9, 7, 0)]
    [InlineData(9, 16, 0.0045)]
    public void Forward_StreamedExperts_GiveTheBitsOfTheWholeModel(int slots, int chunk, double outliers)
    {
        string path = demo.Get("q8_0", Digits2 with { Outliers = outliers }).Path;
        var options = new ModelOptions { Kernels = Set, Threads = 2 };
        using Model whole = Model.Load(path, options), model = Model.Load(path, options with
        {
            Memory = StreamedExpertsTests.Budget(path, slots, set: Set),
            OpenStorage = file => new FaultyStorage(file, slots) { DelayMicrosMax = 200 },
        });
        Assert.Equal((MemoryPlanKind.ExpertCache, slots), (model.Plan!.Kind, model.Plan.Slots));
        RequireEqual(whole, model, chunk);
        Assert.Equal(0, model.Stream!.Value.Residency.Failures);
        Assert.True(model.Stream.Value.Residency.Misses > 0);
    }

    [Theory]
    [InlineData(WindowGrain.Layers, 1)]
    [InlineData(WindowGrain.Matrices, 3)]
    [InlineData(WindowGrain.MatricesAndHead, 0)]
    public void Forward_Window_GivesTheBitsOfTheWholeModel(WindowGrain grain, int more)
    {
        using var tiny = new TinyDense(384, PackTarget.Digits2);
        var options = new ModelOptions { Kernels = Set, Threads = 2 };
        using Model whole = Model.Load(tiny.Packed, options), model = Model.Load(tiny.Packed, options with
        {
            Memory = StreamedLayersTests.Budget(tiny.Packed, more, grain, set: Set),
            OpenStorage = file => new FaultyStorage(file, 3) { DelayMicrosMax = 200 },
        });
        Assert.Equal((MemoryPlanKind.LayerWindow, grain), (model.Plan!.Kind, model.Plan.Grain));
        RequireEqual(whole, model, 7);
        Assert.Equal(0, model.Stream!.Value.Residency.Failures);
    }

    /// <summary>400 rows are twelve and a half tiles of 32.</summary>
    [Fact]
    public void Plan_RowsThatLeaveHalfATile_SayHowToPackTheSource()
    {
        using var tiny = new TinyDense(400, PackTarget.Digits2);
        float[] logits = Run(tiny.Packed, new ModelOptions { Kernels = Set }, 64);
        Assert.Equal(logits, Run(tiny.Packed, new ModelOptions { Kernels = Set, Loading = WeightLoading.Read }, 7));
        MemoryPlan plan = Plan(tiny.Packed, 200_000, Set);
        Assert.Contains("'blk.0.ffn_gate.weight' (DIGITS2_G128) cannot stream with these kernels", plan.Refusal,
            StringComparison.Ordinal);
        Assert.Contains("take the model that this file was made of: edge pack --type digits4 --model SOURCE",
            plan.Refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(tiny.Packed, plan.Refusal, StringComparison.Ordinal);
        // The remedy works.
        using var again = new TinyDense(400, PackTarget.Digits4);
        MemoryPlan packed = Plan(again.Packed, Plan(again.Packed, 1, Set).LeastBytes, Set);
        Assert.Equal((null, MemoryPlanKind.LayerWindow), (packed.Refusal, packed.Kind));
    }

    /// <summary>An entry for every pair of four weights, and its multiplier: 16 bytes an activation.</summary>
    [Fact]
    public void Plan_Tables_AreCountedAsScratch()
    {
        using var tiny = new TinyDense(384, PackTarget.Digits2);
        MemoryPlan tables = Plan(tiny.Packed, 1L << 30, Set), others = Plan(tiny.Packed, 1L << 30, null);
        // What norms and attention give, and what passes the gate; the head is Q8_0.
        long prepared = 2 * (Digits2LutScalar.TableBytes(128) + Tiles.ActivationBytes(128))
            + Digits2LutScalar.TableBytes(384);
        const long Floats = 4 * (3 * 128 + 2 * 128 + 2 * 64 + 3 * 384), Logits = 4 * TinyDense.Vocabulary;
        Assert.InRange(tables.ScratchBytes - Logits, tables.BatchRows * (Floats + prepared),
            tables.BatchRows * (Floats + prepared + 6000));
        Assert.True(others.ScratchBytes < tables.ScratchBytes);
    }

    private static MemoryPlan Plan(string path, long bytes, KernelSet? set) => MemoryPlanner.Plan(path, new ModelOptions
    {
        Kernels = set, Memory = new MemoryBudget { Bytes = bytes, ContextLength = 128, ProgramBytes = 0 },
    });

    private static float[] Run(string path, ModelOptions options, int chunk)
    {
        using Model model = Model.Load(path, options);
        using KvCache cache = model.CreateCache(256);
        return DemoModel.Run(model, cache, [.. Ids.Select(id => id % model.Config.VocabularySize)], chunk);
    }

    private static void RequireEqual(Model whole, Model streamed, int chunk)
    {
        int[] ids = [.. Ids.Take(40).Select(id => id % whole.Config.VocabularySize)];
        using KvCache a = whole.CreateCache(256), b = streamed.CreateCache(256);
        float[] expected = DemoModel.Run(whole, a, ids, 64);
        Assert.True(expected.Distinct().Count() > 300);
        Assert.Equal(expected, DemoModel.Run(streamed, b, ids, chunk));
        for (int i = 0; i < 8; i++)
        {
            int next = DemoModel.ArgMax(expected);
            expected = DemoModel.Run(whole, a, [next], 1);
            Assert.Equal(expected, DemoModel.Run(streamed, b, [next], 1));
        }
    }
}
