using Edge.Fuzz;
using Xunit;

namespace Edge.Tests.Gguf;

/// <summary>Every fuzz target for 2,000 inputs, and the fuzzer's own eyes.</summary>
public sealed class FuzzTests
{
    /// <summary>Other tests share this process: its processor time and memory say nothing about one input.</summary>
    private static readonly FuzzLimits Limits = new()
    {
        ProcessorTimeMax = TimeSpan.FromDays(1),
        ResidentGrowthBytesMax = null,
    };

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    public static TheoryData<string> Targets => [.. FuzzTargets.Rows.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Execute_Target_FindsNothing(string name)
    {
        FuzzTarget target = FuzzTargets.Find(name)!;
        IReadOnlyList<byte[]> seeds = FuzzTargets.SeedsOf(target);
        Assert.NotEmpty(seeds);

        FuzzReport report = new FuzzRun(target, seeds, seed: 20_000, Limits).Execute(2_000, Long);

        Assert.True(report.Findings.Count == 0, string.Join('\n', report.Findings.Select(f =>
            $"{f.Kind} at {f.Iteration}: {f.What}\n{Convert.ToBase64String(f.Input)}")));
        Assert.Equal(2_000, report.Iterations);
        Assert.True(report.Accepted > 0 && report.Refused > 0 && report.Shapes > 2, report.ToString());
    }

    [Fact]
    public void Execute_SameSeed_GivesTheSameRun()
    {
        long Sum()
        {
            long sum = 0;
            var target = new FuzzTarget("sum", input => { foreach (byte b in input) sum = unchecked(sum * 31 + b); });
            new FuzzRun(target, [[1, 2, 3, 4, 5, 6, 7, 8, 9]], 5, Limits).Execute(500, Long);
            return sum;
        }

        Assert.Equal(Sum(), Sum());
    }

    [Fact]
    public void Execute_OtherException_IsACrashWithItsInput()
    {
        var target = new FuzzTarget("crash", input =>
        {
            if (input.Length > 0 && input[0] == 'X') _ = checked(input[0] - 200u);
        });
        FuzzReport report = new FuzzRun(target, ["W___"u8.ToArray()], 1, Limits).Execute(5_000, Long);
        FuzzFinding finding = Assert.Single(report.Findings);
        Assert.Equal("crash", finding.Kind);
        Assert.Equal((byte)'X', finding.Input[0]);
        Assert.Contains(nameof(OverflowException), finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_InputThatNeverEnds_IsAHang()
    {
        using var release = new ManualResetEventSlim();
        var target = new FuzzTarget("hang", _ => release.Wait());
        FuzzLimits limits = Limits with { WallTimeMax = TimeSpan.FromMilliseconds(100) };
        FuzzReport report = new FuzzRun(target, [[7]], 1, limits).Execute(9, Long);
        release.Set();
        FuzzFinding finding = Assert.Single(report.Findings);
        Assert.Equal("hang", finding.Kind);
        Assert.Equal([7], finding.Input);
    }

    [Fact]
    public void Execute_GreedyInput_IsAMemoryFinding()
    {
        var target = new FuzzTarget("greedy", _ => GC.KeepAlive(new byte[2 << 20]));
        FuzzReport report = new FuzzRun(target, [[7]], 1, Limits with { AllocatedBytesMax = 1 << 20 }).Execute(3, Long);
        Assert.Equal("memory", Assert.Single(report.Findings).Kind);
    }

    [Fact]
    public void Execute_RefusalWithoutAPlace_IsAComplaint()
    {
        var target = new FuzzTarget("vague", _ => throw new FormatException("bad"))
        {
            Refusals = [typeof(FormatException)],
            Complaint = (e, _) => e.Message.Contains("byte", StringComparison.Ordinal) ? null : "names no byte",
        };
        FuzzReport report = new FuzzRun(target, [[7]], 1, Limits).Execute(3, Long);
        Assert.Equal("complaint", Assert.Single(report.Findings).Kind);
        Assert.Equal(3, report.Refused);
    }
}
