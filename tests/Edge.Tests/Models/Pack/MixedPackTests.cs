using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Calibrated and mixed packing of the demo model.</summary>
[Collection("packed demo")]
public sealed class MixedPackTests(PackedDemo demo)
{
    // Three bits for each of its weights, everything counted.
    private const long ThreeBits = 7_285_248L * 3 / 8;

    private static readonly List<DemoModel.Prompt> Prompts = DemoModel.Reference("q8_0");
    internal static readonly Lazy<Importance> Calibrated = new(() => Calibrate("q8_0"));

    [Fact]
    public void Calibration_OfTheDemo_SumsTheSquaresOfWhatTheMatricesMultiply()
    {
        Importance importance = Calibrated.Value;
        Assert.Equal(Prompts.Sum(prompt => prompt.Ids.Length), importance.Tokens);
        float[] query = importance.Columns("blk.0.attn_q.weight", 0, 256)!;
        Assert.Equal(1, query.Average(), 1e-3);
        Assert.True(query.Max() > 2 * query.Min());
        // One input, one importance; another layer has another.
        Assert.Equal(query, importance.Columns("blk.0.attn_k.weight", 0, 256));
        Assert.NotEqual(query, importance.Columns("blk.1.attn_q.weight", 0, 256));
        Assert.Null(importance.Columns("blk.0.attn_norm.weight", 0, 256));
        // Two of eight experts a token, as the router's own record has it.
        for (int layer = 0; layer < 4; layer++)
        {
            var counts = new long[8];
            foreach (DemoModel.Prompt prompt in Prompts)
                foreach (int[] chosen in prompt.Experts[layer])
                    foreach (int e in chosen) counts[e]++;
            for (int e = 0; e < 8; e++)
            {
                double share = importance.Share($"blk.{layer}.ffn_up_exps.weight", e)!.Value;
                Assert.Equal((double)counts[e] / importance.Tokens, share, 0.01);
            }
        }
    }

    [Fact]
    public void Calibration_TwoRuns_GiveTheSameFigures() =>
        Assert.Equal(Calibrated.Value.Identity, Calibrate("q8_0").Identity);

    [Theory]
    [InlineData(PackTarget.Digits2)]
    [InlineData(PackTarget.Digits3)]
    [InlineData(PackTarget.Digits4)]
    public void Pack_Calibrated_LosesLessOfWhatTheMatricesCompute(PackTarget target)
    {
        using var output = new TemporaryFile();
        IReadOnlyList<PackedTensor> with = ModelPacker.Pack(DemoModel.File("q8_0"), output.Path,
            new PackOptions { Target = target, Importance = Calibrated.Value });
        IReadOnlyList<PackedTensor> without = demo.Get("q8_0", new PackOptions { Target = target }).Tensors;
        for (int i = 0; i < with.Count; i++)
        {
            if (!with[i].To.StartsWith("DIGITS", StringComparison.Ordinal)) continue;
            // Without a text the plain error is the smallest that there is; with one the weighted error is smaller.
            Assert.InRange(with[i].RelativeError, without[i].RelativeError, 1.3 * without[i].RelativeError);
            Assert.True(with[i].OutputError < with[i].RelativeError, with[i].Name);
        }
        double down = with.Where(row => row.Name.Contains("ffn_down", StringComparison.Ordinal))
            .Average(row => row.OutputError / row.RelativeError);
        Assert.InRange(down, 0.3, 0.85);
    }

