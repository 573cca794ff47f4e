using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Models.Streaming;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>A calibration run of a model that is larger than the memory that it may take.</summary>
[Collection("packed demo")]
public sealed class StreamedCalibrationTests(PackedDemo demo, TinyDense tiny) : IClassFixture<TinyDense>
{
    private const int Window = 48, Tokens = 400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_LayersThatStream_SeesWhatTheWholeModelSees(bool isPacked)
    {
        var keep = new PackOptions { Target = PackTarget.Keep };
        using var kept = new Gguf.TemporaryFile();
        if (!isPacked) ModelPacker.Pack(tiny.Source, kept.Path, keep);
        Compare(isPacked ? tiny.Packed : kept.Path, MemoryPlanKind.LayerWindow, TinyDense.Vocabulary);
    }

    /// <summary>As it was downloaded, down to one slot, the table being the head or not.</summary>
    [Theory]
    [InlineData(WindowGrain.Layers, false)]
    [InlineData(WindowGrain.Matrices, false)]
    [InlineData(WindowGrain.MatricesAndHead, false)]
    [InlineData(WindowGrain.Layers, true)]
    [InlineData(WindowGrain.Matrices, true)]
    [InlineData(WindowGrain.MatricesAndHead, true)]
    public void Run_RawFileInAnyGrain_SeesWhatTheWholeModelSees(WindowGrain grain, bool isTied)
    {
        using Gguf.TemporaryFile file = QuantTypeModels.Create(QuantType.F16, 4, isTied);
        Compare(file.Path, MemoryPlanKind.LayerWindow, 300, grain);
    }

    [Theory]
    [InlineData(PackTarget.Keep)]
    [InlineData(PackTarget.Digits4)]
    public void Run_ExpertsThatStream_SeesWhatTheWholeModelSees(PackTarget target) => Compare(
        demo.Get("q8_0", new PackOptions { Target = target }).Path, MemoryPlanKind.ExpertCache, 300);

    [Fact]
    public void Within_NoSize_IsTheLargestTensorAndHalfAGigabyte()
    {
        ModelOptions options = Calibration.Within(0, tiny.Packed, Window, new ModelOptions());
        Assert.InRange(options.Memory!.Bytes, 512L << 20, (512L << 20) + 1_000_000);
        Assert.Equal(Window, options.Memory.ContextLength);
    }

