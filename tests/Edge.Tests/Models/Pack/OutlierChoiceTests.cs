using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Which weights are kept apart, and what the digits gain by it.</summary>
public sealed unsafe class OutlierChoiceTests
{
    private const string Name = "blk.0.ffn_up.weight";
    private const double Share = 0.0045;

    /// <summary>Per group 127 integers −4 … 3 and one weight of 64. Without it 3 bits hold the group exactly. With it,
    /// of any scale a: either |a| ≤ 8, and 64 is missed by at least 64 − 4 · 8 = 32; or |a| > 8, the integers are
    /// nearest to zero, and each is missed by its whole size. The least squared error of a group is the smaller of 32²
    /// and Σ w².</summary>
    [Fact]
    public void Pack_ExactGroupsWithAnOutlierEach_LosesNothingAndAtLeastTheBoundWithout()
    {
        const int Rows = 64, Columns = 512;
        var random = new Random(5);
        var weights = new float[Rows * Columns];
        double bound = 0, squares = 0;
        for (int g = 0; g < weights.Length; g += 128)
        {
            double own = 0;
            for (int i = 0; i < 128; i++)
            {
                weights[g + i] = random.Next(-4, 4);
                own += weights[g + i] * weights[g + i];
            }
            int at = g + random.Next(128);
            own -= weights[at] * weights[at];
            weights[at] = random.Next(2) == 0 ? 64 : -64;
            squares += own + 64 * 64;
            bound += Math.Min(32 * 32, own);
        }
        PackedTensor without = Pack(weights, Rows, Columns, QuantType.F32, PackTarget.Digits3, 0);
        PackedTensor with = Pack(weights, Rows, Columns, QuantType.F32, PackTarget.Digits3, 1.0 / 128);
        Assert.True(without.RelativeError >= Math.Sqrt(bound / squares), $"{without.RelativeError}");
        Assert.True(Math.Sqrt(bound / squares) > 0.3);
        Assert.Equal((0, 0), (with.RelativeError, with.MaxError));
        Assert.Equal(1.0 / 128, with.OutlierShare);
    }

    /// <summary>Measured, without and with: 0.184 and 0.116 at 4 bits, 0.310 and 0.215 at 3, 0.484 and 0.378 at
    /// 2.</summary>
    [Theory]
    [InlineData(PackTarget.Digits4, 0.66)]
    [InlineData(PackTarget.Digits3, 0.72)]
    [InlineData(PackTarget.Digits2, 0.81)]
    public void Pack_HeavyTails_LosesMuchLess(PackTarget target, double most)
    {
        float[] weights = Student(128 * 1024, 3, 1);
        PackedTensor without = Pack(weights, 128, 1024, QuantType.F16, target, 0);
        PackedTensor with = Pack(weights, 128, 1024, QuantType.F16, target, Share);
        Assert.True(with.RelativeError < most * without.RelativeError,
            $"{target}: {without.RelativeError} -> {with.RelativeError}");
        Assert.True(with.MaxError < without.MaxError);
    }

    [Fact]
    public void Pack_ColumnsInBlocksOf32_KeepOutliersApartToo()
    {
        float[] weights = Student(64 * 96, 3, 10);
        PackedTensor without = Pack(weights, 64, 96, QuantType.F16, PackTarget.Digits3, 0);
        PackedTensor with = Pack(weights, 64, 96, QuantType.F16, PackTarget.Digits3, 0.01);
        Assert.Equal(("DIGITS4_G32", "DIGITS4_G32"), (without.To, with.To));
        Assert.InRange(with.RelativeError, 0.01, 0.85 * without.RelativeError);
    }

    [Theory]
    [InlineData(PackTarget.Digits4)]
    [InlineData(PackTarget.Digits3)]
    [InlineData(PackTarget.Digits2)]
    public void Pack_NormalWeights_NeverLosesMoreAndThePredictedShareIsMeasured(PackTarget target)
    {
        float[] weights = Student(64 * 512, 400, 2);
        PackedTensor without = Pack(weights, 64, 512, QuantType.F16, target, 0);
        PackedTensor with = Pack(weights, 64, 512, QuantType.F16, target, Share);
        Assert.InRange(with.RelativeError, 0.8 * without.RelativeError, 0.97 * without.RelativeError);
        Assert.Equal(Math.Floor(Share * 64 * 512) / (64 * 512), with.OutlierShare);
    }

