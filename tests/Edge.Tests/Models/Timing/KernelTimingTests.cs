using Edge.Gguf;
using Edge.Models;
using Xunit;

namespace Edge.Tests.Models;

public sealed class KernelTimingTests
{
    [Fact]
    public void Spread_OfKnownValues_MedianAndQuartiles()
    {
        Assert.Equal(new Spread(3, 2, 4, 5), Spread.Of([5, 1, 4, 2, 3]));
        Assert.Equal(new Spread(2.5, 1.75, 3.25, 4), Spread.Of([4, 1, 3, 2]));
        Assert.Equal(new Spread(7, 7, 7, 1), Spread.Of([7]));
        Assert.Equal(new Spread(30, 20, 40, 5), Spread.Of([5, 1, 4, 2, 3]).Times(10));
    }

    [Fact]
    public void TimedRuns_Threads_EachDoesEveryRun()
    {
        var runs = new int[3];
        double[] seconds = TimedRuns.Measure(3, thread => runs[thread]++);
        Assert.Equal([TimedRuns.Runs, TimedRuns.Runs, TimedRuns.Runs], runs);
        Assert.True(TimedRuns.Runs >= 10 && seconds.Length == TimedRuns.Runs);
        Assert.All(seconds, s => Assert.True(s >= 0));
    }

    [Fact]
    public void Matrices_OneTypeOnTwoThreads_EveryRunnableSetAndSize()
    {
        var speeds = KernelTiming.Matrices(2, (set, type) => set != "scalar" && type == QuantType.Q4_0).ToList();
        string[] sets = [.. KernelSet.All.Where(set => set.IsRunnable && set.Name != "scalar").Select(set => set.Name)];
        Assert.Equal(4 * sets.Length, speeds.Count);
        Assert.All(speeds, speed =>
        {
            Assert.Contains(speed.Variant, sets);
            Assert.Equal(("Q4_0", 4.5), (speed.Type, speed.BitsPerWeight));
            Assert.True(speed.WeightsGbPerSecond is { Low: > 0, Runs: >= 10 } rate && rate.Low <= rate.Median);
            // Q4_0 has 16 / 9 weights in a byte.
            Assert.Equal(
                speed.WeightsGbPerSecond.Median * 16 / 9 * speed.Tokens, speed.WeightsPerNs, 1e-6 * speed.WeightsPerNs);
        });
        Assert.Equal(["l1", "l2", "memory", "l2"], speeds.Take(4).Select(speed => speed.Level));
    }

    [Fact]
    public void MatrixProbe_RaggedRowsAndCopies_RunsLapsOverThem()
    {
        using var probe = new MatrixProbe(KernelSet.Choose(null), QuantType.Q8_0, 13, 64, 3, 2);
        Assert.Equal(2 * 8 * 2 * 34, probe.Bytes);
        probe.Calibrate();
        probe.Run();
        Assert.True(probe.BytesPerRun > 2 * probe.Bytes, $"{probe.BytesPerRun} bytes a run");
    }

    [Fact]
    public void ModelMatrix_DemoModel_CountsUsedExpertsAndTheHead()
    {
        GgufFile file = GgufFile.Open(DemoModel.File("q4_0"));
        ModelConfig config = ConfigReader.Read(file.Metadata);
        var matrices = ModelMatrix.Of(file, config);
        // The sum over the shapes is the sum over the file's matrices, experts weighted by use.
        long expected = file.Tensors.Where(t => t.Shape.Count > 1)
            .Where(t => t.Name != "token_embd.weight" || file.Find("output.weight") is null)
            .Sum(t => t.Shape[0] * t.Shape[1] * (t.Shape.Count > 2 ? config.ExpertUsedCount : 1));
        Assert.Equal(expected, matrices.Sum(m => m.Rows * m.Columns * m.Uses));
        Assert.True(matrices.Count > 3 && config.ExpertUsedCount > 1);
    }

    [Fact]
    public void OfModel_DemoModel_EverySetAndAPreference()
    {
        var speeds = KernelTiming.OfModel(DemoModel.File("q4_0"), 2);
        Assert.Equal(KernelSet.All.Where(set => set.IsRunnable).Select(set => set.Name), speeds.Select(s => s.Variant));
        Assert.All(speeds, s => Assert.True(s.DecodeNsPerToken.Low > 0 && s.PrefillNsPerToken.High > 0));
    }

    [Theory]
    [InlineData(100, 100, "a")]
    [InlineData(100, 98, "a")] // within the noise
    [InlineData(100, 90, "b")]
    [InlineData(90, 100, "a")]
    public void Preferred_OnlyAClearlyFasterSet_PassesTheFirst(double first, double second, string preferred)
    {
        static SetSpeed Speed(string name, double ns) =>
            new(name, new Spread(ns / 2, 0, 0, 11), new Spread(ns / 2, 0, 0, 11));
        Assert.Equal(preferred, KernelTiming.Preferred([Speed("a", first), Speed("b", second)]).Variant);
    }

    [Fact]
    public void Twins_EveryFamily_AreTheFilesThatExistAndTheSetsTakeThem()
    {
        string table = House.Repository.Read("src/Edge.Models/KernelSet.cs")
            + House.Repository.Read("src/Edge.Models/KernelSetScalar.cs");
        foreach (string family in KernelRow.FamilyNames)
        {
            string folder = Path.Combine(House.Repository.Root, "src/Edge.Kernels", family);
            Assert.Subset(
                Directory.GetFiles(folder, "*.cs").Select(f => Path.GetFileNameWithoutExtension(f)!).ToHashSet(),
                KernelTwins.Of(family).Append("Scalar").ToHashSet());
            foreach (KernelRow row in KernelSet.All.SelectMany(set => set.Families).Where(row => row.Family == family))
            {
                Assert.True(File.Exists(Path.Combine(House.Repository.Root, row.File)), row.File);
                // The section of the set calls the class of that file.
                string section = Section(table, row.Variant);
                if (family == "Digits2Lut") continue; // serves Digits2 in one set only
                string worker = row.File.Split('/')[^2];
                string variant = Path.GetFileNameWithoutExtension(row.File);
                string call = family == "BlockTiles" ? $"&BlockKernels.{variant}," : $"&{worker}{variant}.";
                Assert.Contains(call, section, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>A set's lines of the table, from its name to the end of its braces; an x64 set's arguments, or those
    /// of the scalar one, and what all of them have.</summary>
    private static string Section(string table, string set)
    {
        string own = Between(table, $"\"{set}\",", "        new(\"", "        X64(\"", "        },", "    ];");
        return own.Contains('{', StringComparison.Ordinal)
            ? own : own + Between(
                table, $"private static KernelSet {(set == "scalar" ? "Scalar" : "X64")}(", "        };");
    }

    /// <summary>From a text to the first of those that end it.</summary>
    private static string Between(string text, string from, params string[] ends)
    {
        int at = text.IndexOf(from, StringComparison.Ordinal);
        return text[at..ends.Select(end => text.IndexOf(end, at, StringComparison.Ordinal)).Where(i => i > at).Min()];
    }
}
