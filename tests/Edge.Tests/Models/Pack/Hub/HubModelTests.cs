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
public sealed class HubModelTests
{
    public static TheoryData<string, string> Twins() => new()
    {
        { "llama", "tiny/llama" }, { "qwen3", "tiny/qwen3" }, { "mixtral", "architectures/mixtral" },
        { "olmoe", "architectures/olmoe" }, { "phi3-longrope", "architectures/phi3-longrope" },
        { "gemma2", "architectures/gemma2" }, { "gemma3", "architectures/gemma3" },
        { "granite", "architectures/granite" }, { "smollm3", "architectures/smollm3" },
        { "mistral", "tiny/llama" }, { "qwen3moe", "architectures/qwen3moe" },
        { "granitemoe", "architectures/granitemoe" }, { "granitemoe-shared", "architectures/granitemoe-shared" },
        { "lfm2", "architectures/lfm2" }, { "gpt-oss", "architectures/gpt-oss" },
        { "deepseek2", "architectures/deepseek2" }, { "deepseek2-lite", "architectures/deepseek2-lite" },
        { "deepseek2-v3", "architectures/deepseek2-v3" }, { "plm", "architectures/plm" },
        { "gemma3-pictures", "architectures/gemma3" }, { "phi3-longrope-v5", "architectures/phi3-longrope" },
        { "gemma3-v5", "architectures/gemma3" }, { "gemma2-v5", "architectures/gemma2" },
        { "gpt-oss-v5", "architectures/gpt-oss" }, { "llama-bias", "architectures/llama-bias" },
    };

