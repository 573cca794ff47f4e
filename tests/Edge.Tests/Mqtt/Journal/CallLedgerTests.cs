using System.Diagnostics;
using Edge.Mqtt;
using Edge.Mqtt.Journal;
using Xunit;

namespace Edge.Tests.Mqtt.Journal;

public sealed class CallLedgerTests : IDisposable
{
    private const long YearMs = 365L * 86_400_000;
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private Ledger Open(Moment? now = null) => new(_place.Options, now: now);

    // The bytes as a crash at this moment would leave them, for a ledger that has not closed.
    private void CrashAndKeepFile(Ledger ledger)
    {
        byte[] bytes = Copy();
        ledger.Dispose();
        _place.Bytes = bytes;
    }

    private byte[] Copy()
    {
        // Past .NET's lock, as a look at the disk from outside is.
        using var cat = Process.Start(new ProcessStartInfo("cat", [_place.Path]) { RedirectStandardOutput = true })!;
        var bytes = new MemoryStream();
        cat.StandardOutput.BaseStream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [Fact]
    public void Crash_AfterSync_TheCallIsUnfinished()
    {
        var before = Open();
        var call = before.Take("k", body: """{"x":1}""");
        CrashAndKeepFile(before);
        using var after = Open();
        var entry = Assert.Single(after.Calls.Unfinished);
        Assert.Equal((call.Id, "clients/a/rsp", """{"x":1}""", 77ul), (entry.Request.Id, entry.Request.Topic,
            System.Text.Encoding.UTF8.GetString(entry.Request.Body), entry.Request.Hash));
        Assert.Equal(call.Deadline, entry.Deadline, Stopwatch.Frequency / 500.0);
        Assert.Equal(1, entry.Request.Starts);
        Assert.Same(entry, after.Calls.Find("k".Utf8(), "clients/a/rsp"));
        Assert.Null(after.Calls.Find("k".Utf8(), "clients/b/rsp"));
    }

    [Fact]
    public async Task Crash_AfterTheResult_TheSameBytesAreSentAgain()
    {
        var before = Open();
        var first = await before.Answer(before.Take("k"), "forty-two");
        CrashAndKeepFile(before);
        using var after = Open();
        Assert.Empty(after.Calls.Unfinished);
        after.Calls.Nudge();
        var again = await after.Published.Next();
        Assert.Equal((first.Topic, first.Text(), first.ContentType), (again.Topic, again.Text(), again.ContentType));
        Assert.Equal(first.UserProperties, again.UserProperties);
        Assert.Equal(first.Correlation.ToArray(), again.Correlation.ToArray());
        after.Calls.Acknowledged(again.Ticket);
        Assert.Equal(0, after.Calls.OpenCalls);
    }

    [Fact]
    public async Task Restart_AfterDone_NothingIsSentAndTheReplyIsRemembered()
    {
        using (var before = Open())
        {
            var reply = await before.Answer(before.Take("k"), "once");
            before.Calls.Acknowledged(reply.Ticket);
        }
        using var after = Open();
        Assert.Equal((0, 0), (after.Calls.OpenCalls, after.Calls.Unfinished.Count));
        var cached = after.Calls.Find("k".Utf8(), "clients/a/rsp")!;
        Assert.True(cached.IsDone);
        Assert.Contains("once", cached.Reply!.Text());
        Assert.Equal(0, cached.Reply!.Ticket);
    }

    [Fact]
    public async Task Find_DoneAndExpired_IsForgotten()
    {
        using var ledger = Open();
        var reply = await ledger.Answer(ledger.Take("k", seconds: 0), "late");
        ledger.Calls.Acknowledged(reply.Ticket);
        Assert.Null(ledger.Calls.Find("k".Utf8(), "clients/a/rsp"));
    }

    [Theory]
    [InlineData(0, 60_000, 60_000)] // the same boot: the wall clock is not asked, whatever it says
    [InlineData(YearMs, 60_000, 60_000)]
    [InlineData(-YearMs, 60_000, 60_000)]
    public void Clock_MovedWithinABoot_ChangesNothing(long wallStepMs, long leftMs, long expectedMs)
    {
        var then = Moment.Now();
        Assert.Equal(expectedMs, (then with { WallMs = then.WallMs + wallStepMs }).LeftMs(then, leftMs));
    }

    [Theory]
    [InlineData(10_000, 50_000)]
    [InlineData(-YearMs, 60_000)]    // a board without a clock of its own: nothing is taken away
    [InlineData(YearMs, 60_000 - YearMs)] // expired; answered, not lost
    public void Clock_AcrossAReboot_AgesByTheWallAlone(long wallStepMs, long expectedMs)
    {
        var then = Moment.Now();
        var now = new Moment(then.Boot + 1, 5, then.WallMs + wallStepMs);
        Assert.Equal(expectedMs, now.LeftMs(then, 60_000));
    }

    [Fact]
    public void Reboot_WithTheClockInThePast_AgesOnceAndNotAgain()
    {
        var start = Moment.Now();
        var before = Open();
        before.Take("k", seconds: 60);
        CrashAndKeepFile(before);
        // Two reboots; between them the clock is set right, a year ahead of where it started.
        var second = new Moment(start.Boot + 1, Stopwatch.GetTimestamp(), start.WallMs - YearMs);
        using (var once = Open(second)) Assert.InRange(once.Calls.Unfinished[0].Request.LeftMs, 59_000, 60_000);
        var third = new Moment(start.Boot + 2, Stopwatch.GetTimestamp(), second.WallMs + 20_000);
        using var twice = Open(third);
        Assert.InRange(twice.Calls.Unfinished[0].Request.LeftMs, 39_000, 40_000);
        Assert.Equal(2, twice.Calls.Unfinished[0].Request.Starts);
    }

    [Fact]
    public void Open_RecordsOfALaterVersion_ArePassedOver()
    {
        var before = Open();
        before.Take("k");
        CrashAndKeepFile(before);
        var records = new List<byte[]>();
        using (var file = JournalFile.TryOpen(_place.Path, records, out _)!)
        {
            // A kind that we do not know, and a request with a field more at its end.
            byte[] unknown = new RecordWriter(32).Byte(200).Long(1).Text("?").ToArray();
            Assert.Null(file.Rewrite([unknown, [.. records[0], 1, 2, 3], unknown]));
        }
        using var after = Open();
        Assert.Equal("{}"u8.ToArray(), Assert.Single(after.Calls.Unfinished).Request.Body);
    }

    [Fact]
    public void Take_OverCallsMax_IsQueueFull()
    {
        using var ledger = new Ledger(_place.Options, callsMax: 2);
        ledger.Take("a");
        ledger.Take("b");
        Assert.Equal(ProblemCode.QueueFull, ledger.TryTake(ledger.Make("c"))!.Code);
    }

    [Fact]
    public void Take_OverHalfTheJournal_IsQueueFull()
    {
        using var ledger = new Ledger(new(_place.Path, 64 * 1024));
        string body = new('x', 20_000);
        ledger.Take("a", body: body);
        Assert.Equal(ProblemCode.QueueFull, ledger.TryTake(ledger.Make("b", body: body), body)!.Code);
    }

    [Fact]
    public async Task Journal_ManyCalls_StaysWithinItsBoundAndIsRewritten()
    {
        var options = new JournalOptions(_place.Path, 64 * 1024) { CachedMax = 20 };
        using (var ledger = new Ledger(options))
        {
            for (int i = 0; i < 500; i++)
            {
                var reply = await ledger.Answer(ledger.Take($"k{i}", body: new('x', 1000)), $"answer {i}");
                ledger.Calls.Acknowledged(reply.Ticket);
                Assert.InRange(new FileInfo(_place.Path).Length, 1, 2 * options.BytesMax);
            }
            Assert.InRange(ledger.Calls.Rewrites, 5, 100);
            Assert.Null(ledger.Calls.Find("k470".Utf8(), "clients/a/rsp"));
            Assert.NotNull(ledger.Calls.Find("k499".Utf8(), "clients/a/rsp"));
        }
        using var after = new Ledger(options);
        Assert.Equal(0, after.Calls.OpenCalls);
        Assert.Contains("answer 499", after.Calls.Find("k499".Utf8(), "clients/a/rsp")!.Reply!.Text());
    }

    [Fact]
    public async Task Journal_SmallWithLargeAnswers_IsNotRewrittenAtEveryCommit()
    {
        var options = new JournalOptions(_place.Path, 64 * 1024);
        using var ledger = new Ledger(options);
        for (int i = 0; i < 200; i++)
        {
            var reply = await ledger.Answer(ledger.Take($"k{i}"), new string('y', 1500));
            ledger.Calls.Acknowledged(reply.Ticket);
        }
        Assert.InRange(ledger.Calls.Rewrites, 3, 40);
        Assert.NotNull(ledger.Calls.Find("k199".Utf8(), "clients/a/rsp"));
    }

    [Fact]
    public async Task Outbox_Full_TheReplyIsTriedAgain()
    {
        bool full = true;
        using var ledger = new Ledger(_place.Options, publish: _ => !full);
        var call = ledger.Take("k");
        call.Reply.Final(Node.Result("waits"));
        full = false;
        ledger.Calls.Nudge();
        Assert.Contains("waits", (await ledger.Published.Next()).Text());
        Assert.Equal(1, ledger.Calls.OpenCalls);
    }

    [Fact]
    public void Sync_ManyAtOnce_ShareSyncs()
    {
        using var ledger = new Ledger(_place.Options, callsMax: 1000);
        var calls = Enumerable.Range(0, 200).Select(i => ledger.Make($"k{i}")).ToList();
        foreach (var call in calls) Assert.Null(ledger.TryTake(call));
        Parallel.ForEach(calls, call => Assert.Null(ledger.Calls.Sync(call)));
        Assert.Equal(1, ledger.Calls.Syncs);
    }

    [Fact]
    public void PowerCut_LastRequestTruncatedAtEveryByte_LosesOnlyTheUnacknowledged()
    {
        var before = Open();
        var first = before.Take("first");
        int safe = Copy().Length;
        before.Take("second");
        CrashAndKeepFile(before);
        byte[] whole = _place.Bytes;
        for (int length = safe; length < whole.Length; length++)
        {
            _place.Bytes = whole[..length];
            using var after = Open();
            Assert.Equal(first.Id, Assert.Single(after.Calls.Unfinished).Request.Id);
        }
        _place.Bytes = whole;
        using var all = Open();
        Assert.Equal(2, all.Calls.Unfinished.Count);
    }
}
