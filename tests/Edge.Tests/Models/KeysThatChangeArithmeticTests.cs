using Edge.Gguf;
using Edge.Models;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>Keys that change what a model computes: known, or refused by name.</summary>
public sealed class KeysThatChangeArithmeticTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-keys-{Guid.NewGuid():N}.gguf");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("lfm2", "lfm2.attention.sliding_window", 16u)]
    [InlineData("deepseek2", "deepseek2.attention.temperature_scale", 0.1f)]
    [InlineData("deepseek2", "deepseek2.attention.temperature_length", 8192u)]
    [InlineData("olmoe", "olmoe.attention.clamp_kqv", 8f)]
    public void Load_KeyThatIsNotKnown_IsRefusedUnlessZero(string name, string key, object value)
    {
        Write(name, null, writer => Set(writer, key, value));
        var error = Assert.Throws<GgufException>(() => { using Model model = Load(); });
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.True(error.ByteOffset > 0);
        Write(name, null, writer => Set(writer, key, value is uint ? (object)0u : 0f));
        using Model plain = Load();
    }

    [Fact]
    public void Load_Gemma2WithoutCaps_HasThoseOfItsPublishers()
    {
        Write("gemma2", key => key.EndsWith("softcapping", StringComparison.Ordinal), _ => { });
        using (Model model = Load())
            Assert.Equal((50f, 30f), (model.Config.AttnLogitSoftcapping, model.Config.FinalLogitSoftcapping));
        Write("gemma3", key => key.EndsWith("softcapping", StringComparison.Ordinal), _ => { });
        using Model other = Load();
        Assert.Equal((0f, 0f), (other.Config.AttnLogitSoftcapping, other.Config.FinalLogitSoftcapping));
    }

    /// <summary>block_count has the layers that predict further tokens: llama.cpp's rule.</summary>
    [Fact]
    public void Load_LayersThatPredictFurtherTokens_AreNotRun()
    {
        const string Count = "deepseek2.block_count", Drafts = "deepseek2.nextn_predict_layers";
        uint layers = (uint)GgufFile.Open(ArchitectureTests.File("deepseek2-v3")).Metadata.GetInteger(Count);
        Write("deepseek2-v3", key => key == Count, writer =>
        {
            writer.Set(Count, layers + 1);
            writer.Set(Drafts, 1u);
        }, [$"blk.{layers}.nextn.eh_proj.weight", $"blk.{layers}.attn_norm.weight"]);
        using (Model model = Load())
        {
            Assert.Equal((int)layers, model.Config.LayerCount);
            ArchitectureTests.Run run = ArchitectureTests.Reference("deepseek2-v3")[0];
            using KvCache cache = model.CreateCache(run.Capacity);
            float[][] logits = ArchitectureTests.All(model, cache, run.Ids, 9);
            foreach ((int position, float[] expected) in run.Logits)
                Assert.True(DemoModel.MaxDifference(expected, logits[position]) <= 1e-3);
        }
        Write("deepseek2-v3", null, writer => writer.Set(Drafts, layers));
        Assert.Contains("leaves none", Assert.Throws<GgufException>(() => { using Model model = Load(); }).Message,
            StringComparison.Ordinal);
        // One that is counted by no key has no place.
        Write("deepseek2-v3", null, _ => { }, [$"blk.{layers}.nextn.eh_proj.weight"]);
        Assert.Contains("has no place", Assert.Throws<GgufException>(() => { using Model model = Load(); }).Message,
            StringComparison.Ordinal);
    }

    private static void Set(GgufWriter writer, string key, object value)
    {
        if (value is uint whole) writer.Set(key, whole);
        else writer.Set(key, (float)value);
    }

    private Model Load() =>
        Model.Load(_path, new ModelOptions { Threads = 1, BatchRowsMax = 16, KvType = KvType.F32 });

    private unsafe void Write(string name, Func<string, bool>? without, Action<GgufWriter> more, string[]? extra = null)
    {
        GgufFile source = GgufFile.Open(ArchitectureTests.File(name));
        using WeightFile weights = WeightFile.Open(source, WeightLoading.Map);
        using var writer = new GgufWriter(_path);
        foreach (string key in source.Metadata.Keys)
            if (without?.Invoke(key) != true) writer.Copy(source.Metadata, key);
        more(writer);
        foreach (GgufTensor tensor in source.Tensors) writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Shape]);
        foreach (string tensor in extra ?? []) writer.AddTensor(tensor, QuantType.F32, 8);
        foreach (GgufTensor tensor in source.Tensors)
            writer.Write(tensor.Name, new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes));
        foreach (string tensor in extra ?? []) writer.Write(tensor, new byte[32]);
        writer.Complete();
    }
}
