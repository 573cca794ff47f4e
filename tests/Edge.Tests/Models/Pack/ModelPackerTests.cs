using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Which type a tensor gets, what rounding finds, and what a failed run leaves behind.</summary>
public sealed unsafe class ModelPackerTests
{
    [Fact]
    public void Pack_NamesAndShapes_DecideTheType()
    {
        using TemporaryFile input = Model(
            ("token_embd.weight", [128, 20]), ("output.weight", [128, 20]), ("output_norm.weight", [128]),
            ("blk.0.attn_q.weight", [256, 40]), ("blk.0.attn_k.weight", [96, 40]), ("blk.0.ffn_down.weight", [40, 20]),
            ("blk.0.ffn_gate_inp.weight", [128, 4]), ("blk.0.ffn_up_exps.weight", [128, 9, 3]), ("rope_freqs.weight",
                [16]));
        using var output = new TemporaryFile();

        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(input.Path, output.Path, new PackOptions { Target =
            PackTarget.Digits3, Threads = 3 });

        Assert.Equal(["Q8_0", "Q8_0", "F32", "DIGITS3_G128", "DIGITS4_G32", "F32", "F32", "DIGITS3_G128", "F32"],
            rows.Select(row => row.To));
        Assert.Equal("96 columns are no multiple of 128", rows[4].Note);
        Assert.Equal("40 columns are no multiple of 128", rows[5].Note);
        Assert.Null(rows[3].Note);
        GgufFile file = GgufFile.Open(output.Path);
        Assert.Equal(rows.Select(row => row.To), file.Tensors.Select(tensor => tensor.Type.ToString()));
        // Three experts, each with a tile and a page of its own.
        Assert.Equal(3 * 4096, rows[7].Bytes);
        Assert.Equal(27, rows[7].Rows);
        Assert.Single(output.FolderEntries);
    }

    [Theory]
    [InlineData(PackTarget.Digits4, TernaryLayout.Bits2_0)]
    [InlineData(PackTarget.Nested4, TernaryLayout.Bits2_0)]
    [InlineData(PackTarget.Digits3, TernaryLayout.Bits2_0)]
    [InlineData(PackTarget.Digits2, TernaryLayout.Bits2_0)]
    [InlineData(PackTarget.Ternary, TernaryLayout.Bits2_0)]
    [InlineData(PackTarget.Ternary, TernaryLayout.Bits1_67)]
    [InlineData(PackTarget.Ternary, TernaryLayout.Bits1_6)]
    public void Pack_WeightsThatFit_AreKeptToTheBit(PackTarget target, TernaryLayout layout)
    {
        (int least, int most) = target switch
        {
            PackTarget.Digits4 or PackTarget.Nested4 => (-8, 7), PackTarget.Digits3 => (-4, 3),
            PackTarget.Digits2 => (-2, 1), _ => (-1, 1),
        };
        const int Rows = 45, Columns = 384;
        var random = new Random((int)target);
        var weights = new float[Rows * Columns];
        int run = target == PackTarget.Ternary ? Columns : 128;
        float scale = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            // Scales with seven bits and either sign; the range's ends stand in every run.
            // TERNARY_1_67 is exact when all rows have one scale.
            if (i % run == 0 && (i == 0 || layout != TernaryLayout.Bits1_67))
                scale = (target == PackTarget.Ternary || random.Next(2) == 0 ? 1 : -1) * random.Next(65, 129) / 4096f;
            weights[i] = scale * (i % run == 0 ? least : i % run == 1 ? most : random.Next(least, most + 1));
        }
        using TemporaryFile input = Model(weights, ("blk.0.ffn_up.weight", [Columns, Rows]));
        using var output = new TemporaryFile();

        PackedTensor row = ModelPacker.Pack(input.Path, output.Path,
            new PackOptions { Target = target, Ternary = layout, Threads = 2 })[^1];