    [Theory]
    [InlineData(QuantType.F16, QuantType.SPARSE_F16)]
    [InlineData(QuantType.BF16, QuantType.SPARSE_BF16)]
    [InlineData(QuantType.F32, QuantType.SPARSE_F16)]
    public void Pack_HalfAndBFloatSources_KeepTheBitsAndLeaveZerosAmongTheDigits(QuantType source, QuantType kept)
    {
        const int Rows = 48, Columns = 384;
        float[] weights = Student(Rows * Columns, 3, 3);
        using var input = Source(weights, Rows, Columns, source, Name);
        using var output = new TemporaryFile();
        ModelPacker.Pack(input.Path, output.Path, new PackOptions { Target = PackTarget.Digits3, Outliers = 0.01 });
        GgufFile file = GgufFile.Open(output.Path);
        GgufTensor dense = file.Get(Name), sparse = file.Get(Name + ".outliers");
        Assert.Equal(kept, sparse.Type);
        byte[] bytes = File.ReadAllBytes(output.Path);
        byte[] original = File.ReadAllBytes(input.Path);
        GgufTensor from = GgufFile.Open(input.Path).Get(Name);
        int count = 0;
        fixed (byte* packed = bytes, unpacked = original)
        {
            uint* words = (uint*)(packed + sparse.Offset);
            Assert.Null(SparseWeights.Problem(words, sparse.Columns, Rows, Columns, SparseWeights.FormatOf(kept),
                out _));
            float[] row = new float[Columns];
            for (int r = 0; r < Rows; r++)
            {
                fixed (float* y = row) Digits3Scalar.Decode(packed + dense.Offset, y, Columns, r);
                for (uint i = words[r]; i < words[r + 1]; i++, count++)
                {
                    long at = r * (long)Columns + (words[i] & 0xFFFF);
                    ushort bits = source == QuantType.F32
                        ? FloatScalar.ToF16(((float*)(unpacked + from.Offset))[at])
                        : ((ushort*)(unpacked + from.Offset))[at];
                    Assert.Equal(bits, words[i] >> 16);
                    Assert.Equal(0, row[words[i] & 0xFFFF]);
                }
            }
        }
        Assert.Equal((int)(0.01 * Rows * Columns), count);
    }

    [Fact]
    public void Choose_AnyNumberOfThreads_TakesTheSameWeights()
    {
        float[] weights = Student(96 * 256, 3, 4);
        uint[] one = Choose(weights, 96, 256, 0.03, threads: 1);
        Assert.Equal(one, Choose(weights, 96, 256, 0.03, threads: 2));
        Assert.Equal(one, Choose(weights, 96, 256, 0.03, threads: 7));
    }

    [Fact]
    public void Choose_ColumnsThatMatter_AreSparedFirst()
    {
        float[] weights = Student(128 * 256, 400, 5);
        float[] importance = [.. Enumerable.Range(0, 256).Select(c => c % 16 == 3 ? 14f : 0.1333f)];
        uint[] plain = Choose(weights, 128, 256, 0.01, 2), weighted = Choose(weights, 128, 256, 0.01, 2, importance);
        Assert.InRange(Mattering(plain), 0, 0.2);
        Assert.InRange(Mattering(weighted), 0.9, 1);

        static double Mattering(uint[] words) =>
            words.Skip(129).Count(word => (word & 15) == 3) / (double)(words.Length - 129);
    }

    [Fact]
    public void Choose_MoreThanOneHugeWeightInAGroup_TakesThemTogether()
    {
        float[] weights = Student(16 * 128, 400, 6);
        foreach (int at in (int[])[5, 40, 41, 100]) weights[7 * 128 + at] = 50;
        uint[] words = Choose(weights, 16, 128, 4.0 / weights.Length, 2);
        Assert.Equal([5u, 40, 41, 100], words.Skip((int)words[7]).Take(4).Select(word => word & 0xFFFF));
        Assert.Equal((words[7] + 4, words[16]), (words[8], words[7] + 4));
    }

