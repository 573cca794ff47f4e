using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Models.Pack;
using Edge.Tests.Weights;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>The demo model with room for a part of its experts: the bits are those of the whole one.</summary>
[Collection("packed demo")]
public sealed class StreamedExpertsTests(PackedDemo demo)
{
    private const int EndOfTurn = 759, GreedyMax = 48;
    private string Packed => demo.Get("q4_0", new PackOptions { Target = PackTarget.Keep }).Path;

    /// <summary>A budget in which so many experts have slots.</summary>
    internal static MemoryBudget Budget(string path, int slots, string? policy = null, KernelSet? set = null)
    {
        var budget = new MemoryBudget
        {
            Bytes = 1, ContextLength = 256, ProgramBytes = 0, Policy = policy,
        };
        MemoryPlan least = MemoryPlanner.Plan(path, new ModelOptions { Memory = budget, Kernels = set });
        MemoryPlan plan = MemoryPlanner.Plan(path,
            new ModelOptions { Memory = budget with { Bytes = least.LeastBytes }, Kernels = set });
        return budget with { Bytes = least.LeastBytes + (slots - plan.Slots) * plan.SlotBytes };
    }

    private string Nested => demo.Get("q8_0", new PackOptions { Target = PackTarget.Nested4 }).Path;

    private static List<(int Id, float[] Logits)> Greedy(Model model, int[] prompt, int chunk)
    {
        using KvCache cache = model.CreateCache(256);
        float[] logits = DemoModel.Run(model, cache, prompt, chunk);
        var steps = new List<(int, float[])>();
        for (int next = DemoModel.ArgMax(logits); steps.Count < GreedyMax; next = DemoModel.ArgMax(logits))
        {
            steps.Add((next, logits));
            if (next == EndOfTurn) break;
            logits = DemoModel.Run(model, cache, [next], 1);
        }
        return steps;
    }

    /// <summary>Packed expert by expert: tensors of their own, of two types or more within a layer.</summary>
    [Theory]
    [InlineData(2, 32, 0)]
    [InlineData(11, 7, 0)]
    [InlineData(5, 16, 0.01)]
    public void Forward_ExpertsThatDiffer_GiveTheBitsOfTheWholeModel(int slots, int chunk, double outliers)
    {
        string packed = demo.Get("q8_0", new PackOptions
        {
            Target = PackTarget.Mixed, TargetBytes = outliers > 0 ? 3_600_000 : 3_100_000, PerExpert = true,
            Importance = MixedPackTests.Calibrated.Value, Outliers = outliers,
        }).Path;
        Assert.Equal(outliers > 0, GgufFile.Open(packed).Tensors.Any(tensor =>
            QuantTypes.Of(tensor.Type).IsSparse && WeightLayout.ExpertOf(tensor) >= 0));
        Assert.Contains(GgufFile.Open(packed).Tensors.Where(tensor => WeightLayout.ExpertOf(tensor) >= 0)
            .GroupBy(WeightLayout.LayerOf), layer => layer.Select(tensor => tensor.Type).Distinct().Count() > 1);
        Compare(packed, slots, chunk);
    }

    /// <summary>Q8_0 has rows in the file and tiles in memory: they are made when an expert comes.</summary>
    [Fact]
    public void Forward_RowsThatBecomeTiles_GiveTheBitsOfTheWholeModel() =>
        Compare(demo.Get("q8_0", new PackOptions { Target = PackTarget.Keep }).Path, 7, 16);

    private static void Compare(string packed, int slots, int chunk)
    {
        using Model whole = Model.Load(packed, new ModelOptions { Threads = 2 });
        using Model model = Model.Load(packed, new ModelOptions
        {
            Threads = 2, Memory = Budget(packed, slots),
            OpenStorage = path => new FaultyStorage(path, slots) { DelayMicrosMax = 200 },
        });
        Assert.Equal((MemoryPlanKind.ExpertCache, slots), (model.Plan!.Kind, model.Plan.Slots));
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0").Take(2))
        {
            var expected = Greedy(whole, prompt.Ids, 64);
            var streamed = Greedy(model, prompt.Ids, chunk);
            Assert.Equal(expected.Select(s => s.Id), streamed.Select(s => s.Id));
            Assert.All(expected.Zip(streamed), pair => Assert.Equal(pair.First.Logits, pair.Second.Logits));
        }
        Assert.True(model.Stream!.Value.Residency.Misses > 0);
    }

