using System.Diagnostics;
using System.Text.Json;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class KernelsTests : IDisposable
{
    private readonly string _state = Path.Combine(Path.GetTempPath(), $"edge-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_state)) Directory.Delete(_state, recursive: true);
    }

    private string StateFile => Path.Combine(_state, "kernels.json");

    private async Task<Outcome> WithState(params string[] arguments)
    {
        ProcessStartInfo start = StartInfo(arguments);
        start.Environment["STATE_DIRECTORY"] = _state;
        return await Run(start);
    }

    private static JsonElement Json(Outcome outcome)
    {
        Assert.True(outcome.Code == 0, outcome.Error);
        using var document = JsonDocument.Parse(outcome.Output);
        return document.RootElement.Clone();
    }

    [Fact]
    public async Task List_Json_OneRowPerFamilyAndVariant()
    {
        var report = await RunJson("kernels");
        var rows = report.GetProperty("kernels").EnumerateArray().ToList();
        string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;
        Assert.Equal(rows.Count, rows.Select(row => (Text(row, "family"), Text(row, "variant"))).Distinct().Count());
        // 2-bit weights have two families, Digits2 and Digits2Lut, of which a set uses one.
        int families = rows.Select(row => Text(row, "family")).Distinct().Count() - 1;
        Assert.Equal(report.GetProperty("sets").GetArrayLength() * families, rows.Count);
        foreach (var row in rows)
        {
            Assert.True(File.Exists(Path.Combine(Root, Text(row, "file"))), Text(row, "file"));
            Assert.Equal(Text(row, "variant") == Text(report, "chosen"), row.GetProperty("chosen").GetBoolean());
            Assert.Equal(
                row.GetProperty("runs").GetBoolean(), !Text(row, "why").StartsWith("needs", StringComparison.Ordinal));
            Assert.NotEmpty(Text(row, "why"));
        }
        Assert.Equal(0, report.GetProperty("tuned").GetArrayLength());
        Assert.NotEmpty(Text(report, "cpu"));
    }

    [Fact]
    public async Task Bench_Json_EveryRunnableVariantBesideTheMemory()
    {
        var report = await RunJson("kernels", "--bench", "--type", "Q4_0", "--type", "digits2_g128", "--threads", "2");
        Assert.True(report.GetProperty("memory_gb_per_second").GetDouble() > 0);
        Assert.Equal(2, report.GetProperty("threads").GetInt32());
        var rows = report.GetProperty("matrices").EnumerateArray().ToList();
        string[] runnable =
        [
            .. (await RunJson("kernels")).GetProperty("sets").EnumerateArray()
                .Where(set => set.GetProperty("runs").GetBoolean()).Select(set => set.GetProperty("name").GetString()!),
        ];
        Assert.Equal(["DIGITS2_G128", "Q4_0"],
            rows.Select(row => row.GetProperty("type").GetString()!).Distinct().Order());
        Assert.Equal(runnable.Order(), rows.Select(row => row.GetProperty("variant").GetString()!).Distinct().Order());
        foreach (var row in rows)
        {
            var rate = row.GetProperty("weights_gb_per_second");
            Assert.True(rate.GetProperty("runs").GetInt32() >= 10);
            Assert.InRange(rate.GetProperty("median").GetDouble(), rate.GetProperty("low").GetDouble(),
                rate.GetProperty("high").GetDouble());
            Assert.True(row.GetProperty("weights_per_ns").GetDouble() > 0);
        }
        var preparation = report.GetProperty("preparation").EnumerateArray().ToLookup(
            row => row.GetProperty("variant").GetString()!, row => row.GetProperty("family").GetString()!);
        Assert.Equal(runnable, preparation.Select(set => set.Key));
        string[] formats = ["Activations.Quantize", "Digits.QuantizeGroups", "Digits.QuantizeTokens"];
        Assert.All(preparation, set => Assert.Subset(set.ToHashSet(), formats.ToHashSet()));
    }

    [Fact]
    public async Task Tune_ThenBench_UsesWhatWasRememberedUnlessTold()
    {
        var tuned = Json(await WithState("kernels", "--tune", "--model", Model, "--threads", "1", "--json"));
        string chosen = tuned.GetProperty("kernels").GetString()!;
        Assert.Equal(StateFile, tuned.GetProperty("file").GetString());
        string text = await File.ReadAllTextAsync(StateFile);
        Assert.Contains($"\"kernels\":\"{chosen}\"", text, StringComparison.Ordinal);
        Assert.Single(Json(await WithState("kernels", "--json")).GetProperty("tuned").EnumerateArray());

        // Another result than the default would be: it must be this file that decides.
        await File.WriteAllTextAsync(
            StateFile, text.Replace($"\"kernels\":\"{chosen}\"", "\"kernels\":\"scalar\"", StringComparison.Ordinal));
        string[] bench =
            ["bench", "--model", Model, "--json", "--repeat", "1", "--prompt-tokens", "2", "--gen-tokens", "2"];
        Assert.Equal("scalar", Json(await WithState(bench)).GetProperty("kernel_set").GetString());
        Assert.Equal(chosen,
            Json(await WithState([.. bench, "--kernels", chosen])).GetProperty("kernel_set").GetString());
    }

    [Fact]
    public async Task Ask_DamagedStateFile_IsNamedAndIgnored()
    {
        Directory.CreateDirectory(_state);
        await File.WriteAllTextAsync(StateFile, "{\"format\":");
        var outcome = await WithState("ask", "--model", Model, "--prompt", "hello", "--max-tokens", "1");
        Assert.Equal(0, outcome.Code);
        Assert.Contains($"warn: {StateFile} is ignored", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_OneCpu_OneThread()
    {
        string allowed = (await File.ReadAllLinesAsync("/proc/self/status"))
            .First(line => line.StartsWith("Cpus_allowed_list", StringComparison.Ordinal)).Split(':')[1].Trim();
        var report = await RunJson("bench", "--model", Model, "--cpus", allowed.Split('-', ',')[0], "--repeat", "1",
            "--prompt-tokens", "2", "--gen-tokens", "2");
        Assert.Equal(1, report.GetProperty("threads").GetInt32());
    }

    [Theory]
    [InlineData("1000", "CPU 1000 does not exist; this machine has")]
    [InlineData("3-1", "'3-1'")]
    [InlineData("x", "0-3,6")]
    public async Task Cpus_Wrong_SaysWhatAndWhatWouldBeRight(string list, string named)
    {
        (await Run("bench", "--model", Model, "--cpus", list)).RefusesWith(2, "--cpus", named);
        (await Run("run", "--model", Model, "--cpus", list)).RefusesWith(2, "inference.cpus", named);
    }

    [Theory]
    [InlineData("--tune")]
    [InlineData("--model", "m.gguf")]
    [InlineData("--bench", "--tune", "--model", "m.gguf")]
    public async Task Arguments_ThatDoNotGoTogether_AreRefused(params string[] arguments) =>
        (await Run(["kernels", .. arguments])).RefusesWith(2, "--tune");

    [Fact]
    public async Task Types_WithoutBenchOrUnknown_AreRefused()
    {
        (await Run("kernels", "--type", "Q4_0")).RefusesWith(2, "--bench");
        (await Run("kernels", "--bench", "--type", "IQ2_S")).RefusesWith(2, "IQ2_S", "Q4_K");
    }
}