    [Theory]
    [MemberData(nameof(Twins))]
    public void Pack_FolderOfFloats_GivesTheTwinsTensorsAndLogits(string name, string twin)
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf(name), output.Path, new PackOptions { Target = PackTarget.Keep });
        string other = Path.Combine(HubFolders.Golden, twin + ".gguf");
        GgufFile mine = GgufFile.Open(output.Path), its = GgufFile.Open(other);
        // Older GGUF files decompress keys and values by one matrix: theirs are compared by what they do.
        const string Both = ".attn_kv_b.", Keys = ".attn_k_b.", Values = ".attn_v_b.";
        string[] apart = [.. mine.Tensors.Select(t => t.Name.Replace(Keys, Both).Replace(Values, Both)).Distinct()];
        bool isJoined = its.Tensors.Any(t => t.Name.Contains(Both, StringComparison.Ordinal));
        Assert.Equal(its.Tensors.Select(t => t.Name).Order(),
            (isJoined ? apart : mine.Tensors.Select(t => t.Name)).Order());
        bool isExact = !name.StartsWith("gemma", StringComparison.Ordinal); // norms less 1 lose a bit
        foreach (GgufTensor tensor in its.Tensors)
            if (!tensor.Name.Contains(Both, StringComparison.Ordinal))
                HubFolders.AssertNear(HubFolders.Floats(its, tensor),
                    HubFolders.Floats(mine, mine.Get(tensor.Name)), isExact ? 0 : 1e-6, tensor.Name);
        AssertLogits(other, output.Path, isExact && !isJoined ? 0 : 1e-3);
    }

    [Fact]
    public void Table_EveryClass_HasAFolder()
    {
        string[] folders = Directory.GetDirectories(HubFolders.FolderOf(""));
        string[] classes = [.. folders.Select(folder => JsonNode.Parse(File.ReadAllText(
            Path.Combine(folder, "config.json")))!["architectures"]![0]!.GetValue<string>())];
        Assert.Empty(HubModel.Table.Select(model => model.Class).Except(classes));
        // Those that have no twin here are compared in other tests.
        string[] others = ["llama-llama3", "qwen2-yarn", "qwen3-gptq", "qwen3-gptq-v2", "qwen3-awq", "llama-gptq-sym",
            "qwen3-gptq-act", "qwen3-gptq-16", "bitnet", "gpt-oss-mx"];
        Assert.Equal(folders.Select(folder => Path.GetFileName(folder)!).Order(),
            Twins().Select(row => (string)row[0]).Concat(others).Order());
    }

    [Fact]
    public void Forecast_FolderWithPictures_SaysWhatIsLeftOut()
    {
        IReadOnlyList<string> leftOut =
            ModelPacker.Forecast(HubFolders.FolderOf("gemma3-pictures"), new PackOptions()).LeftOut;
        Assert.Equal(2, leftOut.Count);
        Assert.Contains("left out: 1 tensors of 'multi_modal_projector' (768 bytes)", leftOut[0],
            StringComparison.Ordinal);
        Assert.Contains("left out: 2 tensors of 'vision_tower' (416 bytes)", leftOut[1], StringComparison.Ordinal);
        Assert.Contains("it reads no pictures", leftOut[1], StringComparison.Ordinal);
        string draft = Assert.Single(
            ModelPacker.Forecast(HubFolders.FolderOf("deepseek2-v3"), new PackOptions()).LeftOut);
        Assert.Contains("of layers that predict further tokens", draft, StringComparison.Ordinal);
        Assert.Empty(ModelPacker.Forecast(HubFolders.FolderOf("deepseek2"), new PackOptions()).LeftOut);
    }

    [Fact]
    public void Pack_TemplateInAFileOfItsOwn_IsTaken()
    {
        DirectoryInfo folder = HubFolders.Copy("gemma3-pictures");
        try
        {
            string config = Path.Combine(folder.FullName, "tokenizer_config.json");
            File.Delete(config);
            File.WriteAllText(Path.Combine(folder.FullName, "chat_template.json"), """{"chat_template": "{{ x }}"}""");
            string output = Path.Combine(folder.FullName, "out.gguf");
            ModelPacker.Pack(folder.FullName, output, new PackOptions { Target = PackTarget.Keep });
            Assert.Equal("{{ x }}", GgufFile.Open(output).Metadata.GetString("tokenizer.chat_template"));
            // tokenizer_config.json comes before it, and a file of its own before both.
            File.WriteAllText(config, """{"chat_template": "{{ y }}"}""");
            ModelPacker.Pack(folder.FullName, output, new PackOptions { Target = PackTarget.Keep });
            Assert.Equal("{{ y }}", GgufFile.Open(output).Metadata.GetString("tokenizer.chat_template"));
            File.WriteAllText(Path.Combine(folder.FullName, "chat_template.jinja"), "{{ z }}");
            ModelPacker.Pack(folder.FullName, output, new PackOptions { Target = PackTarget.Keep });
            Assert.Equal("{{ z }}", GgufFile.Open(output).Metadata.GetString("tokenizer.chat_template"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Pack_WindowThatTheArchitectureHasNot_BecomesTheContext()
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(HubFolders.FolderOf("mistral"), output.Path, new PackOptions { Target = PackTarget.Keep });
        Assert.Equal(100, GgufFile.Open(output.Path).Metadata.GetInteger("llama.context_length"));
        string said = Assert.Single(ModelPacker.Forecast(HubFolders.FolderOf("mistral"), new PackOptions()).LeftOut);
        Assert.StartsWith("left out: texts beyond the model's window of 100 tokens", said, StringComparison.Ordinal);
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
        const string Qwen = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" +
            @"|\s*[\r\n]+|\s+(?!\S)|\s+";
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
        GgufMetadata metadata = HubTokenizerTests.Converted(json.ToJsonString(),
            """{"eos_token":"<|im_end|>"}""", tokens.Count);
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
                    new JsonObject
                    {
                        ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " },
                        ["content"] = "\u2581",
                    }),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["byte_fallback"] = true, ["vocab"] = vocabulary,
                ["merges"] = new JsonArray("b c", "\u2581 a", "a b", "a bc"),
            },
        };
        GgufMetadata metadata = HubTokenizerTests.Converted(json.ToJsonString(),
            """{"bos_token":{"content":"<s>"}}""", vocabulary.Count);
        Tokenizer tokenizer = Tokenizer.FromGguf(metadata);
        int Id(string piece) => 259 + Array.IndexOf(pieces, piece);
        // "b c" comes first, then the space takes the a; without a space before it, a joins bc.
        Assert.Equal([Id("\u2581a"), Id("bc")], tokenizer.EncodeToIds("abc", addSpecial: false, parseSpecial: false));
        Assert.Equal([Id("\u2581a"), Id("abc")], tokenizer.EncodeToIds("aabc", addSpecial: false, parseSpecial: false));
        Assert.Equal([Id("\u2581"), 3 + 'z'], tokenizer.EncodeToIds("z", addSpecial: false, parseSpecial: false));
        Assert.Equal(1, metadata.GetInteger("tokenizer.ggml.bos_token_id"));
    }

    /// <summary>The twin's own logits are tested against the golden ones.</summary>
    private static void AssertLogits(string twin, string path, double bound)
    {
        int[] ids = [.. Enumerable.Range(0, 40).Select(i => (i * 7 + 3) % 64)];
        float[] expected = HubFolders.Logits(twin, ids), logits = HubFolders.Logits(path, ids);
        Assert.True(expected.Max() - expected.Min() > 0.5, "the twin has no variety");
        Assert.True(DemoModel.MaxDifference(expected, logits) <= bound, path);
        Assert.Equal(DemoModel.ArgMax(expected), DemoModel.ArgMax(logits));
    }
}
