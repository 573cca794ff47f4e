using Edge.Engine;
using Edge.Engine.Speculation;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Engine.Speculation;

/// <summary>A model whose pass takes the same time for one row or many, as a sweep over storage does.</summary>
public class StreamedTests
{
    private const int Tokens = 200;

    private static (double CallsPerToken, SpeculationStatistics Statistics) Run(
        SpeculationOptions options, int perCall, int perRow, bool streamed, SweepCost? storage = null, int requests = 3)
    {
        using var bench = new Bench(slots: 1, batch: 64, speculation: options, streamed: streamed);
        bench.Model.Next = cache => "abcabd, "[cache.Length % 8];
        (bench.Model.MillisecondsPerCall, bench.Model.MillisecondsPerRow) = (perCall, perRow);
        if (storage is not null) bench.Model.Storage = storage;
        for (int i = 0; i < requests; i++) bench.RunAlone(Bench.Request($"r{i}", $"go {i}", Tokens));
        return ((double)bench.Model.Calls / (requests * Tokens), bench.Scheduler.Statistics.Speculation!);
    }

    [Theory]
    [InlineData(Sources.Lookup)]
    [InlineData(Sources.Same)]
    public void Step_Sweep_ServesManyTokensOfARepetitiveText(string source)
    {
        (double calls, SpeculationStatistics statistics) =
            Run(Sources.Of(source, max: 8, adaptive: true), perCall: 50, perRow: 0, streamed: false);
        Assert.True(calls < 0.25, $"{calls:F3} passes per token");
        Assert.True(statistics.TokensPerStep > 4, $"{statistics}");
    }

    [Theory]
    [InlineData(Sources.Lookup)]
    [InlineData(Sources.Same)]
    public void Step_EveryRowCostsAPass_DraftsStop(string source)
    {
        SpeculationOptions options = Sources.Of(source, max: 8, adaptive: true);
        if (options.DraftModel is FakeModel draft) draft.Next = _ => 'q'; // and is wrong
        (double calls, SpeculationStatistics statistics) = Run(options, perCall: 0, perRow: 5, streamed: false);
        Assert.True(calls > 0.9, $"{calls:F3} passes per token");
        Assert.True(statistics.Drafted < 0.2 * 3 * Tokens, $"{statistics}");
    }

    [Theory]
    [InlineData(0.0, true)]
    [InlineData(1.0, false)]
    public void Step_StreamedModel_DraftsFollowTheBytesOfARow(double bytesPerExtraRow, bool pays)
    {
        // Every draft right: the most that a mixture can hope for is as many tokens as it reads bytes for.
        (double calls, _) = Run(Sources.Of(Sources.Lookup, max: 8, adaptive: true), 50, 0, streamed: true,
            new SweepCost(1, bytesPerExtraRow));
        Assert.Equal(pays, calls < 0.25);
        Assert.Equal(!pays, calls > 0.9);
    }

    /// <summary>Every pass waits until the draft model has written what it was asked for.</summary>
    [Fact]
    public void Step_DraftModelBesideThePass_WritesTheNextDraftsMeanwhile()
    {
        SpeculationOptions options = Sources.Of(Sources.Same, max: 6);
        var draft = (FakeModel)options.DraftModel!;
        using var bench = new Bench(slots: 1, batch: 64, speculation: options, streamed: true);
        bench.Model.Next = draft.Next = cache => "abcabd, "[cache.Length % 8];
        int engine = Environment.CurrentManagedThreadId, passes = 0, beside = 0, besideThisPass = 0;
        draft.BeforeForward = _ =>
        {
            if (Environment.CurrentManagedThreadId == engine) return;
            beside++;
            Interlocked.Increment(ref besideThisPass);
        };
        bench.Model.BeforeForward = _ =>
        {
            if (passes++ is 0 or > 12) return; // the prompt's pass, and the end, which needs fewer
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref besideThisPass) >= 6, 30_000));
            Interlocked.Exchange(ref besideThisPass, 0);
        };
        GenerationResult result = bench.RunAlone(Bench.Request("r", "go", 120));
        Assert.Equal(120, result.CompletionTokens);
        Assert.True(beside > 70, $"{beside} drafts beside passes");
        Assert.True(bench.Scheduler.Statistics.Speculation!.TokensPerStep > 5);
        Assert.True(bench.Model.Calls < 30, $"{bench.Model.Calls} passes for 120 tokens");
    }

    [Fact]
    public void Step_SweepCannotRead_FailsTheBatchAndTheNextRequestSpeculatesAgain()
    {
        foreach (string source in new[] { Sources.Lookup, Sources.Same })
        {
            using var bench = new Bench(batch: 64, speculation: Sources.Of(source), streamed: true);
            bench.Model.Next = Sources.Script;
            GenerationResult expected = bench.RunAlone(Bench.Request("before", max: 60));
            int passes = 0;
            bench.Model.BeforeForward = _ => { if (++passes == 3) throw new IOException("device gone"); };
            GenerationResult failed = bench.RunAlone(Bench.Request("during", max: 60));
            Assert.Equal((FinishReason.Failed, true), (failed.Reason, failed.Error!.Contains("device gone")));
            GenerationResult after = bench.RunAlone(Bench.Request("after", max: 60));
            Assert.Equal((expected.Text, true), (after.Text, after.Timings.Accepted > 20));
        }
    }

    [Fact]
    public void Step_DraftModelCannotRead_GoesOnWithoutDraftsAndSaysSo()
    {
        SpeculationOptions options = Sources.Of(Sources.Same);
        using var bench = new Bench(batch: 64, speculation: options);
        bench.Model.Next = Sources.Script;
        ((FakeModel)options.DraftModel!).BeforeForward = _ => throw new IOException("card pulled");
        Assert.Equal(40, bench.RunAlone(Bench.Request("r", max: 40)).CompletionTokens);
        Assert.Contains("card pulled", bench.Scheduler.Statistics.Speculation!.Problem);
    }
}
