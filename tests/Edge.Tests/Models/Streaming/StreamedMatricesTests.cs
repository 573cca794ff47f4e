using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Weights;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>A dense model in less memory than two of its layers: the bits are those of the whole one, down to one slot.
/// </summary>
public sealed class StreamedMatricesTests(TinyDense tiny) : IClassFixture<TinyDense>
{
    private const int Matrices = 7 * TinyDense.Layers;
    private static readonly int[] Ids = [.. Enumerable.Range(0, 50).Select(i => (i * 37 + 5) % 300)];

    [Theory]
    [InlineData(true, WindowGrain.Matrices, 0, 2)]
    [InlineData(true, WindowGrain.Matrices, 3, 3)]
    [InlineData(false, WindowGrain.Matrices, 2, 3)]
    [InlineData(true, WindowGrain.MatricesAndHead, 0, 1)]
    [InlineData(false, WindowGrain.MatricesAndHead, 0, 1)]
    [InlineData(false, WindowGrain.MatricesAndHead, 1, 2)]
    public void Forward_WindowOfMatrices_GivesTheBitsOfTheWholeModel(
        bool isPacked, WindowGrain grain, int more, int ring)
    {
        string path = isPacked ? tiny.Packed : tiny.Source;
        using Model whole = Model.Load(path, new ModelOptions { Threads = 2 });
        using Model model = Load(path, StreamedLayersTests.Budget(path, more, grain));
        MemoryPlan plan = model.Plan!;
        bool hasHead = grain == WindowGrain.MatricesAndHead;
        Assert.Equal((MemoryPlanKind.LayerWindow, grain, ring), (plan.Kind, plan.Grain, plan.Slots));
        Assert.Equal(hasHead ? Matrices + 1 : Matrices, plan.PinnedUnits.Count);
        Assert.True(plan.TotalBytes <= plan.BudgetBytes);
        Compare(whole, model);
        StreamStatistics s = model.Stream!.Value;
        long wanted = s.Passes - 7; // of the first prompt's eight passes only the last has a head
        Assert.Equal(8 + 20, s.Passes);
        Assert.Equal(s.Passes * (hasHead ? plan.StreamedUnits - 1 : plan.StreamedUnits) + (hasHead ? wanted : 0),
            s.Residency.Hits + s.Residency.Misses);
        long head = hasHead ? GgufFile.Open(path).Get("output.weight").Bytes : 0;
        long swept = (plan.StreamedBytes - head) * s.Passes + head * wanted;
        // Every matrix once a pass, with the pages that it touches.
        Assert.InRange(s.Residency.BytesRead, swept,
            swept + (ring + 1) * plan.SlotBytes + (isPacked ? 0 : 8192 * s.Passes * plan.StreamedUnits));
    }

    [Theory]
    [InlineData(QuantType.F16, Arithmetic.Integer, true)]
    [InlineData(QuantType.BF16, Arithmetic.Integer, true)]
    [InlineData(QuantType.Q8_0, Arithmetic.Integer, true)]
    [InlineData(QuantType.Q8_0, Arithmetic.Float, true)]
    [InlineData(QuantType.Q4_0, Arithmetic.Integer, true)]
    [InlineData(QuantType.Q4_K, Arithmetic.Integer, true)]
    [InlineData(QuantType.Q6_K, Arithmetic.Integer, true)]
    [InlineData(QuantType.F16, Arithmetic.Integer, false)]
    [InlineData(QuantType.Q8_0, Arithmetic.Integer, false)]
    public void Forward_OneSlot_GivesTheBitsOfTheWholeModel(QuantType type, Arithmetic arithmetic, bool isTied)
    {
        // Rows that the height of every tile divides: those of 300 would stay.
        using TemporaryFile file = QuantTypeModels.Create(type, 6, isTied, vocabulary: 304);
        var options = new ModelOptions { Threads = 2, Arithmetic = arithmetic };
        using Model whole = Model.Load(file.Path, options);
        using Model model = Load(
            file.Path, StreamedLayersTests.Budget(file.Path, 0, WindowGrain.MatricesAndHead), options);
        MemoryPlan plan = model.Plan!;
        Assert.Equal((WindowGrain.MatricesAndHead, 1, 6 * 7 + 1), (plan.Grain, plan.Slots, plan.PinnedUnits.Count));
        Assert.True(plan.GathersEmbedding);
        Compare(whole, model);
    }

    /// <summary>Planes and outliers come with their matrix.</summary>
    [Theory]
    [InlineData(PackTarget.Nested4, 0)]
    [InlineData(PackTarget.Digits3, 0.01)]
    public void Forward_MatricesWithCompanions_GiveTheBitsOfTheWholeModel(PackTarget target, double outliers)
    {
        using var packed = new TemporaryFile();
        ModelPacker.Pack(tiny.Source, packed.Path, new PackOptions { Target = target, Outliers = outliers });
        using Model whole = Model.Load(packed.Path, new ModelOptions { Threads = 2 });
        foreach (WindowGrain grain in (WindowGrain[])[WindowGrain.Matrices, WindowGrain.MatricesAndHead])
        {
            using Model model = Load(packed.Path, StreamedLayersTests.Budget(packed.Path, 0, grain));
            Assert.Equal(grain, model.Plan!.Grain);
            Compare(whole, model);
        }
    }

    private static Model Load(string path, MemoryBudget budget, ModelOptions? options = null) => Model.Load(path,
        (options ?? new ModelOptions { Threads = 2 }) with
        {
            Memory = budget, OpenStorage = name => new FaultyStorage(name, 5) { DelayMicrosMax = 100 },
        });

    private static void Compare(Model whole, Model model)
    {
        using KvCache a = whole.CreateCache(256), b = model.CreateCache(256);
        float[] expected = DemoModel.Run(whole, a, Ids, 64);
        Assert.Equal(expected, DemoModel.Run(model, b, Ids, 7));
        Assert.True(expected.Distinct().Count() > 250);
        for (int i = 0; i < 20; i++)
        {
            int next = DemoModel.ArgMax(expected);
            expected = DemoModel.Run(whole, a, [next], 1);
            Assert.Equal(expected, DemoModel.Run(model, b, [next], 1));
        }
        Assert.Equal(0, model.Stream!.Value.Residency.Failures);
    }
}