    [Fact]
    public void Choose_WeightsBeyondHalf_StayAmongTheDigits()
    {
        float[] weights = Student(16 * 128, 400, 7);
        (weights[3], weights[500]) = (1e6f, -7e4f);
        uint[] words = Choose(weights, 16, 128, 0.01, 2);
        Assert.DoesNotContain(words[(int)words[0]..(int)words[1]], word => (word & 0xFFFF) == 3);
        Assert.DoesNotContain(words[(int)words[3]..(int)words[4]], word => (word & 0xFFFF) == 500 % 128);
        Assert.Equal((uint)(17 + (int)(0.01 * 2048)), words[16]);
    }

    [Fact]
    public void Choose_NothingWorthIt_TakesFewer()
    {
        var weights = new float[16 * 128];
        weights[130] = 3;
        uint[] words = Choose(weights, 16, 128, 0.01, 2);
        // One weight alone is exact as it is.
        Assert.Equal(17u, words[16]);
        Assert.All(words.Skip(17), word => Assert.Equal(0u, word));
    }

    [Fact]
    public void Pack_MixedWithRoomForOne_GivesOutliersToTheHeavyTails()
    {
        const int Rows = 512, Columns = 1024;
        const string Other = "blk.0.ffn_gate.weight";
        using var input = new TemporaryFile();
        using (var writer = new GgufWriter(input.Path))
        {
            writer.Set("general.architecture", "llama");
            writer.AddTensor(Other, QuantType.F32, Columns, Rows);
            writer.AddTensor(Name, QuantType.F32, Columns, Rows);
            writer.Write(Other, MemoryMarshal.AsBytes(Student(Rows * Columns, 400, 8).AsSpan()));
            writer.Write(Name, MemoryMarshal.AsBytes(Student(Rows * Columns, 3, 9).AsSpan()));
            writer.Complete();
        }
        using var output = new TemporaryFile();
        long least = ModelPacker.Forecast(input.Path, new PackOptions { Target = PackTarget.Digits2 }).FileBytes;
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(input.Path, output.Path, new PackOptions
        {
            Target = PackTarget.Mixed, TargetBytes = least + 20_000, Outliers = Share,
        });
        Assert.Equal(0, rows.Single(row => row.Name == Other).OutlierShare);
        Assert.True(rows.Single(row => row.Name == Name).OutlierShare > 0.0044);
        Assert.InRange(new FileInfo(output.Path).Length, 1, least + 20_000);
    }

    private static uint[] Choose(float[] weights, int rows, int columns, double share, int threads,
        float[]? importance = null)
    {
        var choice = new OutlierChoice(QuantType.F32, QuantType.DIGITS3_G128, columns, share, threads);
        var words = new uint[OutlierChoice.Words(rows, columns, share)];
        fixed (float* w = weights, h = importance)
        fixed (uint* to = words)
        {
            choice.Choose((byte*)w, rows, h, to, CancellationToken.None);
            Assert.Null(SparseWeights.Problem(to, words.Length, rows, columns, SparseScalar.F16, out _));
        }
        return words;
    }

    private static PackedTensor Pack(float[] weights, int rows, int columns, QuantType source, PackTarget target,
        double share)
    {
        using var input = Source(weights, rows, columns, source, Name);
        using var output = new TemporaryFile();
        return ModelPacker.Pack(input.Path, output.Path, new PackOptions { Target = target, Outliers = share })
            .Single(row => row.Name == Name);
    }

    private static TemporaryFile Source(float[] weights, int rows, int columns, QuantType type, string name)
    {
        var file = new TemporaryFile();
        using var writer = new GgufWriter(file.Path);
        writer.Set("general.architecture", "llama");
        writer.AddTensor(name, type, columns, rows);
        if (type == QuantType.F32) writer.Write(name, MemoryMarshal.AsBytes(weights.AsSpan()));
        else
            writer.Write(name, MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(weights, w => type == QuantType.F16
                ? FloatScalar.ToF16(w) : (ushort)(BitConverter.SingleToUInt32Bits(w) >> 16))));
        writer.Complete();
        return file;
    }

    /// <summary>Student's t: three degrees of freedom have heavy tails, hundreds none.</summary>
    private static float[] Student(int count, int degrees, int seed)
    {
        var random = new Random(seed);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI
            * random.NextDouble());
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double sum = 0;
            for (int d = 0; d < Math.Min(degrees, 40); d++) sum += Normal() is var n ? n * n : 0;
            values[i] = (float)(0.02 * Normal() * (degrees > 40 ? 1 : Math.Sqrt(degrees / sum)));
        }
        return values;
    }
}
