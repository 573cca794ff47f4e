using System.Text.Json;
using Edge.Agent;
using Edge.Engine;
using Edge.Gguf;
using Edge.Models;
using Edge.Text;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>From messages to a prompt, on the tiny llama with a vocabulary of channels.</summary>
public sealed class LoadedModelTests : IDisposable
{
    private const string Template =
        "{% for m in messages %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endfor %}<|start|>assistant";

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-loaded-{Guid.NewGuid():N}.gguf");
    private readonly List<string> _warnings = [];

    public LoadedModelTests() => Write(_path);

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void EncodeChat_GrammarFormsTheReply_PromptEndsInTheFinalChannel()
    {
        using var loaded = Open();
        ChatMessage[] messages = [new("user", "hi")];
        const string Asked = "<|start|>user<|message|>hi<|end|><|start|>assistant";
        Assert.Equal(Asked, Text(loaded, loaded.EncodeChat(messages)));
        Assert.Equal($"{Asked}<|channel|>final<|message|>", Text(loaded, loaded.EncodeChat(messages, isFormed: true)));
    }

    [Fact]
    public void Run_GrammarOnAModelOfChannels_RepliesInItsForm()
    {
        using var loaded = Open();
        using var schema = JsonDocument.Parse("""{"enum":["a","b"]}""");
        Assert.True(Grammar.TryFromJsonSchema(schema.RootElement, out var grammar, out _));
        using var generator = new LocalGenerator(loaded);
        var heard = new List<string>();
        var result = generator.Run(
            (ChatMessage[])[new("user", "hi")], new SamplingOptions(), 20, grammar, heard.Add);
        Assert.Contains(result.Text, (string[])["\"a\"", "\"b\""]);
        Assert.Equal(result.Text, string.Concat(heard));
    }

    [Fact]
    public void EncodeRaw_Text_StandsAloneBehindTheBegin()
    {
        using var loaded = Open();
        Assert.Equal("<s>abc", Text(loaded, loaded.Text.EncodeRaw("abc")));
        Assert.Equal("<s>abc", Text(loaded, loaded.Text.EncodeRaw("<s>abc")));
        Assert.Equal("<s>", Text(loaded, loaded.Text.EncodeRaw("")));
    }

    [Fact]
    public void EncodeChat_OtherTemplate_TakesThePlaceOfTheFilesOwn()
    {
        using var loaded = Open("{{ bos_token }}[{{ messages[0].content }}]");
        Assert.Equal("<s>[hi]", Text(loaded, loaded.EncodeChat([new("user", "hi")])));
    }

    [Fact]
    public void Tokenizer_IdThatIsNoToken_WarnsOnceWithThePath()
    {
        using var loaded = Open();
        Assert.Empty(_warnings);
        Assert.Equal(loaded.Tokenizer, loaded.Tokenizer);
        Assert.Equal([$"{_path}: tokenizer.ggml.eos_token_id: 4294967295 is not a token, so it is left out; " +
            "the vocabulary has 96"], _warnings);
    }

    private LoadedModel Open(string? template = null) =>
        LoadedModel.Open(_path, new ModelOptions { Threads = 1, Warn = _warnings.Add }, template: template);

    private static string Text(LoadedModel loaded, IReadOnlyList<int> ids) =>
        string.Concat(ids.Select(loaded.Tokenizer.TokenText));

    private static unsafe void Write(string path)
    {
        GgufFile source = GgufFile.Open(Path.Combine(House.Repository.Root, "tests/golden/tiny/llama.gguf"));
        using WeightFile weights = WeightFile.Open(source, WeightLoading.Map);
        using var writer = new GgufWriter(path);
        foreach (string key in source.Metadata.Keys)
        {
            if (source.Metadata[key] is string text) writer.Set(key, text);
            else if (source.Metadata[key] is double real) writer.Set(key, (float)real);
            else writer.Set(key, Convert.ToUInt32(source.Metadata[key]));
        }
        string[] tokens =
        [
            "<unk>", "<s>", "<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>",
            "<|constrain|>", "\u2581", .. Enumerable.Range('!', 86).Select(c => $"{(char)c}"),
        ];
        writer.Set("tokenizer.ggml.model", "llama");
        writer.SetArray("tokenizer.ggml.tokens", tokens);
        writer.SetArray<int>(
            "tokenizer.ggml.token_type", [2, .. Enumerable.Repeat(3, 8), .. Enumerable.Repeat(1, 87)]);
        writer.SetArray<float>("tokenizer.ggml.scores", new float[tokens.Length]);
        writer.Set("tokenizer.ggml.add_space_prefix", false);
        writer.Set("tokenizer.ggml.unknown_token_id", 0u);
        writer.Set("tokenizer.ggml.bos_token_id", 1u);
        writer.Set("tokenizer.ggml.eos_token_id", uint.MaxValue);
        writer.Set("tokenizer.chat_template", Template);
        foreach (GgufTensor tensor in source.Tensors) writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Shape]);
        foreach (GgufTensor tensor in source.Tensors)
            writer.Write(tensor.Name, new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes));
        writer.Complete();
    }
}
