using Edge.Engine;
using Xunit;

namespace Edge.Tests.Engine;

[Collection(AloneCollection.Name)]
public class SchedulerTests
{
    private static string Long(char c, int length) => new(c, length);

    [Fact]
    public void Step_TwoLongAndOneShort_ShortFinishesFirst()
    {
        using var bench = new Bench(slots: 3);
        bench.Accept(Bench.Request("long1", Long('a', 100), 100));
        bench.Accept(Bench.Request("long2", Long('b', 100), 100));
        bench.Accept(Bench.Request("short", "hi", 3));
        while (!bench["short"].Done.IsCompleted) bench.Scheduler.Step();
        Assert.True(bench.Scheduler.Statistics.Steps <= 5);
        Assert.False(bench["long1"].Done.IsCompleted || bench["long2"].Done.IsCompleted);
    }

    [Fact]
    public void Step_PromptArrivesWhileDecoding_StreamKeepsMovingInSmallSteps()
    {
        using var bench = new Bench(batch: 64);
        bench.Accept(Bench.Request("stream", "s", 100));
        bench.Scheduler.Step();
        bench.Accept(Bench.Request("prompt", Long('p', 120), 1));
        long before = bench.Scheduler.Statistics.TokensGenerated;
        for (int i = 0; i < 7; i++) bench.Scheduler.Step();
        Assert.Equal(before + 7, bench.Scheduler.Statistics.TokensGenerated);
        Assert.Equal(17, bench.Model.LargestBatch); // one decode row and 16 prompt rows
        bench.Scheduler.Step();
        Assert.Equal(1, bench["prompt"].Result.CompletionTokens); // 120 rows took eight steps
    }

    [Fact]
    public void TryAccept_SeveralRequesters_ServesThemInTurn()
    {
        using var bench = new Bench(slots: 1);
        List<string> order = [];
        foreach (string id in new[] { "a1", "a2", "a3", "b1", "c1", "b2" })
        {
            GenerationRequest request = Bench.Request(id, id, 1) with { Requester = id[..1] };
            ((RecordingSink)request.Sink).OnEachText = () => order.Add(id);
            AdmissionResult result = bench.Offer(request);
            Assert.Equal(id switch { "a1" => 0, "a2" => 1, "a3" => 2, "b1" => 1, "c1" => 2, _ => 4 }, result.Position);
        }
        bench.Model.Next = _ => 'x';
        bench.RunAll();
        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3"], order);
    }

    [Fact]
    public void TryAccept_Refusals_NameTheReason()
    {
        using var bench = new Bench(slots: 1, queue: 2, context: 16);
        AdmissionResult overflow = bench.Offer(Bench.Request("o", Long('a', 16)));
        Assert.Equal(Admission.ContextOverflow, overflow.Admission);
        Assert.Contains("16 tokens", overflow.Detail);
        Assert.Equal(Admission.Invalid, bench.Offer(Bench.Request("e", "")).Admission);
        Assert.Equal(Admission.Invalid, bench.Offer(Bench.Request("m", "a", 0)).Admission);
        Assert.Equal(Admission.Invalid, bench.Offer(Bench.Request("s") with { Stop = [""] }).Admission);
        Assert.Equal(Admission.Invalid, bench.Offer(Bench.Request("t") with { Prompt = [999] }).Admission);
        Assert.Contains("top_p", bench.Offer(Bench.Request("p") with { Sampling = new() { TopP = float.NaN } }).Detail);
        bench.Accept(Bench.Request("1"));
        Assert.Equal(Admission.Invalid, bench.Offer(Bench.Request("1")).Admission);
        bench.Accept(Bench.Request("2"));
        AdmissionResult full = bench.Offer(Bench.Request("3"));
        Assert.Equal(Admission.QueueFull, full.Admission);
        Assert.True(full.RetryAfterSeconds >= 1);
        bench.Scheduler.DrainAsync();
        Assert.Equal(Admission.Draining, bench.Offer(Bench.Request("4")).Admission);
        Assert.Equal(9, bench.Scheduler.Statistics.Refused);
    }

    [Fact]
    public void Foresee_BeforeThePromptIsKnown_TellsWhatTryAcceptWouldRefuse()
    {
        using var bench = new Bench(slots: 1, queue: 2);
        Admission Foresee(int coming = 0, long? deadline = null) =>
            bench.Scheduler.Foresee("x", 0, deadline, coming).Admission;
        Assert.Equal(Admission.Accepted, Foresee());
        // Two may wait and one may run: the fourth that is under way finds no room.
        Assert.Equal((Admission.Accepted, Admission.QueueFull), (Foresee(coming: 2), Foresee(coming: 3)));
        for (int i = 0; i < 3; i++)
        {
            bench.Accept(Bench.Request($"r{i}"));
            bench.Scheduler.Step();
        }
        Assert.Equal((Admission.QueueFull, Admission.QueueFull),
            (Foresee(), bench.Scheduler.TryAccept(Bench.Request("late")).Admission));
        bench.RunAll();
        Assert.Equal(Admission.DeadlineUnreachable, Foresee(deadline: bench.Model.Clock.GetTimestamp() - 1));
        bench.Scheduler.DrainAsync();
        Assert.Equal(Admission.Draining, Foresee());
    }

