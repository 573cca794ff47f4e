using Edge.Gguf;
using Edge.Kernels;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Edge.Tests.Gguf;
using Edge.Tests.Models.Streaming;
using Edge.Tests.Weights;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Models that keep outliers apart, from the file to the logits.</summary>
[Collection("packed demo")]
public sealed unsafe class OutlierModelTests(PackedDemo demo)
{
    private const double Share = 0.0045;
    private const string Stack = "blk.2.ffn_up_exps.weight";
    private static readonly int[] Ids = DemoModel.Reference("q8_0")[5].Ids;

    private static PackOptions Options(PackTarget target, double share = Share) =>
        new() { Target = target, Outliers = share };

    [Theory]
    [InlineData(PackTarget.Digits4, PackHead.Q8_0)]
    [InlineData(PackTarget.Digits3, PackHead.Q8_0)]
    [InlineData(PackTarget.Digits2, PackHead.Digits4)]
    public void Forward_EverySet_AgreesWithTheDecodedWeightsForAnyChunkAndThreads(PackTarget target, PackHead head)
    {
        (string path, IReadOnlyList<PackedTensor> tensors) = demo.Get("q8_0", Options(target) with { Head = head });
        float[] reference = PackedDemo.Logits(path, "scalar", Ids, 64, Arithmetic.Float);
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            float[] logits = PackedDemo.Logits(path, set.Name, Ids, 64);
            Assert.True(DemoModel.Divergence(reference, logits) < 2e-2, set.Name);
            Assert.NotEqual(reference, logits);
            Assert.Equal(logits, PackedDemo.Logits(path, set.Name, Ids, 1));
            foreach (int threads in (int[])[1, 3])
            {
                using Model model = Model.Load(path, new ModelOptions { KernelSet = set.Name, Threads = threads });
                using KvCache cache = model.CreateCache(256);
                Assert.Equal(logits, DemoModel.Run(model, cache, Ids, 7));
            }
        }
        // The head is the table of embeddings as well.
        Assert.Equal(head == PackHead.Digits4 ? 29 : 28, tensors.Count(row => row.OutlierShare > 0));
    }

    [Fact]
    public void Forward_OutliersSetToZero_SaysSomethingElse()
    {
        string path = demo.Get("q8_0", Options(PackTarget.Digits3)).Path;
        using var file = new TemporaryFile(PackedBytes.Change(path, Stack + ".outliers", (words, _) =>
        {
            for (int i = words[0]; i < words.Length; i++) words[i] &= 0xFFFF;
        }));
        foreach (Arithmetic arithmetic in Enum.GetValues<Arithmetic>())
            Assert.NotEqual(PackedDemo.Logits(path, "scalar", Ids, 64, arithmetic),
                PackedDemo.Logits(file.Path, "scalar", Ids, 64, arithmetic));
    }

    [Fact]
    public void MatMulTask_DigitsAndOutliers_AreTheProductInFloat64()
    {
        (string path, _) = demo.Get("q8_0", Options(PackTarget.Digits3, 0.02));
        GgufFile file = GgufFile.Open(path);
        GgufTensor dense = file.Get("blk.1.attn_q.weight"), apart = file.Get("blk.1.attn_q.weight.outliers");
        const int Rows = 256, Columns = 256, Tokens = 5;
        var random = new Random(8);
        // Whole numbers of 127ths of a power of two: int8 holds them, so that the digits' product is exact.
        float[] x = [.. Enumerable.Range(0, Tokens * Columns).Select(i => i % 128 == 0 ? 127f / 64
            : random.Next(-127, 128) / 64f)];
        var y = new float[Tokens * Rows];
        byte[] bytes = File.ReadAllBytes(path);
        float[] row = new float[Columns];
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            byte[] prepared = new byte[Tokens * Digits.ActivationBytes(Columns)];
            fixed (byte* packed = bytes, q = prepared)
            fixed (float* from = x, to = y)
            {
                set.QuantizeGroups(from, q, Columns, Tokens);
                var task = new MatMulTask
                {
                    Kernel = set.Digits3, Weights = packed + dense.Offset, X = q, Layout = TileLayout.Digits3, Y = to,
                    Columns = Columns, Rows = Rows, Tokens = Tokens, YStride = Rows, TileRows = 32,
                    Sparse = set.Sparse(apart.Type), Outliers = packed + apart.Offset, Floats = (byte*)from,
                };
                for (long tile = 0; tile < task.TileCount; tile += 3)
                    task.Run(tile, Math.Min(tile + 3, task.TileCount));
                for (int r = 0; r < Rows; r++)
                {
                    fixed (float* w = row)
                    {
                        Digits3Scalar.Decode(packed + dense.Offset, w, Columns, r);
                        SparseScalar.AddRow(packed + apart.Offset, w, r, SparseScalar.F16);
                    }
                    for (int t = 0; t < Tokens; t++)
                    {
                        double sum = 0, size = 0;
                        for (int c = 0; c < Columns; c++)
                        {
                            double product = (double)row[c] * x[t * Columns + c];
                            (sum, size) = (sum + product, size + Math.Abs(product));
                        }
                        Assert.Equal(sum, y[t * Rows + r], 1e-6 * size);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(PackTarget.Digits4)]
    [InlineData(PackTarget.Digits3)]
    [InlineData(PackTarget.Digits2)]
    public void Pack_EveryMatrix_LosesLessAndItsRowSaysWhatIsApart(PackTarget target)
    {
        (string path, IReadOnlyList<PackedTensor> with) = demo.Get("q8_0", Options(target));
        IReadOnlyList<PackedTensor> without = demo.Get("q8_0", new PackOptions { Target = target }).Tensors;
        Assert.Equal(without.Select(row => row.Name), with.Where(row => !row.Name.EndsWith(".outliers",
            StringComparison.Ordinal)).Select(row => row.Name));
        foreach (PackedTensor row in with.Where(row => row.OutlierShare > 0))
        {
            Assert.InRange(row.OutlierShare, 0.0044, 0.0045);
            PackedTensor before = without.Single(other => other.Name == row.Name);
            Assert.InRange(row.RelativeError, 0.8 * before.RelativeError, 0.97 * before.RelativeError);
            PackedTensor apart = with.Single(other => other.Name == row.Name + ".outliers");
            Assert.Equal("SPARSE_F16", apart.To);
            Assert.Equal(GgufFile.Open(path).Get(apart.Name).Bytes, apart.Bytes);
        }
        long size = new FileInfo(path).Length;
        PackForecast forecast = ModelPacker.Forecast(DemoModel.File("q8_0"), Options(target));
        Assert.InRange(forecast.FileBytes, 0.98 * size, 1.02 * size);
        Assert.Equal(forecast.Tensors.Select(row => (row.Name, row.Bytes, row.OutlierShare)),
            with.Select(row => (row.Name, row.Bytes, row.OutlierShare)));
    }

    [Fact]
    public void Pack_ToDigitsThatAreExact_KeepsNothingApart()
    {
        IReadOnlyList<PackedTensor> rows = demo.Get("q4_0", Options(PackTarget.Digits4)).Tensors;
        Assert.DoesNotContain(rows, row => row.OutlierShare > 0);
        Assert.All(rows, row => Assert.Equal(0, row.RelativeError));
    }

    [Theory]
    [InlineData(PackTarget.Keep, "--type keep rounds nothing")]
    [InlineData(PackTarget.Ternary, "ternary weights have no outliers")]
    [InlineData(PackTarget.Nested4, "digits2+2 has no outliers")]
    public void Pack_TypeWithoutOutliers_IsRefusedByName(PackTarget target, string message)
    {
        using var output = new TemporaryFile();
        var error = Assert.Throws<ArgumentException>(() =>
            ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, Options(target)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(output.FolderEntries);
    }

    [Theory]
    [InlineData(-0.01)]
    [InlineData(0.051)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Problem_NonsenseShare_IsNamed(double share) => Assert.Contains("between 0 and 5 %",
        new PackOptions { Target = PackTarget.Digits3, Outliers = share }.Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.55)]
    [InlineData(0.9)]
    public void Pack_AfterAStop_WritesTheSameFile(double part)
    {
        PackOptions options = Options(PackTarget.Digits3) with { Threads = 2 };
        byte[] whole = File.ReadAllBytes(demo.Get("q8_0", Options(PackTarget.Digits3)).Path);
        using var output = new TemporaryFile();
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, options,
            p =>
            {
                if (p.Done > part * p.All) stop.Cancel();
            }, cancel: stop.Token));
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, options);
        Assert.Equal(whole, File.ReadAllBytes(output.Path));
        Assert.Equal(28, rows.Count(row => row.OutlierShare > 0 && row.RelativeError > 0));
    }

    [Theory]
    [InlineData(3_000_000, false)]
    [InlineData(3_100_000, true)]
    public void Pack_MixedWithOutliers_KeepsToTheSizeAndTakesThemWhereTheyPay(long bytes, bool perExpert)
    {
        using var output = new TemporaryFile();
        PackOptions options = Options(PackTarget.Mixed) with { TargetBytes = bytes, PerExpert = perExpert };
        PackForecast forecast = ModelPacker.Forecast(DemoModel.File("q8_0"), options);
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, options);
        long size = new FileInfo(output.Path).Length;
        Assert.InRange(size, bytes - 300_000, bytes);
        Assert.InRange(forecast.FileBytes, 0.98 * size, 1.02 * size);
        Assert.Equal(forecast.Tensors.Select(row => (row.Name, row.To, row.Bytes)),
            rows.Select(row => (row.Name, row.To, row.Bytes)));
        Assert.Contains(rows, row => row.OutlierShare > 0);
        Assert.Contains(rows, row => row.OutlierShare == 0 && row.To.StartsWith("DIGITS", StringComparison.Ordinal));
        float[] reference = PackedDemo.Logits(output.Path, "scalar", Ids, 64, Arithmetic.Float);
        Assert.True(DemoModel.Divergence(reference, PackedDemo.Logits(output.Path, null, Ids, 64)) < 2e-2);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    public void Forward_StreamedExperts_GivesTheBitsOfTheWholeModel(int slots)
    {
        string path = demo.Get("q8_0", Options(PackTarget.Digits3)).Path;
        string plain = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits3 }).Path;
        using Model whole = Model.Load(path, new ModelOptions { Threads = 2 });
        using Model model = Model.Load(path, new ModelOptions
        {
            Threads = 2, Memory = StreamedExpertsTests.Budget(path, slots),
            OpenStorage = file => new FaultyStorage(file, slots) { DelayMicrosMax = 200 },
        });
        Assert.Equal((MemoryPlanKind.ExpertCache, slots), (model.Plan!.Kind, model.Plan.Slots));
        Assert.True(model.Plan.TotalBytes <= model.Plan.BudgetBytes);
        // An expert's outliers are read, and counted, with it: three pages more.
        MemoryPlan before = MemoryPlanner.Plan(plain,
            new ModelOptions { Memory = StreamedExpertsTests.Budget(plain, slots) });
        Assert.Equal(before.SlotBytes + 3 * 4096, model.Plan.SlotBytes);
        RequireEqual(whole, model);
        Assert.Equal(0, model.Stream!.Value.Residency.Failures);
    }

    [Fact]
    public void Forward_StreamedLayers_GivesTheBitsOfTheWholeModel()
    {
        using var tiny = new TinyDense();
        using var packed = new TemporaryFile(name: "packed.gguf");
        ModelPacker.Pack(tiny.Source, packed.Path, Options(PackTarget.Digits4, 0.01));
        using Model whole = Model.Load(packed.Path, new ModelOptions { Threads = 2 });
        using Model model = Model.Load(packed.Path, new ModelOptions
        {
            Threads = 2, Memory = StreamedLayersTests.Budget(packed.Path, 1),
            OpenStorage = file => new FaultyStorage(file, 1) { DelayMicrosMax = 200 },
        });
        Assert.Equal(MemoryPlanKind.LayerWindow, model.Plan!.Kind);
        Assert.True(model.Plan.TotalBytes <= model.Plan.BudgetBytes);
        RequireEqual(whole, model);
    }

    private static void RequireEqual(Model whole, Model streamed)
    {
        int[] ids = [.. Ids.Take(40).Select(id => id % whole.Config.VocabularySize)];
        using KvCache a = whole.CreateCache(256), b = streamed.CreateCache(256);
        float[] expected = DemoModel.Run(whole, a, ids, 64);
        Assert.Equal(expected, DemoModel.Run(streamed, b, ids, 7));
        for (int i = 0; i < 12; i++)
        {
            int next = DemoModel.ArgMax(expected);
            expected = DemoModel.Run(whole, a, [next], 1);
            Assert.Equal(expected, DemoModel.Run(streamed, b, [next], 1));
        }
    }

    [Fact]
    public void Forward_DecodedTokens_AllocateNothing()
    {
        string path = demo.Get("q8_0", Options(PackTarget.Digits3)).Path;
        using Model model = Model.Load(path, new ModelOptions { Threads = 1 });
        using KvCache cache = model.CreateCache(512);
        Decode(100);
        long own = GC.GetAllocatedBytesForCurrentThread();
        Decode(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - own);

        void Decode(int count)
        {
            Span<BatchRow> row = [new BatchRow(17, cache, true)];
            for (int i = 0; i < count; i++) model.Forward(row);
        }
    }
}
