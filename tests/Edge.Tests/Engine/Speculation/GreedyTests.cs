using Edge.Engine;
using Edge.Engine.Speculation;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Engine.Speculation;

/// <summary>Without chance the reply is the same, byte for byte.</summary>
public class GreedyTests
{
    public static TheoryData<string> All => [Sources.Lookup, Sources.Same, Sources.Other];

    private static GenerationResult[] RunAll(
        SpeculationOptions? speculation, int slots, IReadOnlyList<GenerationRequest> requests, int batch = 64,
        bool streamed = false)
    {
        using var bench = new Bench(slots, 256, 256, batch, speculation, streamed);
        bench.Model.Next = Sources.Script;
        (bench.Model.MillisecondsPerCall, bench.Model.MillisecondsPerRow) = (10, 0);
        foreach (GenerationRequest request in requests)
            bench.Accept(request with { Sink = new RecordingSink() });
        bench.RunAll();
        if (speculation is not null) Assert.True(bench.Scheduler.Statistics.Speculation!.Accepted > 100);
        return [.. requests.Select(r => bench[r.Id].Result)];
    }

    private static List<GenerationRequest> Requests(int count)
    {
        var random = new Random(7);
        List<GenerationRequest> requests = [];
        for (int i = 0; i < count; i++)
        {
            string prompt = new string((char)('a' + random.Next(3)), random.Next(1, 40)) + random.Next(10);
            requests.Add(Bench.Request($"r{i}", prompt, random.Next(1, 120)) with
            {
                Requester = $"q{random.Next(4)}",
                Stop = random.Next(3) switch
                {
                    0 => [],
                    1 => ["bd, abca"],
                    _ => [((char)random.Next(32, 127)).ToString()],
                },
                Grammar = random.Next(4) == 0 ? Grammar.JsonObject : null,
                Sampling = random.Next(3) == 0 ? new() { RepetitionPenalty = 1.3f, RepetitionWindow = 9 } : new(),
            });
        }
        return requests;
    }

    private static (string, FinishReason, int) Core(GenerationResult r) => (r.Text, r.Reason, r.CompletionTokens);

    [Theory]
    [MemberData(nameof(All))]
    public void Step_ManyPrompts_EqualTheRepliesWithoutDrafts(string source)
    {
        List<GenerationRequest> requests = Requests(80);
        GenerationResult[] expected = RunAll(null, 1, requests);
        Assert.Contains(expected, r => r.Reason == FinishReason.Stop);
        Assert.Contains(expected, r => r.Reason == FinishReason.Length);
        foreach (int slots in new[] { 1, 3 })
            Assert.Equal(expected.Select(Core), RunAll(Sources.Of(source), slots, requests).Select(Core));
        Assert.Equal(expected.Select(Core), RunAll(Sources.Of(source, 5, adaptive: true), 2, requests).Select(Core));
        Assert.Equal(expected.Select(Core),
            RunAll(Sources.Of(source), 3, requests, streamed: true).Select(Core));
        // Next to no room beside the replies' own rows.
        Assert.Equal(expected.Select(Core), RunAll(Sources.Of(source), 3, requests, batch: 12).Select(Core));
    }
}
