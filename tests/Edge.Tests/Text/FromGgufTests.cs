using Edge.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>What a real file's metadata yields, and what is refused with the place in the file.</summary>
public sealed class FromGgufTests
{
    [Fact]
    public void FromGguf_WrittenFile_EncodesAsItsMetadataSays()
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(Written(Vocabulary));
        Assert.Equal([256, 258, 32, 97, 257], tokenizer.EncodeToIds("aa a<|im_end|>"));
        Assert.True(tokenizer.IsEndOfGeneration(257));
        Assert.Equal(256, tokenizer.BosId);
    }

    [Theory]
    [InlineData("rwkv")]
    [InlineData("plamo2")]
    public void FromGguf_OtherTokenizerModel_IsRefusedByNameWithRemedy(string model)
    {
        var error = Assert.Throws<GgufException>(() => Tokenizer.FromGguf(Written(file =>
            file.Set("tokenizer.ggml.model", model))));
        Assert.Contains($"'{model}' is not supported; take a model", error.Message);
        Assert.True(error.ByteOffset > 0);
    }

    [Fact]
    public void FromGguf_NoMerges_SaysWhichEntryIsMissing()
    {
        var error = Assert.Throws<GgufException>(() => Tokenizer.FromGguf(Written(file =>
        {
            file.Set("tokenizer.ggml.model", "gpt2");
            file.SetArray("tokenizer.ggml.tokens", (string[])["a"]);
        })));
        Assert.Contains("tokenizer.ggml.merges is missing", error.Message);
    }

    [Fact]
    public void ChatTemplateFromGguf_NoTemplateButChatMlTokens_IsChatMl()
    {
        ChatTemplate template = ChatTemplate.FromGguf(Written(Vocabulary));
        Assert.Equal("<|im_start|>user\n hi <|im_end|>\n<|im_start|>assistant\n",
            template.Render([new("user", " hi ")]));
        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n",
            template.Render([new("user", "hi")], addGenerationPrompt: false));
        Assert.Equal("<|im_start|>", template.BosToken);
    }

    [Fact]
    public void ChatTemplateFromGguf_NeitherTemplateNorTokens_SaysWhatToDo()
    {
        var error = Assert.Throws<GgufException>(() => ChatTemplate.FromGguf(Written(file =>
            file.SetArray("tokenizer.ggml.tokens", (string[])["a"]))));
        Assert.Contains("take an instruct model, name its template (--template FILE", error.Message);
        Assert.Contains("--raw", error.Message);
    }

    [Fact]
    public void ChatTemplateFromGguf_SourceGiven_TakesThePlaceOfTheFilesOwn()
    {
        ChatTemplate template = ChatTemplate.FromGguf(Written(Vocabulary), "{{ bos_token }}{{ messages[0].content }}");
        Assert.Equal("<|im_start|>hi", template.Render([new("user", "hi")]));
    }

    [Theory]
    [InlineData("llama2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nA [/INST] B </s><s>[INST] C [/INST]")]
    [InlineData("mistral", "<s>[INST] S\n\nA [/INST] B</s>[INST] C [/INST]")]
    [InlineData("vicuna", "<s>S USER: A ASSISTANT: B</s>USER: C ASSISTANT:")]
    [InlineData("alpaca", "<s>S\n\n### Instruction:\nA\n\n### Response:\nB</s>\n\n### Instruction:\nC\n\n" +
        "### Response:\n")]
    [InlineData("zephyr", "<|system|>\nS</s>\n<|user|>\nA</s>\n<|assistant|>\nB</s>\n<|user|>\nC</s>\n" +
        "<|assistant|>\n")]
    [InlineData("chatml", "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB" +
        "<|im_end|>\n<|im_start|>user\nC<|im_end|>\n<|im_start|>assistant\n")]
    public void KnownTemplates_Conversation_IsWrittenAsTheFamilyExpects(string name, string expected)
    {
        GgufMetadata file = Written(writer =>
        {
            writer.SetArray("tokenizer.ggml.tokens", (string[])["<s>", "</s>"]);
            writer.Set("tokenizer.ggml.bos_token_id", 0u);
            writer.Set("tokenizer.ggml.eos_token_id", 1u);
        });
        ChatTemplate template = ChatTemplate.FromGguf(file, KnownTemplates.Find(name));
        Assert.Equal(expected,
            template.Render([new("system", "S"), new("user", "A"), new("assistant", "B"), new("user", "C")]));
        Assert.Contains(name, KnownTemplates.Names);
    }

    private static void Vocabulary(GgufWriter file)
    {
        TokenizerMetadata metadata = TokenizerMetadataTests.Special("<|im_start|>", "<|im_end|>");
        file.Set("tokenizer.ggml.model", "gpt2");
        file.Set("tokenizer.ggml.pre", "qwen2");
        file.SetArray("tokenizer.ggml.tokens", [.. metadata.Tokens, "aa"]);
        file.SetArray("tokenizer.ggml.merges", (string[])["a a"]);
        file.SetArray<int>("tokenizer.ggml.token_type", [.. metadata.Types!.Select(type => (int)type), 1]);
        file.Set("tokenizer.ggml.bos_token_id", 256u);
        file.Set("tokenizer.ggml.add_bos_token", true);
    }

    private static GgufMetadata Written(Action<GgufWriter> write)
    {
        string path = Path.Combine(Path.GetTempPath(), $"edge-text-{Guid.NewGuid():N}.gguf");
        try
        {
            using (var file = new GgufWriter(path))
            {
                write(file);
                file.Complete();
            }
            return GgufFile.Open(path).Metadata;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
