using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Kernels that sum whole rows in int32 are given no more columns than it holds.</summary>
public sealed class ColumnLimitTests
{
    private const int Limit = 65536, Rows = 12;

    [Theory]
    [InlineData(QuantType.TERNARY_2_0)]
    [InlineData(QuantType.TERNARY_1_67)]
    [InlineData(QuantType.TERNARY_1_6)]
    public void Matrix_MoreColumnsThanSumsHold_NamesTensorAndLimit(QuantType type)
    {
        Bind(type, Limit, Arithmetic.Integer);
        var e = Assert.Throws<GgufException>(() => Bind(type, Limit + 32, Arithmetic.Integer));
        Assert.Contains("'blk.0.ffn_down.weight' has 65568 columns", e.Message, StringComparison.Ordinal);
        Assert.Contains("hold 65536", e.Message, StringComparison.Ordinal);
        // Decoded weights are summed as floats.
        Bind(type, Limit + 32, Arithmetic.Float);
    }

    [Theory]
    [InlineData(Limit, QuantType.TERNARY_1_67)]
    [InlineData(2 * Limit, QuantType.DIGITS4_G32)]
    public void For_ColumnsOfAnyNumber_GetATypeThatRuns(int columns, QuantType expected)
    {
        long bytes = QuantTypes.Bytes(QuantType.F16, [columns, Rows]);
        var tensor = new GgufTensor("blk.0.ffn_down.weight", QuantType.F16, [columns, Rows], 0, bytes);
        (QuantType type, string? note) =
            PackPlan.For(tensor, tied: false, new PackOptions { Target = PackTarget.Ternary });
        Assert.Equal((expected, expected != QuantType.TERNARY_1_67), (type, note is not null));
    }

    private static unsafe void Bind(QuantType type, int columns, Arithmetic arithmetic)
    {
        using var path = new TemporaryFile();
        using (var writer = new GgufWriter(path.Path, QuantTypes.PackedAlignment))
        {
            writer.Set("general.architecture", "llama");
            long[] shape = [columns, Rows];
            writer.AddTensor("blk.0.ffn_down.weight", type, shape);
            byte[] data = new byte[QuantTypes.Bytes(type, shape)];
            if (type == QuantType.TERNARY_1_67) BitConverter.TryWriteBytes(data.AsSpan(4), Rows);
            writer.Write("blk.0.ffn_down.weight", data);
            writer.Complete();
        }
        GgufFile file = GgufFile.Open(path.Path);
        using var pool = new WorkerPool(1);
        using var tensors = new Edge.Models.Tensors(file, null, WeightFile.Open(file, WeightLoading.Read),
            KernelSet.Choose(null), pool, new ModelOptions { Arithmetic = arithmetic }, null);
        Matrix matrix = tensors.Matrix("blk.0.ffn_down.weight", Rows, columns);
        Assert.Equal(columns, matrix.Columns);
    }
}