    [Fact]
    public void TryAccept_DeadlineTooNearForMeasuredSpeed_Refuses()
    {
        using var bench = new Bench();
        bench.RunAlone(Bench.Request("warm", Long('w', 64), 20)); // 1 ms per row: 1,000 tokens per second
        long now = bench.Model.Clock.GetTimestamp();
        Assert.Equal(Admission.DeadlineUnreachable,
            bench.Offer(Bench.Request("late", Long('x', 200)) with { Deadline = now + 150 }).Admission);
        Assert.Equal(Admission.Accepted,
            bench.Offer(Bench.Request("fits", Long('x', 200)) with { Deadline = now + 250 }).Admission);
        Assert.Equal(Admission.DeadlineUnreachable,
            bench.Offer(Bench.Request("past") with { Deadline = now }).Admission);
        bench.RunAll();
        now = bench.Model.Clock.GetTimestamp(); // the prompt's start is cached now
        Assert.Equal(Admission.Accepted,
            bench.Offer(Bench.Request("cached", Long('x', 200)) with { Deadline = now + 50 }).Admission);
    }

    [Fact]
    public void Cancel_QueuedPrefillingAndDecoding_EndsEachOnce()
    {
        using var bench = new Bench(slots: 2);
        bench.Model.Next = _ => 'x';
        bench.Accept(Bench.Request("decoding", "d", 100));
        bench.Scheduler.Step();
        bench.Accept(Bench.Request("prefilling", Long('p', 200)));
        bench.Accept(Bench.Request("queued"));
        bench.Scheduler.Step();
        foreach (string id in new[] { "decoding", "prefilling", "queued" }) Assert.True(bench.Scheduler.Cancel(id));
        bench.Scheduler.Step();
        foreach (string id in new[] { "decoding", "prefilling", "queued" })
        {
            Assert.Equal(FinishReason.Cancelled, bench[id].Result.Reason);
            Assert.False(bench.Scheduler.Cancel(id));
        }
        Assert.Equal("xx", bench["decoding"].Result.Text);
        Assert.False(bench.Scheduler.IsBusy);
    }

    [Fact]
    public void Step_DeadlinePassesAtEachStage_EndsWithTimeout()
    {
        using var bench = new Bench(slots: 2);
        bench.Model.Next = _ => 'x';
        long deadline = bench.Model.Clock.GetTimestamp() + 20;
        bench.Accept(Bench.Request("decoding", "d", 200) with { Deadline = deadline });
        bench.Accept(Bench.Request("prefilling", Long('p', 200)) with { Deadline = deadline });
        bench.Accept(Bench.Request("queued") with { Deadline = deadline });
        bench.RunAll();
        Assert.All(new[] { "decoding", "prefilling", "queued" },
            id => Assert.Equal(FinishReason.Timeout, bench[id].Result.Reason));
        Assert.NotEmpty(bench["decoding"].Heard);
    }

    [Fact]
    public void Step_EndTokenStopStringAndLimits_GiveTheirReasons()
    {
        using var bench = new Bench(slots: 1, context: 32);
        const string Script = "one STOP two";
        bench.Model.Next = c => c.Length - 2 < Script.Length ? Script[c.Length - 2] : TinyVocabulary.End;
        GenerationResult Run(string id, int max, params string[] stop) =>
            bench.RunAlone(Bench.Request(id, "ab", max) with { Stop = stop });
        GenerationResult end = Run("end", 30), stop = Run("stop", 30, "STOP"), length = Run("length", 6, "STOP");
        Assert.Equal((Script, FinishReason.Stop, 12), (end.Text, end.Reason, end.CompletionTokens));
        Assert.Equal(("one ", FinishReason.Stop), (stop.Text, stop.Reason));
        Assert.Equal(("one ST", FinishReason.Length), (length.Text, length.Reason));
        bench.Model.Next = _ => 'x';
        Assert.Equal((FinishReason.Length, 30), (Run("context", 1000) is var r ? r.Reason : 0, r.CompletionTokens));
    }

