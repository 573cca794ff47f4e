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
    internal static MemoryBudget Budget(string path, int slots, string? policy = null)
    {
        var budget = new MemoryBudget
        {
            Bytes = 1, ContextLength = 256, ProgramBytes = 0, Policy = policy,
        };
        MemoryPlan least = MemoryPlanner.Plan(path, new ModelOptions { Memory = budget });
        MemoryPlan plan = MemoryPlanner.Plan(path,
            new ModelOptions { Memory = budget with { Bytes = least.LeastBytes } });
        return budget with { Bytes = least.LeastBytes + (slots - plan.Slots) * plan.SlotBytes };
    }

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

    [Theory]
    [InlineData(2, null, 64)]
    [InlineData(3, null, 7)]
    [InlineData(10, null, 64)]
    [InlineData(10, "lru", 5)]
    [InlineData(20, "lfu", 64)]
    [InlineData(31, "popular", 64)]
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
    }
}
