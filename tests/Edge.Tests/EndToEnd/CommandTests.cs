using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class CommandTests
{
    private const string Reading = "cold store 2: temp 12.4C rising, hum 81%, door closed";
    private const string Verdict =
        """{"status":"critical","sensor":"temperature","reason":"12.4C above limit 4.0C","action":"notify"}""";

    [Fact]
    public async Task Ask_Reading_VerdictOnStdoutStatisticsOnStderr()
    {
        var outcome = await Run("ask", "--model", Model, "--prompt", Reading);
        Assert.Equal((0, Verdict), (outcome.Code, outcome.Output.TrimEnd()));
        Assert.Contains("tokens/s", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_SystemMessageAndJson_OneObjectWithCounts()
    {
        var report =
            await RunJson("ask", "--model", Model, "--prompt", Reading, "--system", "You triage sensor readings.");
        Assert.Equal(Verdict, report.GetProperty("text").GetString());
        Assert.Equal("stop", report.GetProperty("finish_reason").GetString());
        Assert.True(report.GetProperty("prompt_tokens").GetInt32() > 30);
        Assert.True(report.GetProperty("completion_tokens").GetInt32() > 20);
    }

    [Fact]
    public async Task Ask_SchemaAtHighTemperature_ReplySatisfiesIt()
    {
        string schema = Path.Combine(Root, "devices/schemas/sensor-verdict.json");
        var report = await RunJson(
            "ask", "--model", Model, "--prompt", "tell me about cats", "--schema", schema, "--temperature", "2",
            "--seed", "3");
        using var form = JsonDocument.Parse(await File.ReadAllTextAsync(schema));
        Assert.Null(Edge.Agent.SchemaCheck.Violation(form.RootElement, report.GetProperty("text").GetString()!));
    }

    [Fact]
    public async Task Ask_SameSeed_SameText()
    {
        string[] arguments =
            ["ask", "--model", Model, "--prompt", "hello", "--temperature", "5", "--max-tokens", "12", "--seed"];
        var first = await RunJson([.. arguments, "7"]);
        var again = await RunJson([.. arguments, "7"]);
        var other = await RunJson([.. arguments, "8"]);
        Assert.Equal(first.GetProperty("text").GetString(), again.GetProperty("text").GetString());
        Assert.NotEqual(first.GetProperty("text").GetString(), other.GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("lookup")]
    [InlineData("sensor-triage-moe-q8_0.gguf")]
    public async Task Bench_Drafts_SameRepliesAndCounts(string draft)
    {
        string folder = Path.GetDirectoryName(Model)!;
        var report = (await RunJson(
            "bench", "--model", Model, "--repeat", "1", "--gen-tokens", "40", "--draft-max", "3", "--draft",
            draft == "lookup" ? draft : Path.Combine(folder, draft),
            "--draft-data", Path.Combine(folder, "eval.jsonl"))).GetProperty("drafts");
        Assert.True(report.GetProperty("identical").GetBoolean());
        Assert.Equal(64, report.GetProperty("prompts").GetInt32());
        Assert.True(report.GetProperty("drafted").GetInt64() >= report.GetProperty("accepted").GetInt64());
        Assert.True(report.GetProperty("accepted").GetInt64() > 0);
        Assert.True(report.GetProperty("tokens_per_step").GetDouble() > 1);
    }

    [Fact]
    public async Task Ask_DraftThatDoesNotFit_SaysWhy()
    {
        string tiny = Path.Combine(Root, "tests/golden/tiny/llama.gguf");
        var absent = await Run("ask", "--model", Model, "--prompt", "x", "--draft", "nowhere.gguf");
        Assert.Equal((2, true), (absent.Code, absent.Error.Contains("nowhere.gguf does not exist")));
        var other = await Run("ask", "--model", Model, "--prompt", "x", "--draft", tiny);
        Assert.Equal((1, true), (other.Code, other.Error.Contains("tokeni")));
        Assert.Equal(2, (await Run("ask", "--model", Model, "--prompt", "x", "--draft-max", "0")).Code);
    }

    [Fact]
    public async Task Logits_LastAndEveryPosition_SameLastRow()
    {
        string last = Path.GetTempFileName(), all = Path.GetTempFileName();
        try
        {
            Assert.Equal(0, (await Run("logits", "--model", Model, "--tokens", "432,411,220,17", "--out", last)).Code);
            Assert.Equal(
                0, (await Run("logits", "--model", Model, "--tokens", "432,411,220,17", "--all", "--out", all)).Code);
            float[] one = Floats(last), four = Floats(all);
            Assert.Equal((768, 4 * 768), (one.Length, four.Length));
            Assert.Equal(one, four[^768..]);
            Assert.True(one.Distinct().Count() > 700);
        }
        finally
        {
            File.Delete(last);
            File.Delete(all);
        }
    }

    [Fact]
    public async Task Logits_TextAndItsTokens_Equal()
    {
        string byText = Path.GetTempFileName(), byTokens = Path.GetTempFileName();
        try
        {
            var tokens = await RunJson("tokenize", "--model", Model, "cold store 2");
            string ids = string.Join(',', tokens.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
            await Run(
                "logits", "--model", Model, "--prompt", "cold store 2", "--float", "--kv", "f32", "--out", byText);
            await Run("logits", "--model", Model, "--tokens", ids, "--float", "--kv", "f32", "--out", byTokens);
            Assert.Equal(768, Floats(byText).Length);
            Assert.Equal(Floats(byText), Floats(byTokens));
        }
        finally
        {
            File.Delete(byText);
            File.Delete(byTokens);
        }
    }

    [Fact]
    public async Task Eval_FirstRows_FractionPerFieldAndValid()
    {
        var report = await RunJson(
            "eval", "--model", Model, "--limit", "8", "--data",
            Path.Combine(Root, "tests/golden/demo-model/eval.jsonl"),
            "--schema", Path.Combine(Root, "devices/schemas/sensor-verdict.json"));
        Assert.Equal((8, 8), (report.GetProperty("rows").GetInt32(), report.GetProperty("valid").GetInt32()));
        foreach (string name in new[] { "exact_all", "exact_status", "exact_sensor", "exact_reason", "exact_action" })
            Assert.Equal(1.0, report.GetProperty(name).GetDouble());
        Assert.True(report.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public async Task Eval_Questions_PlainTextIsComparedToo()
    {
        var report = await RunJson(
            "eval", "--model", Model, "--data", Path.Combine(Root, "tests/golden/demo-model/qa.jsonl"), "--limit", "4");
        Assert.Equal(1.0, report.GetProperty("exact_all").GetDouble());
    }

    [Fact]
    public async Task Bench_Json_HasEveryFigureAndNoAllocation()
    {
        var report = await RunJson(
            "bench", "--model", Model, "--prompt-tokens", "32", "--gen-tokens", "200", "--threads", "2",
            "--repeat", "2");
        string[] positive =
        [
            "prefill_tps", "prefill_tps_min", "prefill_tps_max", "decode_tps", "decode_tps_min", "decode_tps_max",
            "peak_rss_bytes", "weight_bytes_per_token", "memory_bytes_per_second",
        ];
        Assert.All(positive, name => Assert.True(report.GetProperty(name).GetDouble() > 0, name));
        Assert.Equal(2, report.GetProperty("threads").GetInt32());
        Assert.Equal(0, report.GetProperty("alloc_bytes_per_token").GetDouble());
        Assert.Equal(
            (await RunJson("kernels")).GetProperty("chosen").GetString(), report.GetProperty("kernel_set").GetString());
    }

    [Fact]
    public async Task Perplexity_OwnLanguageAndNoise_TellsThemApart()
    {
        string own = Path.GetTempFileName(), noise = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                own, $"<|im_start|>user\n{Reading}<|im_end|>\n<|im_start|>assistant\n{Verdict}");
            await File.WriteAllTextAsync(
                noise, string.Concat(Enumerable.Range(0, 120).Select(i => (char)('!' + i * 37 % 90))));
            double likely = await Perplexity(own), unlikely = await Perplexity(noise);
            Assert.True(likely > 1 && unlikely > 10 * likely, $"{likely} {unlikely}");
        }
        finally
        {
            File.Delete(own);
            File.Delete(noise);
        }
    }

    [Fact]
    public async Task Inspect_Model_MetadataTensorsAndTotals()
    {
        var report = await RunJson("inspect", Model);
        Assert.Equal("qwen3moe", report.GetProperty("metadata").GetProperty("general.architecture").GetString());
        Assert.Equal(7_285_248, report.GetProperty("parameters").GetInt64());
        Assert.Equal(50, report.GetProperty("tensors").GetArrayLength());
        var text = await Run("inspect", Model);
        Assert.Contains("blk.3.ffn_down_exps.weight", text.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_ThereAndBack_SameText()
    {
        const string text = "boiler room: temp 71.2C, naïve 😀";
        var report = await RunJson("tokenize", "--model", Model, text);
        string ids = string.Join(',', report.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        var back = await Run("tokenize", "--model", Model, "--decode", ids);
        Assert.Equal(text, back.Output.TrimEnd('\n'));
        Assert.Equal(report.GetProperty("ids").GetArrayLength(), report.GetProperty("pieces").GetArrayLength());
    }

    [Fact]
    public async Task Kernels_OnThisCpu_BestRunnableSetIsChosen()
    {
        var report = await RunJson("kernels");
        string chosen = report.GetProperty("chosen").GetString()!;
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64)
        {
            string[] flags = (await File.ReadAllTextAsync("/proc/cpuinfo")).Split([' ', '\n']);
            // AVX-512 only in a binary that was made for this machine: scripts/publish asserts which of the two it is.
            string[] best = flags.Contains("avx_vnni") ? ["avx2+vnni"]
                : flags.Contains("avx512vl") ? ["avx512", "avx2"] : flags.Contains("avx2") ? ["avx2"] : ["scalar"];
            Assert.Contains(chosen, best);
        }
        else
            Assert.StartsWith("neon", chosen, StringComparison.Ordinal);
        Assert.Contains(report.GetProperty("kernels").EnumerateArray(), row =>
            row.GetProperty("variant").GetString() == chosen && row.GetProperty("runs").GetBoolean());
    }

    private static async Task<double> Perplexity(string path) =>
        (await RunJson("perplexity", "--model", Model, "--file", path)).GetProperty("perplexity").GetDouble();

    private static float[] Floats(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
}