    [Fact]
    public void Within_TooLittle_SaysWhatIsNeeded()
    {
        var e = Assert.Throws<ArgumentException>(() => Calibration.Within(1_000_000, tiny.Packed, Window,
            new ModelOptions()));
        Assert.Contains("least with which it streams", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Shapes of published models whose header is all that the file has: what a calibration may take by
    /// default is enough.</summary>
    [Theory]
    [InlineData(32, 4096, 11008, 32, 32, 32000, false)] // Llama 2 7B
    [InlineData(40, 5120, 13824, 40, 40, 32000, false)] // Llama 2 13B
    [InlineData(32, 4096, 14336, 32, 8, 128256, false)] // Llama 3 8B
    [InlineData(28, 3072, 8192, 24, 8, 128256, true)] // Llama 3.2 3B
    [InlineData(22, 2048, 5632, 32, 4, 32000, false)] // TinyLlama 1.1B
    [InlineData(60, 6656, 17920, 52, 52, 32000, false, 511)] // Llama 33B, whose cache wants a shorter window
    [InlineData(80, 8192, 22016, 64, 64, 32000, false, 511)] // Llama 65B
    public void Within_PublishedShapesInF16_AreTheLargestTensorAndHalfAGigabyte(int layers, int width, int feedForward,
        int heads, int headsKv, int vocabulary, bool isTied, int windowMost = 512)
    {
        using var file = new Gguf.TemporaryFile();
        WriteShape(file.Path, layers, width, feedForward, heads, headsKv, vocabulary, isTied);
        ModelOptions options = Calibration.Within(0, file.Path, 512, new ModelOptions());
        Assert.Equal(2L * vocabulary * width + (512L << 20), options.Memory!.Bytes);
        Assert.InRange(options.Memory.ContextLength, windowMost == 512 ? 512 : 64, windowMost);
        MemoryPlan plan = MemoryPlanner.Plan(file.Path, options);
        Assert.Null(plan.Refusal);
        Assert.True(plan.TotalBytes <= options.Memory.Bytes, $"{plan.TotalBytes} of {options.Memory.Bytes}");
        Assert.Equal(MemoryPlanKind.LayerWindow, plan.Kind);
        Assert.True(plan.LeastBytes <= options.Memory.Bytes);
    }

    /// <summary>A file of holes: nothing is written but the header.</summary>
    internal static void WriteShape(string path, int layers, int width, int feedForward, int heads, int headsKv,
        int vocabulary, bool isTied)
    {
        using var writer = new GgufWriter(path);
        writer.Set("general.architecture", "llama");
        writer.Set("llama.block_count", (uint)layers);
        writer.Set("llama.context_length", 4096u);
        writer.Set("llama.embedding_length", (uint)width);
        writer.Set("llama.feed_forward_length", (uint)feedForward);
        writer.Set("llama.attention.head_count", (uint)heads);
        writer.Set("llama.attention.head_count_kv", (uint)headsKv);
        writer.Set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Set("llama.vocab_size", (uint)vocabulary);
        int kv = width / heads * headsKv;
        var tensors = new List<(string Name, long[] Shape)> { ("token_embd.weight", [width, vocabulary]) };
        if (!isTied) tensors.Add(("output.weight", [width, vocabulary]));
        for (int l = 0; l < layers; l++)
        {
            tensors.Add(($"blk.{l}.attn_q.weight", [width, width]));
            tensors.Add(($"blk.{l}.attn_k.weight", [width, kv]));
            tensors.Add(($"blk.{l}.attn_v.weight", [width, kv]));
            tensors.Add(($"blk.{l}.attn_output.weight", [width, width]));
            tensors.Add(($"blk.{l}.ffn_gate.weight", [width, feedForward]));
            tensors.Add(($"blk.{l}.ffn_up.weight", [width, feedForward]));
            tensors.Add(($"blk.{l}.ffn_down.weight", [feedForward, width]));
            tensors.Add(($"blk.{l}.attn_norm.weight", [width]));
            tensors.Add(($"blk.{l}.ffn_norm.weight", [width]));
        }
        tensors.Add(("output_norm.weight", [width]));
        foreach ((string name, long[] shape) in tensors)
            writer.AddTensor(name, shape.Length == 1 ? QuantType.F32 : QuantType.F16, shape);
        foreach ((string name, _) in tensors) writer.Skip(name);
        writer.Complete();
    }

    private static void Compare(string path, MemoryPlanKind kind, int vocabulary, WindowGrain? grain = null)
    {
        var random = new Random(5);
        int[] ids = [.. Enumerable.Range(0, 700).Select(_ => random.Next(vocabulary))];
        var whole = new ModelOptions { Threads = 2, BatchRowsMax = 20 };
        var streamed = whole with
        {
            BatchRowsMax = 33,
            Memory = new MemoryBudget { Bytes = 1, ContextLength = Window, ProgramBytes = 0 },
        };
        long bytes = grain is { } unit ? StreamedLayersTests.Budget(path, 0, unit, Window).Bytes
            : MemoryPlanner.Plan(path, streamed).LeastBytes + 10_000;
        streamed = streamed with { Memory = streamed.Memory with { Bytes = bytes } };
        if (grain is not null) Assert.Equal(grain, MemoryPlanner.Plan(path, streamed).Grain);
        Importance expected = Run(path, whole, ids, null), actual = Run(path, streamed, ids, kind);
        Assert.InRange(expected.Tokens, Tokens - Window, Tokens);
        Assert.Equal(expected.Tokens, actual.Tokens);
        Assert.Equal(expected.Identity, actual.Identity);
    }

    private static Importance Run(string path, ModelOptions options, int[] ids, MemoryPlanKind? kind)
    {
        using Model model = Model.Load(path, options);
        Assert.Equal(kind, model.Plan?.Kind);
        return Calibration.Run(model, ids, Window, Tokens);
    }
}
