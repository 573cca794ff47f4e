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

    private static void Compare(string path, MemoryPlanKind kind, int vocabulary)
    {
        var random = new Random(5);
        int[] ids = [.. Enumerable.Range(0, 700).Select(_ => random.Next(vocabulary))];
        var whole = new ModelOptions { Threads = 2, BatchRowsMax = 20 };
        var streamed = whole with
        {
            BatchRowsMax = 33,
            Memory = new MemoryBudget { Bytes = 1, ContextLength = Window, ProgramBytes = 0 },
        };
        long least = MemoryPlanner.Plan(path, streamed).LeastBytes;
        streamed = streamed with { Memory = streamed.Memory with { Bytes = least + 10_000 } };
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
