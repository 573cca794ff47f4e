using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Weights;
using Xunit;
using Xunit.Abstractions;

namespace Edge.Tests.Models.Pack;

/// <summary>What the rounding of activations costs where it matters: everything that the matrices of the demo model
/// multiply while it reads its reference prompts, as integers and in double, with the same weights.</summary>
[Collection("packed demo")]
public sealed unsafe class RealActivationTests(PackedDemo demo, ITestOutputHelper output)
{
    /// <summary>Every so many rows that a matrix meets are compared.</summary>
    private const int Stride = 7;

    public static TheoryData<string, PackOptions?> Families() => new()
    {
        { "q8_0", null },
        { "q4_0", null },
        { "q4_0", new() { Target = PackTarget.Keep } },
        { "q8_0", new() { Target = PackTarget.Digits4 } },
        { "q8_0", new() { Target = PackTarget.Digits3 } },
        { "q8_0", new() { Target = PackTarget.Digits2 } },
        { "q8_0", new() { Target = PackTarget.Nested4 } },
        { "q8_0", new() { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits2_0 } },
        { "q8_0", new() { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits1_67 } },
        { "q8_0", new() { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits1_6 } },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void MatMul_ActivationsOfTheReferencePrompts_LosesLessThanAPercent(string type,
        PackOptions? options)
    {
        string path = options is null ? DemoModel.File(type) : demo.Get(type, options).Path;
        List<Seen> seen = Capture(path, type);
        Assert.True(seen.Select(row => row.Tensor).Distinct().Count() >= 29, "not all matrices were met");
        Dictionary<QuantType, List<double>> errors = Errors(path, seen);
        foreach ((QuantType family, List<double> of) in errors)
        {
            of.Sort();
            output.WriteLine($"{family}: {of.Count} products, error / max |y| {of[of.Count / 2]:F5} in the median, " +
                $"{of[of.Count * 99 / 100]:F5} at 99 %, {of[^1]:F5} at most");
        }
        // The few above a percent are products whose largest result is small: the row is almost at right angles to
        // all of the matrix. One scale per token is for models that were trained with it, as ternary ones are.
        Assert.All(errors, family =>
        {
            bool ternary = QuantTypes.Of(family.Key).Name.StartsWith("TERNARY", StringComparison.OrdinalIgnoreCase);
            Assert.InRange(family.Value[family.Value.Count * 99 / 100], 1e-9, ternary ? 0.045 : 0.01);
            Assert.InRange(family.Value[^1], 1e-9,
                ternary ? 0.06 : family.Key == QuantType.DIGITS2_G128 ? 0.0135 : 0.0125);
        });
    }

    private static List<Seen> Capture(string path, string type)
    {
        var seen = new List<Seen>();
        var met = new Dictionary<string, int>();
        using Model model = Model.Load(path, new ModelOptions { Threads = 1 });
        ((Transformer)model).Record((tensor, matrix, _, x, columns, rows) =>
        {
            for (int r = 0; r < rows; r++)
            {
                met[tensor] = met.GetValueOrDefault(tensor) + 1;
                if (met[tensor] % Stride == 1)
                    seen.Add(new Seen(tensor, matrix, new ReadOnlySpan<float>(x + r * columns, columns).ToArray()));
            }
        });
        foreach (DemoModel.Prompt prompt in DemoModel.Reference(type))
        {
            using KvCache cache = model.CreateCache(256);
            DemoModel.Run(model, cache, prompt.Ids, 16);
        }
        return seen;
    }

    /// <summary>Largest error of each product's rows, relative to its largest result.</summary>
    private static Dictionary<QuantType, List<double>> Errors(string path, List<Seen> seen)
    {
        var errors = new Dictionary<QuantType, List<double>>();
        GgufFile file = GgufFile.Open(path);
        KernelSet set = KernelSet.Choose(null);
        using var loaders = new WorkerPool(1);
        using var tensors = new Tensors(file, PackHeader.Find(file), WeightFile.Open(file, WeightLoading.Map), set,
            loaders, new ModelOptions(), null);
        foreach (IGrouping<(string, long), Seen> rows in seen.GroupBy(row => (row.Tensor, row.Matrix)))
        {
            GgufTensor tensor = file.Get(rows.Key.Item1);
            long experts = tensor.Shape.Count > 2 ? tensor.Shape[2] : 1;
            Matrix matrix = experts > 1
                ? tensors.Stack(tensor.Name, tensor.Shape[1], tensor.Columns, experts)
                : tensors.Matrix(tensor.Name, tensor.Shape[1], tensor.Columns);
            if (matrix.Layout is null) continue; // the router's, in float
            if (!errors.TryGetValue(matrix.Type, out List<double>? of)) errors.Add(matrix.Type, of = []);
            of.AddRange(Errors(matrix, rows.Key.Item2, [.. rows], set));
        }
        return errors;
    }

    private static List<double> Errors(Matrix matrix, long index, Seen[] seen, KernelSet set)
    {
        int columns = (int)matrix.Columns, rows = (int)matrix.Rows;
        byte* weights = matrix.Weights + index * matrix.StackBytes;
        byte* low = matrix.Low == null ? null : matrix.Low + index * matrix.LowStackBytes;
        var decoded = new float[rows * columns];
        fixed (float* to = decoded)
        {
            for (int r = 0; r < rows; r++)
            {
                if (low == null) matrix.Layout!.DecodeRow(weights, to + r * columns, columns, r);
                else Edge.Kernels.Nested4Scalar.Decode(weights, low, to + r * columns, columns, r);
            }
        }
        ActivationFormat format = matrix.Layout!.Activations;
        using var memory = new NativeArena(1 << 20);
        var x = new RowBuffer(memory.TakeFloats(columns),
            new PreparedRows(new HashSet<ActivationFormat> { format }, memory, 1, columns), columns);
        float* y = memory.TakeFloats(rows);
        var errors = new List<double>();
        foreach (Seen row in seen)
        {
            row.X.CopyTo(new Span<float>(x.Data, columns));
            set.Prepare(x, 0, 1);
            var task = new MatMulTask
            {
                Kernel = matrix.Kernel, Planes = matrix.Planes, Weights = weights, Low = low,
                X = x.Operand(format, 0), Split = x.Split(format, 0), Layout = matrix.Layout, Y = y, Columns = columns,
                Rows = rows, Tokens = 1, YStride = rows, TileRows = matrix.TileRows,
            };
            task.Run(0, task.TileCount);
            double largest = 0, error = 0;
            for (int r = 0; r < rows; r++)
            {
                double sum = 0;
                for (int c = 0; c < columns; c++) sum += decoded[r * columns + c] * (double)row.X[c];
                largest = Math.Max(largest, Math.Abs(sum));
                error = Math.Max(error, Math.Abs(sum - y[r]));
            }
            errors.Add(error / largest);
        }
        return errors;
    }

    private sealed record Seen(string Tensor, long Matrix, float[] X);
}
