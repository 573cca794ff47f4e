using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Edge.Tests.Kernels;
using Xunit;
using Xunit.Abstractions;

namespace Edge.Tests.Models;

/// <summary>Integer arithmetic against the product in double: what the rounding of activations costs, with and without
/// ones that stand far out.</summary>
public sealed unsafe class OutliersTests(ITestOutputHelper output)
{
    private const int Rows = 512, Columns = 2048;

    public static TheoryData<QuantType, string, float> Cases()
    {
        var cases = new TheoryData<QuantType, string, float>();
        foreach (QuantType type in (QuantType[])[QuantType.DIGITS2_G128, QuantType.DIGITS3_G128, QuantType.DIGITS4_G128,
            QuantType.NESTED4_HI, QuantType.Q8_0, QuantType.Q4_0, QuantType.DIGITS4_G32])
        {
            foreach (string kind in (string[])["gauss", "uniform", "gate"]) cases.Add(type, kind, 0);
            foreach (float outlier in (float[])[8, 12, 20, 60, 2000]) cases.Add(type, "gauss", outlier);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void MatMul_ActivationsFarOut_LosesLessThanAPercent(QuantType type, string kind, float outlier)
    {
        var random = new Random(11);
        float[] x = [.. Enumerable.Range(0, Columns).Select(_ => Activation(random, kind))];
        if (outlier > 0) for (int i = 0; i < 4; i++) x[random.Next(Columns)] = outlier;
        KernelSet set = KernelSet.Choose("scalar");
        using NativeBytes tiles = Matrices.Tile(type, MatrixKernelTests.Values.Random, Columns, Rows);
        using var data = new NativeBytes(4 * Columns);
        using var memory = new NativeArena(1 << 20);
        TileLayout layout = set.Layout(type)!;
        x.CopyTo(data.FloatSpan);
        var buffer = new RowBuffer(data.Floats,
            new PreparedRows(new HashSet<ActivationFormat> { layout.Activations }, memory, 1, Columns), Columns);
        set.Prepare(buffer, 0, 1);
        float[] with = new float[Rows], without = new float[Rows];
        fixed (float* y = with, z = without)
        {
            var task = new MatMulTask
            {
                Kernel = set.Tiled(type), Weights = tiles.Pointer, X = buffer.Operand(layout.Activations, 0),
                Split = buffer.Split(layout.Activations, 0), Layout = layout, Y = y, Columns = Columns, Rows = Rows,
                Tokens = 1, YStride = Rows, TileRows = layout.Rows,
            };
            task.Run(0, task.TileCount);
            // As it is without.
            using var q = new NativeBytes(PreparedRows.Bytes(layout.Activations, Columns));
            if (layout.Activations == ActivationFormat.Groups) set.QuantizeGroups(data.Floats, q.Pointer, Columns, 1);
            else set.Quantize(data.Floats, q.Pointer, Columns, 1);
            set.Tiled(type)(tiles.Pointer, q.Pointer, z, Columns, 0, Rows, 1, Rows);
        }
        (double error, double before) = Errors(layout, tiles.Pointer, x, with, without);
        int split = *(int*)buffer.Split(layout.Activations, 0);
        output.WriteLine($"{type} {kind} {outlier}: {before:F5} -> {error:F5}, {split} split");
        // Also of long tails, which the product of two normals has in every unit.
        Assert.InRange(error, 1e-9, 0.01);
        if (outlier == 0 && (kind != "gate" || layout.Activations == ActivationFormat.Blocks)) Assert.Equal(0, split);
        Assert.True(outlier < 20 || before > 1.5 * error || before < 0.01, $"{before} before");
        if (split == 0) Assert.Equal(without, with);
    }

    private static (double With, double Without) Errors(TileLayout layout, byte* tiles, float[] x, float[] with,
        float[] without)
    {
        double largest = 0, error = 0, before = 0;
        var row = new float[Columns];
        for (int r = 0; r < Rows; r++)
        {
            fixed (float* w = row) layout.Decode(tiles, w, Columns, r);
            double sum = 0;
            for (int c = 0; c < Columns; c++) sum += row[c] * (double)x[c];
            largest = Math.Max(largest, Math.Abs(sum));
            error = Math.Max(error, Math.Abs(sum - with[r]));
            before = Math.Max(before, Math.Abs(sum - without[r]));
        }
        return (error / largest, before / largest);
    }

    private static float Activation(Random random, string kind) => kind switch
    {
        "uniform" => 2 * random.NextSingle() - 1,
        "gate" => Silu(Normal(random)) * Normal(random),
        _ => Normal(random),
    };

    private static float Silu(float x) => x / (1 + MathF.Exp(-x));

    private static float Normal(Random random) =>
        MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(2 * MathF.PI * random.NextSingle());
}
