using Edge.Tests.House;
using Edge.Weights.Policies;
using Edge.Weights.Replay;
using Edge.Weights.Traces;
using Xunit;

namespace Edge.Tests.Weights;

public sealed class ReplayTests
{
    private const long SliceBytes = 100;

    /// <summary>One expert a token and layer, one slice an expert; probabilities fall from the chosen one on.</summary>
    private static byte[] Recorded(int layers, int experts, params int[] choices)
    {
        long[] hi = new long[layers], lo = new long[layers];
        Array.Fill(hi, SliceBytes);
        using var stream = new MemoryStream();
        using (var writer = new TraceWriter(stream, new CacheShape(experts, 1, hi, lo), "hand-made", scores: true))
        {
            writer.BeginSequence();
            for (int token = 0; token < choices.Length / layers; token++)
            {
                writer.BeginPass(1);
                for (int layer = 0; layer < layers; layer++)
                {
                    int chosen = choices[token * layers + layer];
                    var scores = new float[experts];
                    for (int e = 0; e < experts; e++) scores[e] = 1f / (1 + (e - chosen + experts) % experts);
                    writer.Add(new RoutedRow
                    {
                        Token = token, Layer = layer, Experts = [chosen], Weights = [1], Scores = scores,
                    });
                }
                writer.EndPass();
            }
        }
        return stream.ToArray();
    }

    private static ReplayCounts Run(byte[] trace, string policy, int slots)
    {
        PolicyRow row = PolicyTable.Find(policy)!;
        return Replayer.Run(TraceReader.Parse([.. trace]), row, PolicyTable.Defaults(row),
            new ReplayOptions(slots * SliceBytes)).Decode;
    }

    [Fact]
    public void Run_CycleLongerThanTheCache_LruNeverHitsAndBeladyHitsThrice()
    {
        byte[] trace = Recorded(1, 4, 0, 1, 2, 0, 1, 2, 0, 1, 2);
        // By hand: Belady keeps what comes next, and so hits every second time from the fourth token on.
        Assert.Equal((9, 0), ((int)Run(trace, "lru", 2).Wanted, (int)Run(trace, "lru", 2).Hits));
        Assert.Equal(3, Run(trace, "belady", 2).Hits);
        Assert.Equal(6, Run(trace, "lru", 3).Hits);
        Assert.Equal(600, Run(trace, "belady", 2).BytesRead);
    }

    [Fact]
    public void Run_OneFrequentExpert_LfuKeepsItAndLruDoesNot()
    {
        byte[] trace = Recorded(1, 4, 0, 0, 0, 1, 2, 0, 1, 2, 0);
        Assert.Equal(2, Run(trace, "lru", 2).Hits);
        Assert.Equal(4, Run(trace, "lfu", 2).Hits);
    }

    [Fact]
    public void Run_RandomRouting_NoPolicyBeatsBeladyAndMoreMemoryNeverHurtsLru()
    {
        for (int seed = 1; seed <= 12; seed++)
        {
            var random = new Random(seed);
            int[] choices = new int[2 * 120];
            // Skewed, so that there is something to learn.
            for (int i = 0; i < choices.Length; i++) choices[i] = (int)(8 * Math.Pow(random.NextDouble(), 2));
            byte[] trace = Recorded(2, 8, choices);
            long before = -1;
            for (int slots = 2; slots <= 16; slots += 2)
            {
                long best = Run(trace, "belady", slots).Hits;
                foreach (PolicyRow row in PolicyTable.Rows)
                    Assert.True(Run(trace, row.Name, slots).Hits <= best, $"seed {seed}, {slots} slots: {row.Name}");
                long hits = Run(trace, "lru", slots).Hits;
                Assert.True(hits >= before, $"seed {seed}, {slots} slots");
                before = hits;
            }
            Assert.Equal(240 - 2 * 8, before);
        }
    }

    [Fact]
    public void Parse_MutatedTraces_AreReadOrRefusedWithAPlace()
    {
        byte[] whole = Recorded(2, 8, [.. Enumerable.Range(0, 60).Select(i => i * 5 % 8)]);
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = i % 3 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int n = i % 4; n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                TraceReader.Parse(bytes);
            }
            catch (TraceException e)
            {
                refused++;
                Assert.InRange(e.ByteOffset, 0, bytes.Length);
            }
        }
        Assert.True(refused > 1000);
    }

    [Theory]
    [InlineData("demo.trace")]
    [InlineData("zipf.trace")]
    public void Run_KeptTrace_DefaultReadsNoMoreThanLru(string name)
    {
        Trace trace = TraceReader.Read(Path.Combine(Repository.Root, "tests", "golden", "traces", name));
        long Bytes(string policy)
        {
            PolicyRow row = PolicyTable.Find(policy)!;
            var options = new ReplayOptions(trace.Shape.TotalBytes * 2 / 5);
            return Replayer.Run(trace, row, PolicyTable.Defaults(row), options).Judged.BytesRead;
        }
        Assert.InRange(Bytes(PolicyTable.Default), Bytes("belady"), Bytes("lru"));
    }
}
