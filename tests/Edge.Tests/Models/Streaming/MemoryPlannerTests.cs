using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Models.Pack;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>Budgets divided, and refused.</summary>
[Collection("packed demo")]
public sealed class MemoryPlannerTests(PackedDemo demo, TinyDense tiny) : IClassFixture<TinyDense>
{
    private string Packed => demo.Get("q4_0", new PackOptions { Target = PackTarget.Keep }).Path;

    private static MemoryPlan Plan(string path, long bytes, int context = 128, int sequences = 1) =>
        MemoryPlanner.Plan(path, new ModelOptions
        {
            Memory = new MemoryBudget
            {
                Bytes = bytes, ContextLength = context, Sequences = sequences, ProgramBytes = 1000,
                StorageBytesPerSecond = 1e6, MemoryBytesPerSecond = 1e9,
            },
        });

    [Fact]
    public void Plan_AnyBudget_IsKeptOrRefused()
    {
        foreach (string path in (string[])[Packed, tiny.Packed, DemoModel.File("q8_0"), tiny.Source])
        {
            long least = Plan(path, 1).LeastBytes;
            Assert.NotNull(Plan(path, least - 1).Refusal);
            long slots = 0;
            for (long bytes = least; bytes < least + 5_000_000; bytes += 77_777)
            {
                MemoryPlan plan = Plan(path, bytes);
                Assert.Null(plan.Refusal);
                Assert.True(plan.TotalBytes <= bytes, $"{plan.TotalBytes} of {bytes}");
                if (plan.Kind == MemoryPlanKind.Resident) continue;
                // More memory never holds less.
                long held = plan.PinnedBytes + plan.Slots * plan.SlotBytes;
                Assert.True(held >= slots - 2 * plan.SlotBytes, $"{held} after {slots}");
                slots = held;
                Assert.Equal(1e6 / plan.ReadBytesPerToken, plan.TokensPerSecond!.Value, 1e-9);
            }
            Assert.Equal(MemoryPlanKind.Resident, Plan(path, least + 20_000_000).Kind);
        }
    }

    [Fact]
    public void Plan_PinnedLayers_AreSpreadEvenly()
    {
        long least = StreamedLayersTests.Budget(tiny.Packed, 0).Bytes;
        bool sawSome = false;
        for (long bytes = least; Plan(tiny.Packed, bytes) is { Kind: MemoryPlanKind.LayerWindow } plan; bytes += 40_000)
        {
            int[] at = [.. Enumerable.Range(0, TinyDense.Layers).Where(l => plan.PinnedUnits[l])];
            if (at.Length < 2) continue;
            sawSome = true;
            int[] gaps = [.. at.Zip(at.Skip(1), (a, b) => b - a)];
            Assert.InRange(gaps.Max() - gaps.Min(), 0, 1);
        }
        Assert.True(sawSome);
    }

    /// <summary>What scratch does not take, weights do.</summary>
    [Theory]
    [InlineData(80, 1, 128)]
    [InlineData(80, 4, 256)]
    [InlineData(2048, 1, 256)]
    public void Plan_RowsOfAPass_AreNotMoreThanThePositionsOfTheCaches(int context, int sequences, int rows)
    {
        using var file = new TemporaryFile();
        StreamedCalibrationTests.WriteShape(file.Path, 28, 3072, 8192, 24, 8, 128256, isTied: true);
        MemoryPlan plan = Plan(file.Path, 3L << 30, context, sequences);
        Assert.Equal((MemoryPlanKind.LayerWindow, rows), (plan.Kind, plan.BatchRows));
    }

    [Fact]
    public void Plan_TooLittle_SaysWhatWouldFit()
    {
        MemoryPlan plan = Plan(Packed, 1_500_000, context: 512);
        Assert.Contains("least with which it streams", plan.Refusal, StringComparison.Ordinal);
        MemoryPlan roomy = Plan(Packed, plan.LeastBytes, context: 512);
        Assert.Null(roomy.Refusal);
        MemoryPlan tight = Plan(Packed, plan.LeastBytes - 1000, context: 512);
        Assert.InRange(tight.ContextThatFits, 1, 511);
        Assert.Contains($"context of {tight.ContextThatFits}", tight.Refusal, StringComparison.Ordinal);
        Assert.Null(Plan(Packed, plan.LeastBytes - 1000, tight.ContextThatFits).Refusal);
    }

    /// <summary>Rows of I2_S get their scale beside them when they are loaded: they do not stream.</summary>
    [Fact]
    public void Plan_TypeThatCannotStream_SaysHowToPackIt()
    {
        using TemporaryFile file = QuantTypeModels.Create(QuantType.I2_S);
        string? refusal = Plan(file.Path, 200_000).Refusal;
        Assert.Contains("'blk.0.attn_q.weight' (I2_S) cannot stream", refusal, StringComparison.Ordinal);
        Assert.Contains($"edge pack --type digits4 --model {file.Path}", refusal, StringComparison.Ordinal);
        var e = Assert.Throws<ArgumentException>(() => Model.Load(file.Path,
            new ModelOptions { Memory = new MemoryBudget { Bytes = 200_000, ProgramBytes = 0 } }));
        Assert.Contains("edge pack", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Types whose kernels read integers are decoded at load, whatever file they are in.</summary>
    [Fact]
    public void Plan_FloatArithmetic_SaysToLeaveIt()
    {
        using TemporaryFile raw = QuantTypeModels.Create(QuantType.Q4_K, layers: 6);
        foreach (string path in (string[])[raw.Path, tiny.Packed])
        {
            var options = new ModelOptions
            {
                Arithmetic = Arithmetic.Float,
                Memory = new MemoryBudget { Bytes = 1_500_000, ContextLength = 32, ProgramBytes = 0 },
            };
            Assert.Contains("leave out --float", MemoryPlanner.Plan(path, options).Refusal, StringComparison.Ordinal);
            options = options with { Arithmetic = Arithmetic.Integer };
            Assert.Null(MemoryPlanner.Plan(path, options).Refusal);
        }
    }

    [Fact]
    public void Plan_BelowATokensCycle_PinsThePopularOnes()
    {
        long least = Plan(Packed, 1).LeastBytes;
        MemoryPlan below = Plan(Packed, least), above = Plan(Packed, least + 8 * below.SlotBytes);
        Assert.Equal(("popular", true), (below.Policy, below.Warning is not null));
        Assert.Equal(("reload", true), (above.Policy, above.Warning is null));
        Assert.Equal(8 * below.SlotBytes, below.CycleBytes);
    }

    [Fact]
    public void Plan_MoreSequences_TakeMoreCaches()
    {
        MemoryPlan one = Plan(Packed, 100_000_000), three = Plan(Packed, 100_000_000, sequences: 3);
        Assert.Equal(3 * one.KvBytes, three.KvBytes);
        // Keys and values of 4 heads of 32 halves in 4 layers.
        Assert.Equal(2L * 4 * 32 * 2 * 4 * 128, one.KvBytes);
    }
}