    [Theory]
    [InlineData(2, null, 32)]
    [InlineData(3, null, 7)]
    [InlineData(10, null, 32)]
    [InlineData(10, "lru", 5)]
    [InlineData(20, "lfu", 32)]
    [InlineData(31, "popular", 32)]
    public void Forward_RoomForSomeExperts_GivesTheBitsOfTheWholeModel(int slots, string? policy, int chunk)
    {
        using Model whole = Model.Load(Packed, new ModelOptions { Threads = 2 });
        using Model model = Model.Load(Packed, new ModelOptions
        {
            Threads = 2, Memory = Budget(Packed, slots, policy),
            OpenStorage = path => new FaultyStorage(path, slots) { DelayMicrosMax = 200 },
        });
        Assert.Equal(MemoryPlanKind.ExpertCache, model.Plan!.Kind);
        Assert.Equal(slots, model.Plan.Slots);
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q4_0").Take(3))
        {
            var expected = Greedy(whole, prompt.Ids, 64);
            var streamed = Greedy(model, prompt.Ids, chunk);
            Assert.Equal(expected.Select(s => s.Id), streamed.Select(s => s.Id));
            Assert.All(expected.Zip(streamed), pair => Assert.Equal(pair.First.Logits, pair.Second.Logits));
        }
        ResidencyStatistics s = model.Stream!.Value.Residency;
        Assert.True(s.Misses > 0 && s.BytesRead > 0 && s.StallMicros > 0);
        Assert.True(s.SlotsUsed <= slots);
        Assert.Equal(0, s.Failures);
        if (slots > 8) Assert.True(s.Hits > 0);
        Assert.Equal((0, 0), (model.Stream.Value.Degraded, model.Stream.Value.Dropped));
    }

    [Theory]
    [InlineData(ForesightUse.Off)]
    [InlineData(ForesightUse.Keep)]
    [InlineData(ForesightUse.Read)]
    public void Forward_WhateverAGuessIsGoodFor_GivesTheSameBits(ForesightUse use)
    {
        using Model whole = Model.Load(Nested, new ModelOptions { Threads = 2 });
        using Model model = Streamed(Nested, 12, ExpertMode.Exact, use);
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0").Take(2))
        {
            var expected = Greedy(whole, prompt.Ids, 64);
            Assert.All(expected.Zip(Greedy(model, prompt.Ids, 32)),
                pair => Assert.Equal(pair.First.Logits, pair.Second.Logits));
        }
        StreamStatistics s = model.Stream!.Value;
        Assert.Equal(use != ForesightUse.Off, s.ForeseenChoices > 0);
        // By chance 2 of 8 would be right.
        if (s.ForeseenChoices > 0) Assert.InRange((double)s.ForeseenRight / s.ForeseenChoices, 0.4, 1);
    }

    [Fact]
    public void Forward_LowSliceThatNeverComes_GoesOnWithoutIt()
    {
        using var gate = new ManualResetEventSlim();
        (long from, long to) = RangeOf(Nested, "blk.2.ffn_up_exps.weight.lo");
        int stuck = 0;
        using Model model = Model.Load(Nested, new ModelOptions
        {
            Threads = 2, Memory = Budget(Nested, 12) with { Experts = ExpertMode.Balanced },
            OpenStorage = file => new FaultyStorage(file)
            {
                OnRead = (_, offset, _) =>
                {
                    // One lane hangs in it, the other goes on.
                    if (offset >= from && offset < to && Interlocked.Exchange(ref stuck, 1) == 0) gate.Wait();
                },
            },
        });
        int[] prompt = DemoModel.Reference("q8_0")[0].Ids;
        using (KvCache cache = model.CreateCache(256))
            for (int i = 0; i < 20; i++) DemoModel.Run(model, cache, [prompt[i % prompt.Length]], 1);
        Assert.InRange(model.Stream!.Value.Late, 1, model.Stream.Value.Degraded);
        gate.Set();
    }

