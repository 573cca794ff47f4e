using System.Text.Json;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Pack.Hub;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>Folders of 4-bit and ternary weights: what they stand for is what is packed.</summary>
public sealed unsafe class HubQuantisedTests
{
    [Theory]
    [InlineData("qwen3-gptq-act", QuantType.F32)]
    [InlineData("qwen3-gptq-16", QuantType.F32)]
    [InlineData("qwen3-gptq-v2", QuantType.Q4_0)]
    [InlineData("llama-gptq-sym", QuantType.Q4_0)]
    [InlineData("bitnet", QuantType.F32)]
    public void Pack_QuantisedFolder_HasTheWeightsThatItStandsFor(string name, QuantType type)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf(name), output.Path, new PackOptions { Target = PackTarget.Keep });
        GgufFile file = GgufFile.Open(output.Path);
        Dictionary<string, float[]> all = HubFolders.Expected(name);
        Assert.Equal(7, all.Count);
        HubModel model = HubModel.Table.First(m => m.Architecture == file.Metadata.GetString("general.architecture"));
        foreach ((string hub, float[] weights) in all)
        {
            GgufTensor tensor = file.Get(HubNames.PlacesOf(hub, hasMoreNorms: false)[0].Name);
            Assert.Equal(type, tensor.Type);
            Assert.True(weights.Distinct().Count() >= (name == "bitnet" ? 2 : 16));
            float[] expected = [.. weights];
            if (model.IsPermuted && (hub.Contains("q_proj") || hub.Contains("k_proj")))
                expected = Neighbours(weights, tensor, file.Metadata, hub.Contains("q_proj"));
            HubFolders.AssertNear(expected, HubFolders.Floats(file, tensor), 0, hub);
        }
        using Model loaded = Model.Load(output.Path, new ModelOptions { Threads = 1 });
        using KvCache cache = loaded.CreateCache(32);
        Assert.All(DemoModel.Run(loaded, cache, [1, 2, 3], 8), x => Assert.True(float.IsFinite(x)));
    }

    /// <summary>Zeros of their own: all but the offset's rounding to a half is kept, and the table says what that
    /// cost.</summary>
    [Theory]
    [InlineData("qwen3-gptq")]
    [InlineData("qwen3-awq")]
    public void Pack_FolderWithZeros_KeepsScaleAndIntegersAndSaysWhatOffsetsLose(string name)
    {
        using var output = new TemporaryFile();
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(HubFolders.FolderOf(name), output.Path,
            new PackOptions { Target = PackTarget.Keep });
        GgufFile file = GgufFile.Open(output.Path);
        foreach ((string hub, float[] expected) in HubFolders.Expected(name))
        {
            GgufTensor tensor = file.Get(HubNames.PlacesOf(hub, hasMoreNorms: false)[0].Name);
            Assert.Equal(QuantType.Q4_1, tensor.Type);
            float[] actual = HubFolders.Floats(file, tensor);
            double errors = 0, squares = 0;
            int exact = 0;
            for (int i = 0; i < expected.Length; i++)
            {
                errors += Math.Pow(actual[i] - (double)expected[i], 2);
                squares += Math.Pow(expected[i], 2);
                if (actual[i] == expected[i]) exact++;
            }
            Assert.True(exact > expected.Length / 8, $"{exact} of {expected.Length} weights are exact");
            PackedTensor row = rows.First(row => row.Name == tensor.Name);
            Assert.Equal(("Q8_0", "Q4_1"), (row.From, row.To));
            Assert.InRange(row.RelativeError, 1e-6, Math.Pow(2, -11));
            Assert.Equal(Math.Sqrt(errors / squares), row.RelativeError, 1e-8);
        }
    }

    /// <summary>What 4-bit folders stand for, computed in double, on the float path and, within what 8-bit activations
    /// lose, on the integer path. Every block of the two that become Q4_1 uses all sixteen codes, so that its offset is
    /// rounded as far as can be.</summary>
    [Theory]
    [InlineData("qwen3-gptq", 0.02)]
    [InlineData("qwen3-awq", 0.02)]
    [InlineData("qwen3-gptq-act", 1e-3)]
    [InlineData("qwen3-gptq-16", 1e-3)]
    [InlineData("qwen3-gptq-v2", 1e-3)]
    [InlineData("llama-gptq-sym", 1e-3)]
    public void Pack_FourBitFolder_GivesReferenceLogits(string name, double floatBound)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf(name), output.Path, new PackOptions { Target = PackTarget.Keep });
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(HubFolders.FolderOf(name), "logits.json")));
        int[] ids = [.. json.RootElement.GetProperty("ids").EnumerateArray().Select(x => x.GetInt32())];
        foreach (Arithmetic arithmetic in (Arithmetic[])[Arithmetic.Float, Arithmetic.Integer])
        {
            double bound = arithmetic == Arithmetic.Float ? floatBound : 0.5;
            using Model model = Model.Load(output.Path,
                new ModelOptions { Threads = 2, KvType = KvType.F32, Arithmetic = arithmetic });
            foreach (JsonProperty row in json.RootElement.GetProperty("logits").EnumerateObject())
            {
                float[] expected = [.. row.Value.EnumerateArray().Select(x => x.GetSingle())];
                Assert.True(expected.Max() - expected.Min() > 1, "the reference has no variety");
                using KvCache cache = model.CreateCache(ids.Length);
                float[] logits = DemoModel.Run(model, cache, ids.AsSpan(0, int.Parse(row.Name) + 1), 33);
                double difference = DemoModel.MaxDifference(expected, logits);
                Assert.True(difference <= bound, $"{name}, {arithmetic}: logits differ by {difference}");
                if (arithmetic == Arithmetic.Float)
                    Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits));
            }
        }
    }

    /// <summary>4-bit weights that no block of GGUF holds say so by name.</summary>
    [Theory]
    [InlineData("qwen3-gptq-act", "act-order")]
    [InlineData("qwen3-gptq-16", "groups of 16")]
    public void Forecast_FourBitsThatNoBlockHolds_SaysWhyTheyAreFloats(string name, string why)
    {
        PackForecast forecast = ModelPacker.Forecast(HubFolders.FolderOf(name),
            new PackOptions { Target = PackTarget.Keep });
        PackedTensor[] floats = [.. forecast.Tensors.Where(row => row.Note is not null)];
        Assert.Equal(14, floats.Length);
        Assert.All(floats, row => Assert.Equal("F32", row.To));
        Assert.All(floats, row => Assert.Contains(why, row.Note, StringComparison.Ordinal));
    }

    /// <summary>Every zero is 8: the file's integers and scales are those of DIGITS4_G32.</summary>
    [Theory]
    [InlineData("llama-gptq-sym")]
    [InlineData("qwen3-gptq-v2")]
    public void Pack_SymmetricGptqToDigits_RoundsNothing(string name)
    {
        using var output = new TemporaryFile();
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(HubFolders.FolderOf(name), output.Path,
            new PackOptions { Target = PackTarget.Digits4 });
        PackedTensor[] matrices = [.. rows.Where(row => row.Name.StartsWith("blk.") && row.From == "Q4_0")];
        Assert.True(matrices.Length >= 14);
        Assert.All(matrices, row => Assert.Equal(("DIGITS4_G32", 0.0, 0.0), (row.To, row.MaxError, row.RelativeError)));
        GgufFile file = GgufFile.Open(output.Path);
        using var weights = Edge.Weights.WeightFile.Open(file, Edge.Weights.WeightLoading.Read);
        var decode = KernelSet.Choose("scalar").Layout(QuantType.DIGITS4_G32)!.Decode;
        foreach ((string hub, float[] floats) in HubFolders.Expected(name))
        {
            GgufTensor tensor = file.Get(HubNames.PlacesOf(hub, hasMoreNorms: false)[0].Name);
            bool isTurned = name.StartsWith("llama") && (hub.Contains("q_proj") || hub.Contains("k_proj"));
            float[] expected = isTurned ? Neighbours(floats, tensor, file.Metadata, hub.Contains("q_proj")) : floats;
            var row = new float[tensor.Columns];
            for (int r = 0; r < tensor.Rows; r++)
            {
                fixed (float* to = row) decode(weights.Address(tensor), to, tensor.Columns, r);
                HubFolders.AssertNear(expected[(r * row.Length)..((r + 1) * row.Length)], row, 0, $"{hub}, row {r}");
            }
        }
    }

    [Fact]
    public void Pack_TernaryFolder_PacksToTernaryWithoutLoss()
    {
        using var output = new TemporaryFile();
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(HubFolders.FolderOf("bitnet"), output.Path,
            new PackOptions { Target = PackTarget.Ternary, Ternary = TernaryLayout.Bits2_0 });
        PackedTensor[] ternary = [.. rows.Where(row => row.To == "TERNARY_2_0")];
        Assert.True(ternary.Length >= 8);
        Assert.All(ternary, row => Assert.Equal(0, row.MaxError));
    }

    [Fact]
    public void Pack_FolderOfFourBitExperts_KeepsTheirBlocksExactly()
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf("gpt-oss-mx"), output.Path, new PackOptions { Target = PackTarget.Keep });
        string other = Path.Combine(HubFolders.Golden, "architectures", "gpt-oss-mx.gguf");
        GgufFile mine = GgufFile.Open(output.Path), its = GgufFile.Open(other);
        foreach (GgufTensor tensor in its.Tensors)
        {
            bool isStack = tensor.Name.EndsWith("_exps.weight", StringComparison.Ordinal);
            Assert.Equal(isStack ? QuantType.MXFP4 : QuantType.F32, mine.Get(tensor.Name).Type);
            HubFolders.AssertNear(
                HubFolders.Floats(its, tensor), HubFolders.Floats(mine, mine.Get(tensor.Name)), 0, tensor.Name);
        }
        // Kernels of blocks round activations to 8 bits: the first is the same wherever it leads by more than that.
        const float Bound = 0.25f;
        int led = 0;
        foreach (int step in (int[])[5, 7, 11, 13, 17, 19])
        {
            int[] ids = [.. Enumerable.Range(0, 24).Select(i => (i * step + 3) % 64)];
            float[] expected = HubFolders.Logits(other, ids), logits = HubFolders.Logits(output.Path, ids);
            Assert.InRange(DemoModel.MaxDifference(expected, logits), 0, Bound);
            float[] best = [.. expected.OrderDescending().Take(2)];
            if (best[0] - best[1] <= 2 * Bound) continue;
            Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits));
            led++;
        }
        Assert.True(led >= 2, $"{led} prompts of six have a first that leads");
    }

    /// <summary>The folder's MXFP4 experts on the float path, against the logits that NumPy computed in double of the
    /// values that its blocks stand for.</summary>
    [Theory]
    [InlineData(128)]
    [InlineData(1)]
    [InlineData(7)]
    public void Pack_FolderOfFourBitExperts_GivesReferenceLogitsOnTheFloatPath(int chunk)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf("gpt-oss-mx"), output.Path, new PackOptions { Target = PackTarget.Keep });
        Assert.Contains(GgufFile.Open(output.Path).Tensors, tensor => tensor.Type == QuantType.MXFP4);
        using Model model = Model.Load(output.Path,
            new ModelOptions { Threads = 2, KvType = KvType.F32, Arithmetic = Arithmetic.Float });
        double worst = HubFolders.WorstDifference(model, "gpt-oss-mx", chunk);
        Assert.True(worst <= 1e-3, $"{chunk} at a time: logits differ by {worst}");
    }

    /// <summary>Halves of each head's rows to neighbours, row by row.</summary>
    private static float[] Neighbours(float[] halves, GgufTensor tensor, GgufMetadata metadata, bool isQuery)
    {
        int heads = (int)metadata.GetInteger(isQuery ? "llama.attention.head_count" : "llama.attention.head_count_kv");
        int columns = (int)tensor.Columns, size = (int)tensor.Rows / heads;
        var rows = halves.Chunk(columns).ToArray();
        return [.. Enumerable.Range(0, rows.Length).SelectMany(r =>
            rows[r / size * size + r % size / 2 + r % 2 * (size / 2)])];
    }
}
