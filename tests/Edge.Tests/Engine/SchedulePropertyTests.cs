using Edge.Engine;
using Xunit;

namespace Edge.Tests.Engine;

public class SchedulePropertyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Step_RandomSchedule_FinishesEachOnceAndWholeRepliesEqualThoseAlone(int seed)
    {
        var random = new Random(seed);
        using var bench = new Bench(slots: random.Next(1, 5), queue: 8, batch: random.Next(5, 40));
        using var alone = new Bench(slots: 1);
        List<GenerationRequest> accepted = [];
        for (int i = 0; i < 150; i++)
        {
            string prompt = new string((char)('a' + random.Next(3)), random.Next(1, 60)) + random.Next(10);
            GenerationRequest request = Bench.Request($"r{i}", prompt, random.Next(1, 30)) with
            {
                Requester = $"q{random.Next(4)}",
                Stop = random.Next(2) == 0 ? [] : [((char)random.Next(32, 127)).ToString()],
                Deadline = random.Next(4) == 0 ? bench.Model.Clock.GetTimestamp() + random.Next(1, 400) : null,
            };
            if (bench.Offer(request).Admission == Admission.Accepted) accepted.Add(request);
            if (random.Next(5) == 0) bench.Scheduler.Cancel($"r{random.Next(i + 1)}");
            for (int steps = random.Next(12); steps > 0; steps--) bench.Scheduler.Step();
        }
        bench.RunAll();
        Assert.All(accepted, request => Assert.Equal(1, bench[request.Id].FinishedCalls));
        var whole = accepted.Where(r => bench[r.Id].Result.Reason is FinishReason.Stop or FinishReason.Length).ToList();
        Assert.True(whole.Count > 20 && whole.Count < accepted.Count);
        foreach (GenerationRequest request in whole)
            Assert.Equal(bench[request.Id].Result.Text,
                alone.RunAlone(request with { Sink = new RecordingSink(), Deadline = null }).Text);
        SchedulerStatistics s = bench.Scheduler.Statistics;
        Assert.Equal((accepted.Count, accepted.Count, 150 - accepted.Count), (s.Accepted, s.Finished, s.Refused));
    }

    [Fact]
    public async Task Scheduler_OnItsThread_ServesDrainsAndDisposes()
    {
        var model = new FakeModel(TinyVocabulary.Size);
        using var scheduler = new Scheduler(model, TinyVocabulary.Tokenizer, new() { SlotsMax = 2 });
        RecordingSink[] sinks = [.. Enumerable.Range(0, 20).Select(_ => new RecordingSink())];
        for (int i = 0; i < 20; i++)
            Assert.Equal(
                Admission.Accepted, scheduler.TryAccept(Bench.Request($"{i}") with { Sink = sinks[i] }).Admission);
        await scheduler.DrainAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.All(sinks, sink => Assert.Equal(1, sink.FinishedCalls));
        Assert.Equal(2 * scheduler.Statistics.Steps, scheduler.Heartbeat);
    }

    [Fact]
    public async Task Drain_CancelQueued_FinishesWhatRunsAndCancelsTheRest()
    {
        using var bench = new Bench(slots: 1);
        bench.Accept(Bench.Request("runs"));
        bench.Scheduler.Step();
        bench.Accept(Bench.Request("waits"));
        Task drained = bench.Scheduler.DrainAsync(cancelQueued: true);
        Assert.False(drained.IsCompleted);
        bench.RunAll();
        await drained.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(FinishReason.Length, bench["runs"].Result.Reason);
        Assert.Equal(FinishReason.Cancelled, bench["waits"].Result.Reason);
    }

    [Fact]
    public void Dispose_WithWork_CancelsEach()
    {
        var bench = new Bench(slots: 1);
        bench.Accept(Bench.Request("runs"));
        bench.Scheduler.Step();
        bench.Accept(Bench.Request("waits"));
        bench.Dispose();
        Assert.Equal(FinishReason.Cancelled, bench["runs"].Result.Reason);
        Assert.Equal(FinishReason.Cancelled, bench["waits"].Result.Reason);
    }
}
