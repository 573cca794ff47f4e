using System.Diagnostics;
using System.Globalization;
using Edge.Mqtt;
using Edge.Tests.Mqtt;
using Edge.Tests.Mqtt.Journal;
using Xunit;

namespace Edge.Tests.EndToEnd;

/// <summary>Many clients ask while agents are killed, cut off and told twice: every request ends, each once. Small
/// here; scripts/soak runs the same for long, by EDGE_SOAK_* variables, and prints the figures.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class SoakTests : IDisposable
{
    private readonly JournalPlace _place = new();

    public void Dispose() => _place.Dispose();

    private static int Setting(string name, int missing) =>
        int.TryParse(Environment.GetEnvironmentVariable("EDGE_SOAK_" + name), CultureInfo.InvariantCulture, out int n)
            ? n : missing;

    [Fact]
    public async Task OneNode_KilledAgainAndAgain_LosesNothing()
    {
        var load = new SoakLoad(Setting("REQUESTS", 300), Setting("CLIENTS", 10), Repeated: 0.05);
        using var broker = new Broker("", quiet: true);
        using var clients = new SoakClients(broker, load,
            new NodeTopics(NodeTopics.DefaultRoot, AgentProcess.Node).Request("chat"));
        string[] options = ["--journal", _place.Path, "--queue", "24"];
        long rssMax = 0, journalMax = 0;
        int kills = 0;
        var random = new Random(7);
        var finished = clients.Run();
        // However fast it serves, the first one is killed while there is work left.
        var begun = clients.Ended(load.Requests / 10);
        while (!finished.IsCompleted)
        {
            using var agent = await AgentProcess.Ready(broker, options);
            var life = kills == 0 ? begun : Task.Delay((int)(Setting("LIFE_MS", 1500) * (0.5 + random.NextDouble())));
            while (!finished.IsCompleted && !life.IsCompleted)
            {
                rssMax = Math.Max(rssMax, agent.RssBytes());
                journalMax = Math.Max(journalMax, new FileInfo(_place.Path).Length);
                await Task.WhenAny(finished, life, Task.Delay(100));
            }
            if (finished.IsCompleted) break;
            agent.KillNow();
            kills++;
        }
        await finished;
        var tally = clients.Tally("node", kills);
        SoakTally.Report(tally with { RssBytesMax = rssMax, JournalBytesMax = journalMax });
        tally.Check(load);
        Assert.True(kills > 0, "the load ended before the first kill");
        Assert.InRange(rssMax, 1, 400L << 20);
        Assert.InRange(journalMax, 1, 64L << 20);
    }

    /// <summary>A broker that hangs is not one that closes its connections: only silence tells.</summary>
    [Fact]
    public async Task Broker_FrozenUnderLoad_LosesNothing()
    {
        const int sigStop = 19, sigCont = 18;
        var frozen = TimeSpan.FromMilliseconds(Setting("FREEZE_MS", 3000));
        // Longer than the broker hangs, and both ends' pauses between connects (30 s at most) after it.
        var load = new SoakLoad(Setting("FREEZE_REQUESTS", 200), Setting("CLIENTS", 10), 0.05, KeepAlive: 5,
            PatienceSeconds: 240);
        using var broker = new Broker("", quiet: true);
        string config = _place.Path + ".json";
        await File.WriteAllTextAsync(config, """{"mqtt":{"keepAliveSeconds":5}}""");
        using var agent = await AgentProcess.Ready(
            broker, "--journal", _place.Path, "--config", config, "--queue", "100");
        using var clients = new SoakClients(broker, load,
            new NodeTopics(NodeTopics.DefaultRoot, AgentProcess.Node).Request("chat"));
        var finished = clients.Run();
        await clients.Ended(load.Requests / 10);
        Assert.Equal(0, AgentProcess.Kill(broker.Id, sigStop));
        try
        {
            // For so long at least, and until the node has noticed.
            var least = Task.Delay(frozen);
            await agent.Log.Next(l => l.StartsWith("warn: offline", StringComparison.Ordinal));
            await least;
        }
        finally
        {
            Assert.Equal(0, AgentProcess.Kill(broker.Id, sigCont));
        }
        await agent.Log.Next(l => l.StartsWith("info: online", StringComparison.Ordinal));
        await finished;
        var tally = clients.Tally($"broker frozen {frozen.TotalSeconds} s", 0);
        SoakTally.Report(tally with { RssBytesMax = agent.RssBytes() });
        tally.Check(load);
    }

    [Fact]
    public async Task Fleet_WithDeathsAndPartitions_AnswersEveryRequestOfThePool()
    {
        int count = Setting("AGENTS", 3);
        var load = new SoakLoad(Setting("FLEET_REQUESTS", 120), Setting("CLIENTS", 10), Repeated: 0.1);
        using var broker = new Broker("", quiet: true);
        using var clients = new SoakClients(broker, load,
            new NodeTopics(NodeTopics.DefaultRoot, "any").PoolRequest("farm", "chat"));
        var fleet = Enumerable.Range(0, count).Select(i => new FleetMember(broker, _place.Path, i)).ToList();
        try
        {
            foreach (var member in fleet) await member.Start();
            var random = new Random(11);
            int kills = 0, cuts = 0;
            var finished = clients.Run();
            while (!finished.IsCompleted)
            {
                await Task.WhenAny(finished, Task.Delay(Setting("FAULT_MS", 400)));
                if (finished.IsCompleted) break;
                var victim = fleet[random.Next(count)];
                if (random.Next(2) == 0)
                {
                    kills++;
                    await victim.KillAndStart();
                }
                else
                {
                    cuts++;
                    victim.Link.Cut();
                }
            }
            await finished;
            var tally = clients.Tally($"fleet of {count}", kills) with { Cuts = cuts };
            SoakTally.Report(tally);
            tally.Check(load);
            Assert.True(tally.Nodes > 1, "one member did all the work");
        }
        finally
        {
            foreach (var member in fleet) member.Dispose();
        }
    }

    [Fact]
    public async Task Journal_OneByOneAndUnderABurst_TakesEveryRequest()
    {
        int count = Setting("JOURNAL_REQUESTS", 500);
        var waits = new List<double>(count);
        bool isBurst = false;
        using var broker = new Broker("", quiet: true);
        using var node = await Node.Start(broker,
            o => o with { Journal = new(_place.Path), CallsMax = count }, call =>
            {
                // Handed over means synced: the PUBACK leaves next.
                waits.Add(Stopwatch.GetElapsedTime(call.ReceivedAt).TotalMilliseconds);
                if (!isBurst) call.Reply.Accepted(0);
                call.Reply.Final(Node.Result("x"));
            });
        // The requester's own PUBACK is the broker's; that the node has its request, `accepted` tells it.
        double[] seen = new double[Math.Min(count, 500)];
        for (int i = 0; i < seen.Length; i++)
        {
            long asked = Stopwatch.GetTimestamp();
            Ask(i);
            await node.Reply("accepted");
            seen[i] = Stopwatch.GetElapsedTime(asked).TotalMilliseconds;
            await node.Reply("final");
        }
        double[] alone = [.. waits];
        waits.Clear();
        isBurst = true;
        long syncs = node.Link.Ledger.Syncs, start = Stopwatch.GetTimestamp();
        const int window = 500; // within the outbox of the client
        for (int i = 0; i < count; i++)
        {
            Ask(seen.Length + i);
            if (i >= window) await node.Reply("final");
        }
        for (int i = 0; i < Math.Min(window, count); i++) await node.Reply("final");
        double rate = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        double seenMedian = Part(seen, 50), aloneMedian = Part(alone, 50);
        SoakTally.Report(new
        {
            Name = "journal", Requests = count, PerSecond = Math.Round(rate), SyncedMsMedian = aloneMedian,
            SyncedMs99 = Part(alone, 99), AcceptedMsMedian = seenMedian, AcceptedMs99 = Part(seen, 99),
            BurstSyncedMsMedian = Part([.. waits], 50), Syncs = node.Link.Ledger.Syncs - syncs,
        });
        Assert.Equal(count, waits.Count);
        if (Setting("BARS", 0) == 0) return; // A tests' machine may be as slow as it likes.
        Assert.True(rate >= 500, $"{rate:F0} accepted requests/s, and 500 is the bar");
        Assert.True(seenMedian <= 5, $"a requester hears after {seenMedian} ms (median), and 5 is the bar");

        void Ask(int i) =>
            node.Ask(AgentProcess.Chat($"request {i} of some length, as a sensor would send it"), $"j{i}");
        static double Part(double[] values, int percent)
        {
            Array.Sort(values);
            return Math.Round(values[values.Length * percent / 100], 3);
        }
    }
}