    [Theory]
    [InlineData(ThreeBits, false)]
    [InlineData(ThreeBits, true)]
    [InlineData(3_400_000, false)]
    [InlineData(4_100_000, true)]
    [InlineData(8_000_000, false)]
    public void Pack_Mixed_KeepsToTheSizeAndUsesIt(long bytes, bool perExpert)
    {
        using var output = new TemporaryFile();
        var options = new PackOptions { Target = PackTarget.Mixed, TargetBytes = bytes, PerExpert = perExpert };
        PackForecast forecast = ModelPacker.Forecast(DemoModel.File("q8_0"), options);
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, options);
        long size = new FileInfo(output.Path).Length;
        Assert.InRange(size, 0, bytes);
        Assert.InRange(forecast.FileBytes, 0.98 * size, 1.02 * size);
        Assert.Equal(forecast.Tensors.Select(row => (row.Name, row.To, row.Bytes)),
            rows.Select(row => (row.Name, row.To, row.Bytes)));
        // At 8 MB everything has its 8 bits; below, what is left would not lift one more stack.
        Assert.True(size > Math.Min(bytes, 7_700_000) - 300_000, $"{size} of {bytes}");
        double attention = rows.Where(row => row.Name.Contains("attn_q.", StringComparison.Ordinal)).Average(Bits);
        double experts = rows.Where(row => row.Name.Contains("ffn_up", StringComparison.Ordinal)).Average(Bits);
        Assert.True(attention >= experts, $"{attention} < {experts}");
        using Model model = Model.Load(output.Path, new ModelOptions { Threads = 2 });
        using KvCache cache = model.CreateCache(256);
        int best = DemoModel.ArgMax(DemoModel.Run(model, cache, Prompts[5].Ids, 64));
        Assert.Equal(Prompts[5].GreedyIds[0], best);
    }

    [Fact]
    public void Pack_MixedPerExpert_DiffersWithinALayerAndAgreesWithItsWeights()
    {
        using var output = new TemporaryFile();
        var options = new PackOptions
        {
            Target = PackTarget.Mixed, TargetBytes = 3_100_000, PerExpert = true, Importance = Calibrated.Value,
        };
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, options);
        Assert.Contains(Enumerable.Range(0, 4), layer => rows
            .Where(row => row.Name.StartsWith($"blk.{layer}.ffn_up.", StringComparison.Ordinal))
            .Select(row => row.To).Distinct().Count() > 1);
        Assert.Contains(rows, row => row.Name == "blk.3.ffn_down.7.weight");
        int[] ids = Prompts[5].Ids;
        float[] reference = PackedDemo.Logits(output.Path, "scalar", ids, 64, Arithmetic.Float);
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            float[] logits = PackedDemo.Logits(output.Path, set.Name, ids, 64);
            Assert.True(DemoModel.Divergence(reference, logits) < 2e-2, set.Name);
            Assert.Equal(logits, PackedDemo.Logits(output.Path, set.Name, ids, 1));
        }
    }

    [Theory]
    [InlineData(PackTarget.Digits4)]
    [InlineData(PackTarget.Nested4)]
    [InlineData(PackTarget.Digits3)]
    [InlineData(PackTarget.Digits2)]
    [InlineData(PackTarget.Ternary)]
    [InlineData(PackTarget.Keep)]
    public void Forecast_EveryType_IsTheSizeWithinTwoPercent(PackTarget target)
    {
        var options = new PackOptions { Target = target };
        long size = new FileInfo(demo.Get("q8_0", options).Path).Length;
        long forecast = ModelPacker.Forecast(DemoModel.File("q8_0"), options).FileBytes;
        Assert.InRange(forecast, 0.98 * size, 1.02 * size);
    }

    [Fact]
    public void Pack_MixedBelowTheSmallestSize_SaysWhatItTakes()
    {
        using var output = new TemporaryFile();
        var error = Assert.Throws<ArgumentException>(() => ModelPacker.Pack(DemoModel.File("q8_0"), output.Path,
            new PackOptions { Target = PackTarget.Mixed, TargetBytes = 1_000_000 }));
        Assert.Contains("with the fewest bits for every matrix, more than 1000000", error.Message,
            StringComparison.Ordinal);
        Assert.Empty(output.FolderEntries);
    }

    private static double Bits(PackedTensor row) => 8.0 * row.Bytes / row.Rows / row.Columns;

    private static Importance Calibrate(string type)
    {
        using Model model = Model.Load(DemoModel.File(type), new ModelOptions { Threads = 2 });
        // Prompt after prompt, in one window each: the longest is shorter than 256.
        var all = new Importance();
        foreach (DemoModel.Prompt prompt in Prompts) all.Add(Calibration.Run(model, prompt.Ids, 256, 256));
        return all;
    }
}
