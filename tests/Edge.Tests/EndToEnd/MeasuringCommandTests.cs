using System.Text.Json;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

/// <summary>What `edge bench`, `replay` and `eval` measure, with the native binary.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class MeasuringCommandTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"edge-measure-{Guid.NewGuid():N}");

    public MeasuringCommandTests() => Directory.CreateDirectory(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Bench_DraftsWithinABudget_HaveRoomForTheirOwnPrompt()
    {
        JsonElement report = await RunJson("bench", "-m", Model, "--memory", "100M", "--draft", "lookup",
            "--prompt-tokens", "8", "--gen-tokens", "8", "-r", "1");
        Assert.True(report.GetProperty("drafts").GetProperty("identical").GetBoolean());
        Assert.Equal(8, report.GetProperty("gen_tokens").GetInt32());
    }

    [Fact]
    public async Task Bench_Plot_DoesNotCountItsOwnSamples()
    {
        JsonElement report = await RunJson("bench", "-m", Model, "--plot", Path.Combine(_folder, "speed.svg"),
            "--prompt-tokens", "8", "--gen-tokens", "64", "-r", "2");
        Assert.InRange(report.GetProperty("alloc_bytes_per_token").GetDouble(), double.MinValue, 1);
        Assert.Contains("<svg", await File.ReadAllTextAsync(Path.Combine(_folder, "speed.svg")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_BudgetForEverything_HasNoSpeedInsteadOfNone()
    {
        // Its prompts want every expert before the tokens behind them do.
        string trace = Path.Combine(_folder, "trace");
        await RunJson("bench", "-m", Model, "--trace", trace, "--prompt-tokens", "128", "--gen-tokens", "8", "-r", "1");
        string[] replay = ["replay", trace, "--policy", "lru", "--budget"];
        JsonElement all = (await RunJson([.. replay, "500%"])).GetProperty("rows")[0];
        Assert.Equal(0, all.GetProperty("bytes_per_token").GetDouble());
        Assert.Equal(JsonValueKind.Null, all.GetProperty("tokens_per_second").ValueKind);
        Assert.Matches(@"\nlru +100\.0 % +0\.00 +1\.00 +- +- ", (await Run([.. replay, "500%"])).Output);
        JsonElement some = (await RunJson([.. replay, "20%"])).GetProperty("rows")[0];
        Assert.True(some.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public async Task Eval_RowThatIsTooLong_IsNamedByFileAndLine()
    {
        string rows = Path.Combine(_folder, "rows.jsonl");
        await File.WriteAllTextAsync(rows, """{"prompt":"x","expected":"y"}""" + "\n\n" +
            $$"""{"prompt":"{{string.Concat(Enumerable.Repeat("12 ", 2000))}}","expected":"y"}""" + "\n");
        (await Run("eval", "-m", Model, "--data", rows, "--max-tokens", "1")).RefusesWith(1, "rows.jsonl, line 3");
    }
}
