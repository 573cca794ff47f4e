using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Edge.Tests.Models.Pack;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>Models of every type that is read as the file has it: integer arithmetic against the decoded weights, and
/// what `edge pack` makes of them.</summary>
public sealed class QuantTypeModelTests
{
    private static readonly int[] Ids = [7, 250, 13, 99, 180, 2, 2, 41, 77, 298, 5];

    public static TheoryData<QuantType> Types() =>
        [.. QuantTypes.Rows.Where(row => TileLayout.OfBlocks(row.Id) is not null).Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Forward_EverySet_AgreesWithTheDecodedWeights(QuantType type)
    {
        using TemporaryFile file = QuantTypeModels.Create(type);
        float[] reference = PackedDemo.Logits(file.Path, "scalar", Ids, 64, Arithmetic.Float);
        Assert.True(reference.Max() - reference.Min() > 0.5, "the model has no variety");
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            float[] logits = PackedDemo.Logits(file.Path, set.Name, Ids, 64);
            Assert.InRange(DemoModel.Divergence(reference, logits), 1e-12, 1e-3);
            Assert.Equal(logits, PackedDemo.Logits(file.Path, set.Name, Ids, 1));
        }
    }

    [Theory]
    [InlineData(QuantType.TQ1_0)]
    [InlineData(QuantType.TQ2_0)]
    [InlineData(QuantType.I2_S)]
    public void Pack_TernaryType_IsExact(QuantType type)
    {
        using TemporaryFile file = QuantTypeModels.Create(type), output = new();
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(file.Path, output.Path, new PackOptions { Threads = 2 });
        PackedTensor[] layers = [.. rows.Where(row => row.Name.Contains("blk.") && !row.Name.Contains("norm"))];
        Assert.Equal(14, layers.Length);
        Assert.All(layers, row => Assert.Equal(("TERNARY_1_67", 0, 0), (row.To, row.MaxError, row.RelativeError)));
        float[] before = PackedDemo.Logits(file.Path, "scalar", Ids, 64, Arithmetic.Float);
        float[] after = PackedDemo.Logits(output.Path, "scalar", Ids, 64, Arithmetic.Float);
        Assert.InRange(DemoModel.MaxDifference(before, after), 0, 1e-5);
    }

    [Fact]
    public void Pack_Q4_1WithAMiddleOfEight_IsExactAsDigits4()
    {
        using TemporaryFile output = new(), file = Q4_1(new Random(3), offsetInScales: -8);
        PackedTensor row = Assert.Single(ModelPacker.Pack(file.Path, output.Path, new PackOptions()));
        Assert.Equal(("DIGITS4_G32", 0, 0), (row.To, row.MaxError, row.RelativeError));
        using TemporaryFile other = Q4_1(new Random(3), offsetInScales: -7.5f), rounded = new();
        row = Assert.Single(ModelPacker.Pack(other.Path, rounded.Path, new PackOptions()));
        Assert.Equal("DIGITS4_G32", row.To);
        Assert.InRange(row.RelativeError, 0.01, 0.1);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Pack_EveryType_RunsAndReportsItsError(QuantType type)
    {
        using TemporaryFile file = QuantTypeModels.Create(type), output = new();
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(file.Path, output.Path, new PackOptions { Threads = 2 });
        Assert.All(rows, row => Assert.InRange(row.RelativeError, 0, 0.15));
        Assert.Equal(14, rows.Count(row => row.From != row.To));
        float[] before = PackedDemo.Logits(file.Path, null, Ids, 64);
        Assert.InRange(DemoModel.Divergence(before, PackedDemo.Logits(output.Path, null, Ids, 64)), 0, 0.2);
    }

    private static TemporaryFile Q4_1(Random random, float offsetInScales)
    {
        var file = new TemporaryFile();
        using var writer = new GgufWriter(file.Path);
        writer.Set("general.architecture", "llama");
        writer.AddTensor("blk.0.ffn_up.weight", QuantType.Q4_1, [256, 40]);
        var data = new byte[QuantTypes.Bytes(QuantType.Q4_1, [256, 40])];
        random.NextBytes(data);
        for (int at = 0; at < data.Length; at += 20)
        {
            var scale = (Half)(0.001 + 0.01 * random.NextDouble());
            BitConverter.TryWriteBytes(data.AsSpan(at), scale);
            BitConverter.TryWriteBytes(data.AsSpan(at + 2), (Half)((float)scale * offsetInScales));
        }
        writer.Write("blk.0.ffn_up.weight", data);
        writer.Complete();
        return file;
    }
}
