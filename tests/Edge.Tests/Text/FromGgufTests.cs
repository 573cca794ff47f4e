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
        Assert.Contains("take an instruct model", error.Message);
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
