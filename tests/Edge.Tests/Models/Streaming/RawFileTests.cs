using Edge.Gguf;
using Edge.Models;
using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Weights;
using Xunit;

namespace Edge.Tests.Models.Streaming;

/// <summary>Files as they are downloaded: their matrices begin and end inside pages, and the bits are those of the
/// whole model all the same.</summary>
public sealed class RawFileTests
{
    private const int Layers = 6;
    private static readonly int[] Ids = [.. Enumerable.Range(0, 30).Select(i => (i * 37 + 5) % 300)];

    [Theory]
    [InlineData(QuantType.F32, Arithmetic.Integer)]
    [InlineData(QuantType.F16, Arithmetic.Integer)]
    [InlineData(QuantType.BF16, Arithmetic.Integer)]
    [InlineData(QuantType.Q8_0, Arithmetic.Integer)]
    [InlineData(QuantType.Q8_0, Arithmetic.Float)]
    [InlineData(QuantType.Q4_0, Arithmetic.Integer)]
    [InlineData(QuantType.Q5_0, Arithmetic.Integer)]
    [InlineData(QuantType.Q3_K, Arithmetic.Integer)]
    [InlineData(QuantType.Q4_K, Arithmetic.Integer)]
    [InlineData(QuantType.Q6_K, Arithmetic.Integer)]
    [InlineData(QuantType.IQ4_NL, Arithmetic.Integer)]
    public void Forward_LayersOfAnyType_GiveTheBitsOfTheWholeModel(QuantType type, Arithmetic arithmetic)
    {
        using TemporaryFile file = QuantTypeModels.Create(type, Layers);
        Assert.Contains(GgufFile.Open(file.Path).Tensors, tensor => tensor.Offset % 4096 != 0);
        var options = new ModelOptions { Threads = 2, Arithmetic = arithmetic };
        using Model whole = Model.Load(file.Path, options), model = Load(
            file.Path, options with { Memory = StreamedLayersTests.Budget(file.Path, 1) });
        Assert.Equal(MemoryPlanKind.LayerWindow, model.Plan!.Kind);
        Compare(whole, model, Ids);
        Assert.Equal(0, model.Stream!.Value.Residency.Failures);
    }

    [Theory]
    [InlineData("q4_0")]
    [InlineData("q8_0")]
    public void Forward_Experts_GiveTheBitsOfTheWholeModel(string type)
    {
        string path = DemoModel.File(type);
        var options = new ModelOptions { Threads = 2 };
        using Model whole = Model.Load(path, options), model = Load(
            path, options with { Memory = StreamedExpertsTests.Budget(path, 7) });
        Assert.Equal((MemoryPlanKind.ExpertCache, 7), (model.Plan!.Kind, model.Plan.Slots));
        Compare(whole, model, DemoModel.Reference(type)[0].Ids);
        Assert.True(model.Stream!.Value.Residency.Misses > 0);
    }

    [Fact]
    public void Forward_ScalesThatAreNoNumbers_AreRefused()
    {
        using TemporaryFile file = QuantTypeModels.Create(QuantType.Q8_0, Layers);
        GgufTensor damaged = GgufFile.Open(file.Path).Get("blk.3.ffn_up.weight");
        using (var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Write))
        {
            stream.Position = damaged.Offset + 34 * 100;
            stream.Write([0, 0x7c]); // the half that is infinite
        }
        using Model model = Load(file.Path,
            new ModelOptions { Threads = 2, Memory = StreamedLayersTests.Budget(file.Path, 0) });
        using KvCache cache = model.CreateCache(256);
        var e = Assert.Throws<Edge.Weights.WeightReadException>(() => DemoModel.Run(model, cache, Ids, 8));
        Assert.Equal(damaged.Offset, e.ByteOffset);
    }

    private static Model Load(string path, ModelOptions options) => Model.Load(path, options with
    {
        OpenStorage = name => new FaultyStorage(name, 3) { DelayMicrosMax = 200 },
    });

    private static void Compare(Model whole, Model model, int[] ids)
    {
        using KvCache a = whole.CreateCache(256), b = model.CreateCache(256);
        float[] expected = DemoModel.Run(whole, a, ids, 64);
        Assert.Equal(expected, DemoModel.Run(model, b, ids, 7));
        Assert.True(expected.Distinct().Count() > 250);
        for (int i = 0; i < 6; i++)
        {
            int next = DemoModel.ArgMax(expected);
            expected = DemoModel.Run(whole, a, [next], 1);
            Assert.Equal(expected, DemoModel.Run(model, b, [next], 1));
        }
    }
}