    [Fact]
    public void Start_SharedPrefix_GivesTheOutputOfAFreshRunWithFewerRows()
    {
        using var fresh = new Bench();
        using var reused = new Bench();
        GenerationRequest second = Bench.Request("2", Long('s', 60) + " second?", 20);
        GenerationResult expected = fresh.RunAlone(second);
        reused.RunAlone(Bench.Request("1", Long('s', 60) + " first one?", 20));
        long before = reused.Model.RowsRun;
        GenerationResult actual = reused.RunAlone(second with { Sink = new RecordingSink() });
        Assert.Equal(expected.Text, actual.Text);
        Assert.Equal((0, 61), (expected.Timings.CachedTokens, actual.Timings.CachedTokens));
        Assert.Equal(7 + 19, reused.Model.RowsRun - before);
        GenerationResult again = reused.RunAlone(second with { Sink = new RecordingSink() });
        Assert.Equal((expected.Text, 67), (again.Text, again.Timings.CachedTokens)); // one is always run
    }

    [Fact]
    public void Start_SharedPrefixOfARunningState_ReusesWhatTheCacheCanReturnTo()
    {
        using var fresh = new Bench();
        using var reused = new Bench();
        reused.Model.ReusableStep = 16;
        GenerationRequest second = Bench.Request("2", Long('s', 60) + " second?", 20);
        GenerationResult expected = fresh.RunAlone(second);
        reused.RunAlone(Bench.Request("1", Long('s', 60) + " first one?", 20));
        GenerationResult actual = reused.RunAlone(second with { Sink = new RecordingSink() });
        Assert.Equal((expected.Text, 48), (actual.Text, actual.Timings.CachedTokens));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Step_LogitsNotFinite_FailsTheRequestAndServesTheNext(float poison)
    {
        using var bench = new Bench();
        bench.Model.Poison = poison;
        GenerationResult failed = bench.RunAlone(Bench.Request("bad"));
        Assert.Equal(FinishReason.Failed, failed.Reason);
        Assert.Contains("token 1 ", failed.Error);
        bench.Model.Poison = 0;
        Assert.Null(bench.RunAlone(Bench.Request("good")).Error);
    }

    [Fact]
    public void Step_ForwardCannotRead_FailsTheBatchAndForgetsItsCache()
    {
        using var bench = new Bench();
        GenerationResult expected = bench.RunAlone(Bench.Request("before", max: 20));
        bench.Model.BeforeForward = _ => throw new IOException("device gone");
        GenerationResult failed = bench.RunAlone(Bench.Request("during", max: 20));
        Assert.Equal(FinishReason.Failed, failed.Reason);
        Assert.Contains("device gone", failed.Error);
        bench.Model.BeforeForward = null;
        Assert.Equal(expected.Text, bench.RunAlone(Bench.Request("after", max: 20)).Text);
    }

    [Fact]
    public void Step_BugInForwardOrSink_PassesThrough()
    {
        var bench = new Bench();
        bench.Model.Next = _ => 'x';
        bench.Accept(Bench.Request("a"));
        bench["a"].OnEachText = () => throw new IOException("a sink's own"); // not the model's: no request failure
        Assert.Throws<IOException>(bench.Scheduler.Step);
        bench.Model.BeforeForward = _ => throw new InvalidCastException("a bug");
        Assert.Throws<InvalidCastException>(bench.Scheduler.Step);
    }

    [Fact]
    public void Step_SameSeed_GivesTheSameReply()
    {
        using var bench = new Bench();
        string Run(string id, ulong seed) => bench.RunAlone(
            Bench.Request(id, max: 40) with { Sampling = new() { Temperature = 1, TopP = 0.9f, Seed = seed } }).Text;
        string first = Run("1", 5);
        Assert.Equal(first, Run("2", 5));
        Assert.NotEqual(first, Run("3", 6));
    }

    [Fact]
    public void Step_Decoding_AllocatesNothingPerToken()
    {
        using var bench = new Bench(slots: 2);
        bench.Model.Next = c => 'a' + c.Length % 26;
        for (int i = 0; i < 4; i++)
        {
            var request = Bench.Request($"r{i}", "p" + i, 250) with
            {
                Sink = new SilentSink(), Stop = ["klmx", "never"],
                Sampling = new() { Temperature = 0.7f, TopK = 20, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f },
            };
            Assert.Equal(Admission.Accepted, bench.Scheduler.TryAccept(request).Admission);
            if (i == 1) bench.RunAll(); // two replies warm everything up
        }
        for (int i = 0; i < 5; i++) bench.Scheduler.Step();
        long tokens = bench.Scheduler.Statistics.TokensGenerated;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++) bench.Scheduler.Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(tokens + 400, bench.Scheduler.Statistics.TokensGenerated);
    }

    private sealed class SilentSink : ITokenSink
    {
        public void OnText(ReadOnlySpan<char> text, int tokens) { }
        public void OnFinished(GenerationResult result) { }
    }
}
