using System.Diagnostics;
using System.Text;
using Edge.Mqtt;
using Edge.Mqtt.Journal;
using Edge.Tests.Mqtt;
using Edge.Tests.Mqtt.Journal;
using Xunit;
using static Edge.Tests.EndToEnd.AgentProcess;

namespace Edge.Tests.EndToEnd;

/// <summary>The agent killed with -9 between each two steps of a request's way through the journal.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class DurabilityTests : IDisposable
{
    private const int SigStop = 19, SigCont = 18;

    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private string[] Journal => ["--journal", _place.Path];

    private string[] SlowJournal => [.. Journal, .. SlowKernels];

    private static List<string> Ends(Client client, byte[] id) =>
        [.. client.Messages.Seen.Where(m => m.Correlation.Span.SequenceEqual(id))
            .Where(m => m.Property("edge-kind") is "final" or "error").Select(m => m.Text())];

    private byte[] JournalBytes()
    {
        using var cat = Process.Start(new ProcessStartInfo("cat", [_place.Path]) { RedirectStandardOutput = true })!;
        var bytes = new MemoryStream();
        cat.StandardOutput.BaseStream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [Fact]
    public async Task Kill_BeforeTheAcknowledgement_TheBrokerBringsItAgain()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        byte[] id;
        using (var agent = await Ready(broker, Journal))
        {
            agent.Signal(SigStop);
            id = agent.Send(client, Chat("cold store 2: temp 12.4C"));
            await broker.Logged("Sending PUBLISH to edge-e2e");
            agent.KillNow();
        }
        using var after = await Ready(broker, Journal);
        await Reply(client, id, "final");
        Assert.Single(Ends(client, id));
    }

    [Fact]
    public async Task Kill_WhileRunning_ItRunsAgain()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        byte[] id;
        using (var agent = await Ready(broker, SlowJournal))
        {
            id = agent.Send(client, Chat("x", Long));
            await Reply(client, id, "accepted");
            agent.KillNow();
        }
        Assert.Empty(Ends(client, id));
        using var after = await Ready(broker, Journal);
        await Reply(client, id, "final");
        Assert.Single(Ends(client, id));
        Assert.Single(client.Messages.Seen, m => m.Property("edge-kind") == "accepted");
    }

    [Fact]
    public async Task Kill_BetweenResultAndPublish_TheResultIsSent()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        byte[] id, journal;
        using (var cut = new TcpCut(broker.Port))
        using (var agent = Start(cut.Port, [.. SlowJournal, "--slots", "1"]))
        {
            await agent.IsReady();
            // The one in front keeps the node busy while the link is cut.
            agent.Send(client, Chat("w", Long));
            id = agent.Send(client, Chat("x", Long));
            await Reply(client, id, "accepted");
            cut.Dispose();
            var clock = Stopwatch.StartNew();
            // Both results: the one in front, and the one that is looked for.
            while (Encoding.UTF8.GetString(journal = JournalBytes()).Split("chat.completion").Length < 3)
            {
                Assert.True(clock.Elapsed < Broker.Limit, "the result never came to the journal");
                await Task.Delay(20);
            }
            agent.KillNow();
        }
        Assert.Empty(Ends(client, id));
        using var after = await Ready(broker, Journal);
        var final = await Reply(client, id, "final");
        Assert.Contains(final.Text(), Encoding.UTF8.GetString(journal));
        Assert.Single(Ends(client, id));
    }

    [Fact]
    public async Task Kill_BetweenPublishAndPuback_TheSameBytesComeAgain()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        byte[] id;
        // So long is the silence of a mute link never on the slowest machine.
        string config = _place.Path + ".json";
        await File.WriteAllTextAsync(config, """{"mqtt":{"keepAliveSeconds":600}}""");
        using (var cut = new TcpCut(broker.Port))
        using (var agent = Start(cut.Port, [.. SlowJournal, "--slots", "1", "--config", config]))
        {
            await agent.IsReady();
            // The one in front keeps the node busy until the link is mute.
            agent.Send(client, Chat("w", Long));
            id = agent.Send(client, Chat("x", Long));
            await Reply(client, id, "accepted");
            cut.Mute = true;
            await Reply(client, id, "final");
            agent.KillNow();
        }
        using var after = await Ready(broker, Journal);
        await Reply(client, id, "final");
        Assert.Single(Ends(client, id).Distinct());
        Assert.Equal(2, Ends(client, id).Count);
    }

    [Fact]
    public async Task Kill_AfterDone_NothingIsSentAgainAndARepetitionGetsTheSameAnswer()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        byte[] id;
        string first;
        using (var agent = await Ready(broker, Journal))
        {
            id = agent.Send(client, Chat("cold store 2: temp 12.4C"));
            first = (await Reply(client, id, "final")).Text();
            // Its PUBACK is behind the next answer's.
            await Reply(client, agent.Send(client, Chat("y")), "final");
            agent.KillNow();
        }
        using var after = await Ready(broker, Journal);
        Assert.Equal([first], Ends(client, id));
        after.Send(client, Chat("cold store 2: temp 12.4C"));
        Assert.Equal(first, (await Reply(client, id, "final")).Text());
        after.Send(client, Chat("z"), m => m with { Correlation = id });
        Assert.Equal("400", (await Reply(client, id, "error")).Property("__stat"));
    }

    [Fact]
    public async Task Terminate_WithoutTimeToFinish_TheNextStartDoes()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        string config = _place.Path + ".json";
        await File.WriteAllTextAsync(config, """{"drainSeconds":0}""");
        byte[] id;
        using (var agent = await Ready(broker, [.. SlowJournal, "--config", config]))
        {
            id = agent.Send(client, Chat("x", Long));
            await Reply(client, id, "accepted");
            agent.Terminate();
            Assert.Equal(0, await agent.Exit());
        }
        Assert.Empty(Ends(client, id));
        using var after = await Ready(broker, Journal);
        Assert.Equal("200", (await Reply(client, id, "final", "error")).Property("__stat"));
    }

    [Theory]
    [InlineData(-1, "final", "200")]
    [InlineData(+1, "error", "408")]
    public async Task Start_ClockMovedByAYear_AnswersWhatWasAccepted(int years, string kind, string status)
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        var now = Moment.Now();
        var then = new Moment(now.Boot + 1, 1, now.WallMs - years * 365L * 86_400_000);
        byte[] id = "old"u8.ToArray();
        using (var file = JournalFile.TryOpen(_place.Path, [], out _)!)
        {
            Assert.Null(file.Append([new RequestRecord(1, then, 60_000, 0, 7, "e2e-old", "clients/e2e/rsp", id, id,
                null, 5, Chat("cold store 2: temp 12.4C").Utf8()).Encode()]));
            Assert.Null(file.Sync());
        }
        using var agent = await Ready(broker, Journal);
        var reply = await Reply(client, id, "final", "error");
        Assert.Equal((kind, status), (reply.Property("edge-kind"), reply.Property("__stat")));
    }

    [Fact]
    public async Task Disk_Full_RefusesWithACodeAndServesOn()
    {
        using var broker = new Broker();
        using var client = await Connect(broker);
        // A file may have 1 KiB, and to pass that is an error instead of a signal: what a full disk looks like.
        using var agent = StartAfter("trap '' XFSZ; ulimit -f 2", broker.Port, Journal);
        await agent.IsReady();
        var refusal = await agent.Ask(client, Chat(new string('x', 2000)));
        Assert.Equal(("not_ready", 503),
            (refusal.GetProperty("code").GetString(), refusal.GetProperty("status").GetInt32()));
        Assert.Contains("journal", refusal.GetProperty("detail").GetString());
        Assert.True(refusal.GetProperty("retry_after_s").GetDouble() > 0);
        await agent.Log.Next(l => l.Contains("the journal does not take requests"));
        // A small one still fits.
        var answer = await agent.Ask(client, Chat("y", ",\"max_tokens\":1"));
        Assert.True(answer.TryGetProperty("choices", out _), answer.ToString());
    }

    [Fact]
    public async Task Broker_StoppedBySignal_IsFoundDeadAndAlive()
    {
        using var broker = new Broker();
        string config = _place.Path + ".json";
        await File.WriteAllTextAsync(config, """{"mqtt":{"keepAliveSeconds":5}}""");
        using var agent = await Ready(broker, [.. SlowJournal, "--config", config]);
        using var client = await Connect(broker);
        byte[] id = agent.Send(client, Chat("x", Long));
        await Reply(client, id, "accepted");
        Assert.Equal(0, Kill(broker.Id, SigStop));
        // Nothing closes the connection: only the silence tells.
        await agent.Log.Next(l => l.StartsWith("warn: offline", StringComparison.Ordinal));
        Assert.Equal(0, Kill(broker.Id, SigCont));
        await agent.Log.Next(l => l.StartsWith("info: online", StringComparison.Ordinal));
        await Reply(client, id, "final");
        Assert.Single(Ends(client, id).Distinct());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Broker_RestartedWhileRunning_TheAnswerComes(bool persistent)
    {
        using var broker = new Broker("", persistent: persistent);
        using var agent = await Ready(broker, SlowJournal);
        using var client = await Connect(broker, persistent ? 60u : 0);
        byte[] id = agent.Send(client, Chat("x", Long));
        await Reply(client, id, "accepted");
        broker.Stop(gently: persistent);
        await client.Offline.Next();
        broker.Start();
        await client.Online.Next();
        // Without persistence nobody keeps an answer for a requester that comes back after it: it asks again.
        if (!persistent) agent.Send(client, Chat("x", Long), m => m with { Correlation = id });
        await Reply(client, id, "final");
        Assert.Single(Ends(client, id).Distinct());
    }

    [Fact]
    public async Task Admission_RefusedByTheEngine_NeverCostsTheJournalAWrite()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker, [.. SlowJournal, "--slots", "1", "--queue", "2"]);
        using var client = await Connect(broker);
        // The first is running when the others come: these fill the queue.
        byte[] running = agent.Send(client, Chat("x", Long));
        await Reply(client, running, "accepted");
        for (int i = 0; i < 3; i++) agent.Send(client, Chat($"waits-{i}", Long));
        await client.Messages.Next(m => m.Property("__stat") == "429");
        byte[] full = agent.Send(client, Chat("refused-when-full"));
        Assert.Equal("queue_full", (await Reply(client, full, "error")).Json().GetProperty("code").GetString());
        byte[] other = agent.Send(client, Chat("refused-other-model", ",\"model\":\"other\""));
        Assert.Equal("404", (await Reply(client, other, "error")).Property("__stat"));
        string journal = Encoding.UTF8.GetString(JournalBytes());
        Assert.Contains("waits-0", journal);
        Assert.DoesNotContain("refused", journal);
    }

    [Fact]
    public async Task Expiry_WhileQueued_EndsWithACode()
    {
        using var broker = new Broker();
        using var agent = await Ready(broker, [.. SlowJournal, "--slots", "1"]);
        using var client = await Connect(broker);
        agent.Send(client, Chat("x", Long));
        byte[] id = agent.Send(client, Chat("y", ",\"timeout_s\":0.2"));
        var end = await Reply(client, id, "final", "error");
        Assert.Contains(end.Property("__stat"), new[] { "408", "504" });
    }
}