        Assert.Equal(0, row.MaxError);
        GgufFile file = GgufFile.Open(output.Path);
        using WeightFile bytes = WeightFile.Open(file, WeightLoading.Read);
        byte* tiles = bytes.Address(file.Tensors[0]);
        var decoded = new float[Columns];
        for (int r = 0; r < Rows; r++)
        {
            fixed (float* y = decoded)
            {
                if (target == PackTarget.Nested4)
                    Nested4Scalar.Decode(tiles, bytes.Address(file.Tensors[1]), y, Columns, r);
                else
                    KernelSet.Choose("scalar").Layout(file.Tensors[0].Type)!.Decode(tiles, y, Columns, r);
            }
            Assert.Equal(weights[(r * Columns)..((r + 1) * Columns)], decoded);
        }
    }

    [Theory]
    [InlineData(-8, 7, 0.097)]
    [InlineData(-4, 3, 0.190)]
    [InlineData(-2, 1, 0.375)]
    public void Fit_NormalWeights_ComesNearTheBestUniformSteps(int least, int most, double bound)
    {
        var random = new Random(most);
        double error = 0, squares = 0;
        var w = new float[128];
        var codes = new sbyte[128];
        for (int run = 0; run < 200; run++)
        {
            for (int i = 0; i < w.Length; i++)
                w[i] = Normal(random);
            float scale = Rounding.Fit(w, codes, least, most, isHalf: false);
            Assert.Equal(scale, Rounding.ToBF16(scale));
            Assert.All(codes, code => Assert.InRange(code, least, most));
            for (int i = 0; i < w.Length; i++)
            {
                error += (w[i] - codes[i] * scale) * (double)(w[i] - codes[i] * scale);
                squares += w[i] * (double)w[i];
            }
        }
        Assert.InRange(Math.Sqrt(error / squares), 0.8 * bound, bound);
    }

    [Fact]
    public void FitTernary_NormalWeights_ComesNearTheBestThreeLevels()
    {
        // Max and Lloyd: three levels of a normal variable leave 0.190 of its variance.
        var random = new Random(1);
        var w = new float[20000];
        var codes = new sbyte[w.Length];
        for (int i = 0; i < w.Length; i++)
            w[i] = Normal(random);
        float scale = Rounding.FitTernary(w, [], codes, isHalf: false);
        double error = w.Select((x, i) => Math.Pow(x - codes[i] * scale, 2)).Sum();
        Assert.InRange(error / w.Sum(x => (double)x * x), 0.185, 0.196);
        Assert.Equal<sbyte>([-1, 0, 1], codes.Distinct().Order());
    }

    [Fact]
    public void Fit_Zeros_GiveZeros()
    {
        var codes = new sbyte[128];
        Array.Fill(codes, (sbyte)5);
        Assert.Equal(0, Rounding.Fit(new float[128], codes, -8, 7, isHalf: false));
        Assert.All(codes, code => Assert.Equal(0, code));
        Assert.Equal(0, Rounding.FitTernary(new float[128], [], codes, isHalf: false));
    }

    [Fact]
    public void Pack_WeightThatIsNoNumber_IsRefusedAndNothingIsLeft()
    {
        var weights = new float[128 * 20];
        weights[1500] = float.NaN;
        using TemporaryFile input = Model(weights, ("blk.0.ffn_up.weight", [128, 20]));
        using var output = new TemporaryFile();
        GgufException error = Assert.Throws<GgufException>(() =>
            ModelPacker.Pack(input.Path, output.Path, new PackOptions()));
        Assert.Contains("'blk.0.ffn_up.weight' has 1 weights", error.Message, StringComparison.Ordinal);
        Assert.Empty(output.FolderEntries);
    }

    [Fact]
    public void Pack_Cancelled_LeavesTheOldFile()
    {
        using TemporaryFile input = Model(("blk.0.ffn_up.weight", [128, 20]));
        using var output = new TemporaryFile([1, 2, 3]);
        Assert.Throws<OperationCanceledException>(
            () => ModelPacker.Pack(input.Path, output.Path, new PackOptions(),
                cancel: new CancellationToken(canceled: true)));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(output.Path));
        Assert.Throws<IOException>(() => ModelPacker.Pack(input.Path, input.Path, new PackOptions()));
    }

    [Fact]
    public void Checksum_AnyPieces_GiveTheSameValue()
    {
        var bytes = new byte[1000];
        new Random(2).NextBytes(bytes);
        var whole = new Checksum();
        whole.Add(bytes);
        var random = new Random(3);
        for (int run = 0; run < 20; run++)
        {
            var parts = new Checksum();
            for (int at = 0; at < bytes.Length;)
            {
                int count = Math.Min(random.Next(40), bytes.Length - at);
                parts.Add(bytes.AsSpan(at, count));
                at += count;
            }
            Assert.Equal(whole.Value, parts.Value);
        }
        var seen = new HashSet<ulong> { whole.Value };
        for (int bit = 0; bit < 8 * bytes.Length; bit += 7)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            var other = new Checksum();
            other.Add(bytes);
            Assert.True(seen.Add(other.Value));
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
        var shorter = new Checksum();
        shorter.Add(new byte[16]);
        var longer = new Checksum();
        longer.Add(new byte[17]);
        Assert.NotEqual(shorter.Value, longer.Value);
    }

    private static float Normal(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));

    private static TemporaryFile Model(params (string Name, long[] Shape)[] tensors)
    {
        var random = new Random(7);
        long count = tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (a, b) => a * b));
        return Model([.. Enumerable.Range(0, (int)count).Select(_ => random.NextSingle() - 0.5f)], tensors);
    }

    private static TemporaryFile Model(float[] values, params (string Name, long[] Shape)[] tensors)
    {
        var file = new TemporaryFile();
        using var writer = new GgufWriter(file.Path);
        writer.Set("general.architecture", "llama");
        foreach ((string name, long[] shape) in tensors) writer.AddTensor(name, QuantType.F32, shape);
        int at = 0;
        foreach ((string name, long[] shape) in tensors)
        {
            int count = (int)shape.Aggregate(1L, (a, b) => a * b);
            writer.Write(name, MemoryMarshal.AsBytes(values.AsSpan(at, count)));
            at += count;
        }
        writer.Complete();
        return file;
    }
}
