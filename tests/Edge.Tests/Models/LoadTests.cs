using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Models;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>What a file must have to be loaded, and what the error says when it has not.</summary>
public sealed class LoadTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-load-{Guid.NewGuid():N}.gguf");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("general.architecture", "falcon",
        "architecture 'falcon' is not supported; known are bitnet, bitnet-25, bitnet-b1.58, deepseek2, gemma2, " +
        "gemma3, gpt-oss, granite, granitemoe, lfm2, llama, olmoe, phi3, plm, qwen2, qwen3, qwen3moe, smollm3")]
    [InlineData("llama.rope.scaling.type", "su", "'su' is not supported")]
    [InlineData("llama.attention.head_count", 3u, "2 does not divide attention.head_count 3")]
    [InlineData("llama.attention.head_count_kv", 3u, "3 does not divide attention.head_count 4")]
    [InlineData("llama.block_count", 100000u, "100000 is not within 1 to 1024")]
    [InlineData("llama.block_count", 0u, "0 is not within 1 to 1024")]
    [InlineData("llama.context_length", 4000000000u, "4000000000 is not within")]
    [InlineData("llama.vocab_size", 1000000000u, "1000000000 is not within")]
    [InlineData("llama.attention.key_length", 15u, "15 is odd")]
    [InlineData("llama.rope.dimension_count", 18u, "18 is not within 2 to 16")]
    [InlineData("llama.expert_count", 8u, "llama.expert_used_count")]
    [InlineData("llama.feed_forward_length", 64u,
        "tensor 'blk.0.ffn_gate.weight' is 64 × 96, the metadata asks for 64 × 64")]
    public void Load_BadKey_NamesKeyAndPlace(string key, object value, string message)
    {
        WriteTiny(new() { [key] = value });
        GgufException error = Assert.Throws<GgufException>(() => Model.Load(_path, new ModelOptions { Threads = 1 }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        if (!message.StartsWith("llama.expert_used", StringComparison.Ordinal)) Assert.True(error.ByteOffset > 0);
    }

    [Fact]
    public void Load_StateLargerThanTheMachine_IsRefusedBeforeItIsAllocated()
    {
        WriteTiny(new() { ["llama.feed_forward_length"] = 1u << 20, ["llama.attention.head_count_kv"] = 1u });
        var options = new ModelOptions { Threads = 1, BatchRowsMax = ModelOptions.BatchRowsLimit };
        long neededBytes = 6L * 3 * (1 << 20) * ModelOptions.BatchRowsLimit;
        if (neededBytes < GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) return; // a very large machine
        GgufException error = Assert.Throws<GgufException>(() => Model.Load(_path, options));
        Assert.Contains("of run state, this machine has", error.Message, StringComparison.Ordinal);
        Assert.True(error.ByteOffset > 0);
    }

    [Fact]
    public void Load_MissingTensor_NamesIt()
    {
        WriteTiny([], without: "blk.1.ffn_up.weight");
        GgufException error = Assert.Throws<GgufException>(() => Model.Load(_path, new ModelOptions { Threads = 1 }));
        Assert.Contains("blk.1.ffn_up.weight", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TensorOfNoKnownUse_NamesIt()
    {
        WriteTiny([], extra: "blk.1.attn_sinks.weight");
        GgufException error = Assert.Throws<GgufException>(() => Model.Load(_path, new ModelOptions { Threads = 1 }));
        Assert.Contains("'blk.1.attn_sinks.weight' has no place in the architecture 'llama'", error.Message,
            StringComparison.Ordinal);
        Assert.True(error.ByteOffset > 0);
    }

    [Fact]
    public void Load_Unchanged_Loads()
    {
        WriteTiny([]);
        long done = 0, total = 0;
        using Model model = Model.Load(_path, new ModelOptions { Threads = 1 }, (d, t) => (done, total) = (d, t));
        Assert.Equal(2, model.Config.LayerCount);
        Assert.Equal(16, model.Config.KeyLength);
        Assert.True(done > 0 && done == total);
    }

    [Theory]
    [InlineData("llama.rope.scaling.factor")]
    [InlineData("llama.rope.scale_linear")]
    public void Load_ScalingFactorZero_ScalesNothing(string key)
    {
        WriteTiny(new() { [key] = 0.0 });
        using Model model = Model.Load(_path, new ModelOptions { Threads = 1 });
        Assert.Equal(1, model.Config.RopeScaling.Factor);
    }

    [Fact]
    public void Load_NoSuchFile_SaysSo() =>
        Assert.Throws<FileNotFoundException>(() => Model.Load(_path, new ModelOptions()));

    [Fact]
    public void Load_UnknownKernelSet_NamesTheKnown()
    {
        var error = Assert.Throws<ArgumentException>(
            () => Model.Load(DemoModel.File("q8_0"), new ModelOptions { KernelSet = "sse" }));
        Assert.Contains("scalar", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_F16FileOfTheSameWeights_GivesTheFloatPathsLogits()
    {
        // Every tensor decoded and rounded to half. A Q8_0 weight, a half times an integer, often needs more bits than
        // a half has, so the two models differ by that rounding and the bar is that of half keys and values.
        WriteAsHalves(DemoModel.File("q8_0"));
        using Model half = Model.Load(_path, new ModelOptions { KvType = KvType.F32, Threads = 2 });
        using Model reference = Model.Load(DemoModel.File("q8_0"),
            new ModelOptions { KvType = KvType.F32, Arithmetic = Arithmetic.Float, Threads = 2 });
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0").Take(3))
        {
            using KvCache a = half.CreateCache(256), b = reference.CreateCache(256);
            float[] expected = DemoModel.Run(reference, b, prompt.Ids, 64);
            float[] logits = DemoModel.Run(half, a, prompt.Ids, 64);
            Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits));
            Assert.InRange(DemoModel.MaxDifference(expected, logits), 0, 3e-2);
        }
    }

    /// <summary>The tiny llama with some keys replaced or added.</summary>
    private void WriteTiny(Dictionary<string, object> changes, string? without = null, string? extra = null)
    {
        GgufFile source = GgufFile.Open(Path.Combine(DemoModel.Folder, "..", "tiny", "llama.gguf"));
        using var writer = new GgufWriter(_path);
        foreach (string key in source.Metadata.Keys.Union(changes.Keys))
            Set(writer, key, changes.GetValueOrDefault(key) ?? source.Metadata[key]);
        Copy(source, writer, without, half: false, extra);
    }

    private void WriteAsHalves(string path)
    {
        GgufFile source = GgufFile.Open(path);
        using var writer = new GgufWriter(_path);
        foreach (string key in source.Metadata.Keys)
        {
            if (!key.StartsWith("tokenizer.", StringComparison.Ordinal)) Set(writer, key, source.Metadata[key]);
        }
        Copy(source, writer, null, half: true);
    }

    private static void Set(GgufWriter writer, string key, object value)
    {
        switch (value)
        {
            case string text: writer.Set(key, text); break;
            case double real: writer.Set(key, (float)real); break;
            case bool flag: writer.Set(key, flag); break;
            default: writer.Set(key, Convert.ToUInt32(value)); break;
        }
    }

    private static unsafe void Copy(
        GgufFile source, GgufWriter writer, string? without, bool half, string? extra = null)
    {
        using WeightFile weights = WeightFile.Open(source, WeightLoading.Map);
        GgufTensor[] tensors = [.. source.Tensors.Where(tensor => tensor.Name != without)];
        foreach (GgufTensor tensor in tensors)
        {
            QuantType type = half && tensor.Type == QuantType.Q8_0 ? QuantType.F16 : tensor.Type;
            writer.AddTensor(tensor.Name, type, [.. tensor.Shape]);
        }
        if (extra is not null) writer.AddTensor(extra, QuantType.F32, [64]);
        foreach (GgufTensor tensor in tensors)
        {
            var bytes = new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes);
            writer.Write(tensor.Name, half && tensor.Type == QuantType.Q8_0 ? Halves(bytes) : bytes);
        }
        if (extra is not null) writer.Write(extra, new byte[64 * sizeof(float)]);
        writer.Complete();
    }

    private static byte[] Halves(ReadOnlySpan<byte> blocks)
    {
        var halves = new Half[blocks.Length / 34 * 32];
        for (int i = 0; i < halves.Length; i++)
        {
            ReadOnlySpan<byte> block = blocks.Slice(i / 32 * 34, 34);
            halves[i] = (Half)((float)MemoryMarshal.Read<Half>(block) * (sbyte)block[2 + i % 32]);
        }
        return MemoryMarshal.AsBytes(halves.AsSpan()).ToArray();
    }
}
