using Edge.Gguf;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Gguf;

/// <summary>The shipped models, against what their card (MODEL.md) says.</summary>
public sealed class DemoModelFileTests
{
    internal static string PathOf(string file)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Edge.sln")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder!, "tests", "golden", "demo-model", file);
    }

    [Theory]
    [InlineData("sensor-triage-moe-q4_0.gguf", 4_257_472, QuantType.Q4_0)]
    [InlineData("sensor-triage-moe-q8_0.gguf", 7_796_416, QuantType.Q8_0)]
    public void Open_DemoModel_IsWhatItsCardSays(string name, long bytes, QuantType type)
    {
        GgufFile file = GgufFile.Open(PathOf(name));

        Assert.Equal(bytes, file.FileBytes);
        Assert.Equal(50, file.Tensors.Count);
        GgufMetadata metadata = file.Metadata;
        Assert.Equal("qwen3moe", metadata.GetString("general.architecture"));
        Assert.Equal(4, metadata.GetInteger("qwen3moe.block_count"));
        Assert.Equal(256, metadata.GetInteger("qwen3moe.embedding_length"));
        Assert.Equal(10000.0, metadata.GetReal("qwen3moe.rope.freq_base"));
        Assert.Equal(768, metadata.FindStrings("tokenizer.ggml.tokens")!.Count);
        Assert.Equal(501, metadata.FindStrings("tokenizer.ggml.merges")!.Count);
        Assert.Equal("<|im_end|>",
            metadata.FindStrings("tokenizer.ggml.tokens")![(int)metadata.GetInteger("tokenizer.ggml.eos_token_id")]);
        Assert.Equal(7_285_248, file.Tensors.Sum(t => t.Columns * t.Rows));
        Assert.Equal(type, file.Get("blk.3.ffn_down_exps.weight").Type);
        Assert.Equal([256, 256, 8], file.Get("blk.3.ffn_down_exps.weight").Shape);
        Assert.Equal(QuantType.Q8_0, file.Get("token_embd.weight").Type);
        Assert.Equal(QuantType.F32, file.Get("blk.0.ffn_gate_inp.weight").Type);
    }

    /// <summary>Norm weights are near one and finite: the address is the right one, not merely inside the
    /// file.</summary>
    [Theory]
    [InlineData(WeightLoading.Map)]
    [InlineData(WeightLoading.Read)]
    public unsafe void Address_NormOfDemoModel_HoldsPlausibleWeights(WeightLoading loading)
    {
        GgufFile file = GgufFile.Open(PathOf("sensor-triage-moe-q4_0.gguf"));
        using WeightFile weights = WeightFile.Open(file, loading);
        GgufTensor norm = file.Get("blk.2.attn_q_norm.weight");
        var values = new ReadOnlySpan<float>(weights.Address(norm), (int)norm.Columns);
        Assert.Equal(32, values.Length);
        foreach (float value in values) Assert.InRange(value, 0.05f, 20f);
        Assert.True(values.ToArray().Distinct().Count() > 16);
    }

    [Fact]
    public void Open_HalfADemoModel_SaysHowMuchIsMissing()
    {
        byte[] whole = File.ReadAllBytes(PathOf("sensor-triage-moe-q4_0.gguf"));
        using var file = new TemporaryFile(whole[..1_000_000]);
        var e = Assert.Throws<GgufException>(() => GgufFile.Open(file.Path));
        Assert.Contains("truncated: the header promises 4257472 bytes", e.Message, StringComparison.Ordinal);
        Assert.Contains("the file has 1000000; download it again", e.Message, StringComparison.Ordinal);
    }
}