    [Theory]
    [InlineData(4, 32)]
    [InlineData(5, 7)]
    [InlineData(21, 32)]
    [InlineData(50, 3)]
    public void Forward_ExactInTwoSlices_GivesTheBitsOfTheWholeModel(int slots, int chunk)
    {
        using Model whole = Model.Load(Nested, new ModelOptions { Threads = 2 });
        using Model model = Streamed(Nested, slots, ExpertMode.Exact);
        Assert.Equal((64, 32), (2 * model.Plan!.StreamedUnits, model.Plan.StreamedUnits));
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0").Take(3))
        {
            var expected = Greedy(whole, prompt.Ids, 64);
            var streamed = Greedy(model, prompt.Ids, chunk);
            Assert.All(expected.Zip(streamed), pair => Assert.Equal(pair.First.Logits, pair.Second.Logits));
            Assert.Equal(expected.Count, streamed.Count);
        }
        Assert.Equal((0, 0), (model.Stream!.Value.Degraded, model.Stream.Value.Dropped));
    }

    [Theory]
    [InlineData(ExpertMode.Balanced)]
    [InlineData(ExpertMode.Fast)]
    public void Forward_LossyModes_ReadLessAndAnswerMostlyAlike(ExpertMode mode)
    {
        using Model exact = Streamed(Nested, 12, ExpertMode.Exact), lossy = Streamed(Nested, 12, mode);
        int same = 0, all = 0;
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0"))
        {
            int[] expected = [.. Greedy(exact, prompt.Ids, 32).Select(s => s.Id)];
            int[] ids = [.. Greedy(lossy, prompt.Ids, 32).Select(s => s.Id)];
            same += expected.Zip(ids).Count(pair => pair.First == pair.Second);
            all += expected.Length;
        }
        StreamStatistics e = exact.Stream!.Value, l = lossy.Stream!.Value;
        Assert.True(l.Residency.BytesRead < e.Residency.BytesRead * 0.9,
            $"{mode} read {l.Residency.BytesRead} bytes, exact {e.Residency.BytesRead}");
        Assert.InRange((double)l.Degraded / l.Choices, 0.02, 0.6);
        Assert.True(same > 0.8 * all, $"{mode}: {same} of {all} tokens are those of exact");
    }

    [Fact]
    public void Forward_FastInOneSlice_DropsOnlyWhileItDecodes()
    {
        using Model model = Streamed(Packed, 9, ExpertMode.Fast);
        Assert.Contains("one slice", model.Plan!.Warning, StringComparison.Ordinal);
        int[] prompt = DemoModel.Reference("q4_0")[0].Ids;
        using KvCache cache = model.CreateCache(256);
        DemoModel.Run(model, cache, prompt, 32);
        Assert.Equal(0, model.Stream!.Value.Dropped);
        for (int i = 0; i < 40; i++) DemoModel.Run(model, cache, [prompt[i % prompt.Length]], 1);
        Assert.InRange(model.Stream!.Value.Dropped, 1, 40 * 4);
        Assert.Equal(0, model.Stream.Value.Degraded);
    }

    private static (long From, long To) RangeOf(string path, string name)
    {
        GgufFile file = GgufFile.Open(path);
        GgufTensor tensor = file.Tensors.Single(t => t.Name == name);
        return (tensor.Offset, tensor.Offset + tensor.Bytes);
    }

    private static Model Streamed(string path, int slots, ExpertMode mode, ForesightUse use = ForesightUse.Keep) =>
        Model.Load(path, new ModelOptions
    {
        Threads = 2, Memory = Budget(path, slots) with { Experts = mode, Foresight = use },
        OpenStorage = file => new FaultyStorage(file, slots) { DelayMicrosMax = 100 },
    });
}
