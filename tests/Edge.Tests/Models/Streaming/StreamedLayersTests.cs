using Edge.Models;
using Edge.Models.Streaming;
using Edge.Tests.Weights;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>A dense model whose layers pass through a window: the bits are those of the whole one.</summary>
public sealed class StreamedLayersTests(TinyDense tiny) : IClassFixture<TinyDense>
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 50).Select(i => (i * 37 + 5) % TinyDense.Vocabulary)];

    /// <summary>The least budget with which a grain works, and so many slots more.</summary>
    internal static MemoryBudget Budget(string path, int moreSlots, WindowGrain grain = WindowGrain.Layers,
        int context = 256, KernelSet? set = null)
    {
        MemoryBudget Of(long bytes) => new() { Bytes = bytes, ContextLength = context, ProgramBytes = 0 };
        MemoryPlan Plan(long bytes) => MemoryPlanner.Plan(path,
            new ModelOptions { Memory = Of(bytes), Kernels = set });
        long too = 0, enough = Plan(1).WeightBytes + Plan(1).LeastBytes;
        while (enough - too > 1)
        {
            long bytes = (too + enough) / 2;
            MemoryPlan plan = Plan(bytes);
            bool works = plan.Refusal is null && (plan.Kind == MemoryPlanKind.Resident || plan.Grain <= grain);
            (too, enough) = works ? (too, bytes) : (bytes, enough);
        }
        return Of(enough + moreSlots * Plan(enough).SlotBytes);
    }

    [Theory]
    [InlineData(0, 2, 0)]
    [InlineData(1, 2, 1)]
    [InlineData(2, 3, 1)]
    [InlineData(4, 3, 3)]
    public void Forward_WindowOfLayers_GivesTheBitsOfTheWholeModel(int more, int ring, int pinned)
    {
        using Model whole = Model.Load(tiny.Packed, new ModelOptions { Threads = 2 });
        using Model model = Model.Load(tiny.Packed, new ModelOptions
        {
            Threads = 2, Memory = Budget(tiny.Packed, more),
            OpenStorage = path => new FaultyStorage(path, more) { DelayMicrosMax = 300 },
        });
        Assert.Equal(MemoryPlanKind.LayerWindow, model.Plan!.Kind);
        Assert.Equal((ring, pinned), (model.Plan.Slots, model.Plan.PinnedUnits.Count(stays => stays)));
        Assert.True(model.Plan.TotalBytes <= model.Plan.BudgetBytes);
        using KvCache a = whole.CreateCache(256), b = model.CreateCache(256);
        float[] expected = DemoModel.Run(whole, a, Ids, 64), logits = DemoModel.Run(model, b, Ids, 7);
        Assert.Equal(expected, logits);
        Assert.True(expected.Distinct().Count() > 300);
        for (int i = 0; i < 20; i++)
        {
            int next = DemoModel.ArgMax(expected);
            expected = DemoModel.Run(whole, a, [next], 1);
            Assert.Equal(expected, DemoModel.Run(model, b, [next], 1));
        }
        StreamStatistics s = model.Stream!.Value;
        Assert.Equal(8 + 20, s.Passes);
        Assert.Equal(s.Passes * (TinyDense.Layers - pinned), s.Residency.Hits + s.Residency.Misses);
        long swept = model.Plan.StreamedBytes * s.Passes;
        Assert.InRange(s.Residency.BytesRead, swept, swept + (ring + 1) * model.Plan.SlotBytes);
    }
}
