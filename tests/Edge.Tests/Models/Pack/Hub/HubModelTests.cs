using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Pack.Hub;
using Edge.Tests.Gguf;
using Edge.Text;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>Model folders become what their GGUF twins are.</summary>
public sealed unsafe class HubModelTests
{
    public static TheoryData<string, string> Twins() => new()
    {
        { "llama", "tiny/llama" }, { "qwen3", "tiny/qwen3" }, { "mixtral", "architectures/mixtral" },
        { "olmoe", "architectures/olmoe" }, { "phi3-longrope", "architectures/phi3-longrope" },
        { "gemma2", "architectures/gemma2" }, { "gemma3", "architectures/gemma3" },
        { "granite", "architectures/granite" }, { "smollm3", "architectures/smollm3" },
    };

    [Theory]
    [MemberData(nameof(Twins))]
    public void Pack_FolderOfFloats_GivesTheTwinsTensorsAndLogits(string name, string twin)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf(name), output.Path, new PackOptions { Target = PackTarget.Keep });
        string other = Path.Combine(HubFolders.Golden, twin + ".gguf");
        GgufFile mine = GgufFile.Open(output.Path), its = GgufFile.Open(other);
        Assert.Equal(its.Tensors.Select(t => t.Name).Order(), mine.Tensors.Select(t => t.Name).Order());
        bool isExact = !name.StartsWith("gemma", StringComparison.Ordinal); // norms less 1 lose a bit
        foreach (GgufTensor tensor in its.Tensors)
            AssertNear(Floats(its, tensor), Floats(mine, mine.Get(tensor.Name)), isExact ? 0 : 1e-6, tensor.Name);
        AssertLogits(other, output.Path, isExact ? 0 : 1e-3);
    }

    [Theory]
    [InlineData("llama-llama3", "tiny/llama-llama3", QuantType.F16, 5e-2)]
    [InlineData("qwen2-yarn", "tiny/qwen2-yarn", QuantType.BF16, 2e-1)]
    public void Pack_FolderOfHalves_KeepsTheirTypeAndComesNearTheTwin(string name, string twin, QuantType type,
        double bound)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf(name), output.Path, new PackOptions { Target = PackTarget.Keep });
        GgufFile file = GgufFile.Open(output.Path);
        Assert.All(file.Tensors, tensor => Assert.Equal(tensor.Shape.Count > 1 ? type : QuantType.F32, tensor.Type));
        AssertLogits(Path.Combine(HubFolders.Golden, twin + ".gguf"), output.Path, bound);
    }

    [Theory]
    [InlineData("qwen3-gptq", QuantType.F32)]
    [InlineData("qwen3-awq", QuantType.F32)]
    [InlineData("bitnet", QuantType.F32)]
    public void Pack_QuantisedFolder_HasTheWeightsThatItStandsFor(string name, QuantType type)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf(name), output.Path, new PackOptions { Target = PackTarget.Keep });
        GgufFile file = GgufFile.Open(output.Path);
        Dictionary<string, float[]> expected = HubFolders.Expected(name);
        Assert.Equal(7, expected.Count);
        HubModel model = HubModel.Table.First(m => m.Architecture == file.Metadata.GetString("general.architecture"));
        foreach ((string hub, float[] weights) in expected)
        {
            GgufTensor tensor = file.Get(model.Place(hub)!.Value.Name);
            Assert.Equal(type, tensor.Type);
            Assert.True(weights.Distinct().Count() >= (name == "bitnet" ? 2 : 16));
            AssertNear(weights, Floats(file, tensor), 0, hub);
        }
        using Model loaded = Model.Load(output.Path, new ModelOptions { Threads = 1 });
        using KvCache cache = loaded.CreateCache(32);
        Assert.All(DemoModel.Run(loaded, cache, [1, 2, 3], 8), x => Assert.True(float.IsFinite(x)));
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
    public void Pack_FolderInShards_IsTheSameAsInOneFile()
    {
        // Names decide the order, not the shards: the twin test has read both; here the forecast sees the sizes.
        using var output = new TemporaryFile();
        IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(HubFolders.FolderOf("mixtral"), output.Path,
            new PackOptions());
        Assert.Equal(2, Directory.GetFiles(HubFolders.FolderOf("mixtral"), "*.safetensors").Length);
        long size = new FileInfo(output.Path).Length;
        long forecast = ModelPacker.Forecast(HubFolders.FolderOf("mixtral"), new PackOptions()).FileBytes;
        Assert.InRange(forecast, size - 4096, size + 4096); // a page is more than 2 % of this one
        Assert.Contains(rows, row => row.Name == "blk.1.ffn_up_exps.weight" && row.Rows == 96);
    }

    [Fact]
    public void Tokenizer_ByteLevelJson_EncodesAsTheFileThatItIsMadeOf()
    {
        GgufMetadata demo = GgufFile.Open(DemoModel.File("q8_0")).Metadata;
        IReadOnlyList<string> tokens = demo.FindStrings("tokenizer.ggml.tokens")!;
        IReadOnlyList<long> types = demo.FindIntegers("tokenizer.ggml.token_type")!;
        var vocabulary = new JsonObject();
        var added = new JsonArray();
        for (int i = 0; i < tokens.Count; i++)
        {
            if (types[i] == 1) vocabulary[tokens[i]] = i;
            else added.Add(new JsonObject { ["id"] = i, ["content"] = tokens[i], ["special"] = true });
        }
        var merges = new JsonArray([.. demo.FindStrings("tokenizer.ggml.merges")!.Select(m => (JsonNode)m)]);
        const string Qwen = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+";
        var json = new JsonObject
        {
            ["added_tokens"] = added,
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = Qwen } },
                    new JsonObject { ["type"] = "ByteLevel", ["use_regex"] = false }),
            },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        };
        GgufMetadata metadata = Converted(json, tokens.Count, """{"eos_token":"<|im_end|>"}""");
        Assert.Equal("qwen2", metadata.GetString("tokenizer.ggml.pre"));
        Assert.Equal(tokens, metadata.FindStrings("tokenizer.ggml.tokens"));
        Tokenizer expected = Tokenizer.FromGguf(demo), tokenizer = Tokenizer.FromGguf(metadata);
        foreach (DemoModel.Prompt prompt in DemoModel.Reference("q8_0"))
        {
            string text = expected.Decode(prompt.Ids) + "<|im_start|>";
            Assert.Equal(expected.EncodeToIds(text, addSpecial: false, parseSpecial: true),
                tokenizer.EncodeToIds(text, addSpecial: false, parseSpecial: true));
        }
        Assert.Equal(759, metadata.GetInteger("tokenizer.ggml.eos_token_id"));
    }

    [Fact]
    public void Tokenizer_SentencePieceJson_MergesInTheOrderOfItsMerges()
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0, ["<s>"] = 1, ["</s>"] = 2 };
        for (int b = 0; b < 256; b++) vocabulary[$"<0x{b:X2}>"] = 3 + b;
        string[] pieces = ["\u2581", "a", "b", "c", "ab", "bc", "abc", "\u2581a"];
        foreach (string piece in pieces) vocabulary[piece] = vocabulary.Count;
        var json = new JsonObject
        {
            ["added_tokens"] = new JsonArray(
                new JsonObject { ["id"] = 1, ["content"] = "<s>", ["special"] = true },
                new JsonObject { ["id"] = 2, ["content"] = "</s>", ["special"] = true }),
            ["normalizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["normalizers"] = new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = "\u2581" },
                    new JsonObject { ["type"] = "Replace" }),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["byte_fallback"] = true, ["vocab"] = vocabulary,
                ["merges"] = new JsonArray("b c", "\u2581 a", "a b", "a bc"),
            },
        };
        GgufMetadata metadata = Converted(json, vocabulary.Count, """{"bos_token":{"content":"<s>"}}""");
        Tokenizer tokenizer = Tokenizer.FromGguf(metadata);
        int Id(string piece) => 259 + Array.IndexOf(pieces, piece);
        // "b c" comes first, then the space takes the a; without a space before it, a joins bc.
        Assert.Equal([Id("\u2581a"), Id("bc")], tokenizer.EncodeToIds("abc", addSpecial: false, parseSpecial: false));
        Assert.Equal([Id("\u2581a"), Id("abc")], tokenizer.EncodeToIds("aabc", addSpecial: false, parseSpecial: false));
        Assert.Equal([Id("\u2581"), 3 + 'z'], tokenizer.EncodeToIds("z", addSpecial: false, parseSpecial: false));
        Assert.Equal(1, metadata.GetInteger("tokenizer.ggml.bos_token_id"));
    }

    private static GgufMetadata Converted(JsonObject json, int vocabulary, string config)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edge-hub-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer.json"), json.ToJsonString());
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer_config.json"), config);
            string path = Path.Combine(folder.FullName, "tokenizer.gguf");
            using (var writer = new GgufWriter(path))
            {
                new HubTokenizer(folder.FullName, vocabulary).Write(writer);
                writer.Complete();
            }
            return GgufFile.Open(path).Metadata;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void AssertNear(float[] expected, float[] actual, double bound, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= bound, $"{what}[{i}]: {actual[i]} for {expected[i]}");
    }

    private static float[] Floats(GgufFile file, GgufTensor tensor)
    {
        using WeightFile weights = WeightFile.Open(file, WeightLoading.Read);
        return MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes))
            .ToArray();
    }

    /// <summary>The twin's own logits are tested against the golden ones.</summary>
    private static void AssertLogits(string twin, string path, double bound)
    {
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => (i * 7 + 3) % 64)];
        float[] expected = Logits(twin, ids), logits = Logits(path, ids);
        Assert.True(expected.Max() - expected.Min() > 0.5, "the twin has no variety");
        Assert.True(DemoModel.MaxDifference(expected, logits) <= bound, path);
        Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits));
    }

    private static float[] Logits(string path, int[] ids)
    {
        using Model model = Model.Load(path, new ModelOptions { Threads = 2, KvType = KvType.F32 });
        using KvCache cache = model.CreateCache(ids.Length);
        return DemoModel.Run(model, cache, ids, 16);
    }
}
