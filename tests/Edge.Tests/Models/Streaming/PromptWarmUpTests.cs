using Edge.Models;
using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Weights;
using Edge.Weights;
using Edge.Weights.Policies;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>What is read while a reply begins.</summary>
public sealed unsafe class PromptWarmUpTests : IDisposable
{
    private const int Experts = 8, Used = 2, Rows = 200;
    private readonly TemporaryFile _file = new(new byte[2 * Experts * 4096]);
    private readonly NativeArena _memory = new(1 << 20);
    private readonly List<long> _read = [];

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    [Fact]
    public void Continue_AfterAPrompt_ReadsTheHeaviestOfItsEnd()
    {
        var shape = new CacheShape(Experts, Used, [4096, 4096], [0, 0]);
        var slices = new SliceRanges[shape.Slices];
        for (int u = 0; u < shape.Units; u++)
        {
            slices[CacheShape.Hi(u)] = new SliceRanges(0, [new ByteRange(u * 4096, 4096, null)]);
            slices[CacheShape.Lo(u)] = SliceRanges.None;
        }
        var storage = new FaultyStorage(_file.Path) { OnRead = (_, at, _) => _read.Add(at / 4096) };
        using var residency = new Residency(storage, _file.Path, slices, [new SlotClass(3, 4096)],
            PolicyTable.Create("lru", shape));
        var warmUp = new PromptWarmUp(residency, shape, slots: 3, hasLow: false);
        warmUp.Begin(isDecode: false, isNew: true);
        // In the rows that count: expert 5 of layer 1 most, then 2 of layer 0, then 1 and 4 beside them.
        warmUp.Count(0, Choose(first: 7, last: 2, beside: 1, weight: 0.7f));
        warmUp.Count(1, Choose(first: 6, last: 5, beside: 4, weight: 0.8f));
        warmUp.Continue();
        Assert.Empty(_read);

        warmUp.Begin(isDecode: true, isNew: false);
        for (int i = 0; i < 20; i++)
        {
            warmUp.Continue();
            // It asks only while nothing is on its way, and may have asked more than once just now.
            for (long landings; (landings = residency.Landings) < warmUp.Asked;) residency.AwaitLanding(landings);
        }
        foreach (int unit in (int[])[8 + 5, 2, 1]) residency.Pin(CacheShape.Hi(unit));

        Assert.Equal([8 + 5, 2, 1], _read);
        Assert.Equal(3, warmUp.Asked);
    }

    /// <summary>Rows that choose one expert up to the last <see cref="PromptWarmUp.Tokens"/>, and then another.
    /// </summary>
    private Routing Choose(int first, int last, int beside, float weight)
    {
        var config = new ModelConfig
        {
            Architecture = "", LayerCount = 2, ContextLength = 1, EmbeddingLength = 1, VocabularySize = 1,
            ExpertCount = Experts, ExpertUsedCount = Used,
        };
        var routing = new Routing(config, _memory, Rows);
        for (int row = 0; row < Rows; row++)
        {
            routing.Experts[row * Used] = row < Rows - PromptWarmUp.Tokens ? first : last;
            routing.Experts[row * Used + 1] = beside;
            routing.Weights[row * Used] = weight;
            routing.Weights[row * Used + 1] = 1 - weight;
        }
        routing.Group(Rows);
        return routing;
    }
}
