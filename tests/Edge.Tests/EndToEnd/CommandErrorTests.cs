using System.Text;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class CommandErrorTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-{Guid.NewGuid():N}.gguf");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("ask", "--prompt", "hello")]
    [InlineData("bench")]
    [InlineData("run")]
    public async Task WrongModelPath_NamesThePathAndTheOption(params string[] arguments)
    {
        var outcome = await Run([.. arguments, "--model", "/nonexistent/m.gguf"]);
        Assert.Equal(1, outcome.Code);
        Assert.Contains("/nonexistent/m.gguf does not exist", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelIsADirectory_SaysSo() =>
        (await Run("inspect", Path.GetTempPath())).RefusesWith(1, "directory", ".gguf");

    [Theory]
    [InlineData(20)]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public async Task TruncatedFile_NamesFileAndByte(int bytes)
    {
        await File.WriteAllBytesAsync(_path, (await File.ReadAllBytesAsync(Model))[..bytes]);
        (await Run("ask", "--model", _path, "--prompt", "hello")).RefusesWith(1, _path, "byte");
    }

    [Fact]
    public async Task NotAGgufFile_NamesTheFile()
    {
        await File.WriteAllTextAsync(_path, new string('x', 4096));
        (await Run("inspect", _path)).RefusesWith(1, _path, "GGUF");
    }

    [Fact]
    public async Task UnknownTensorType_NamesTheType()
    {
        byte[] bytes = await File.ReadAllBytesAsync(Model);
        int name = Find(bytes, "blk.0.attn_q.weight");
        // After the name: the number of dimensions (4 bytes), two dimensions (8 each), the type.
        BitConverter.TryWriteBytes(bytes.AsSpan(name + "blk.0.attn_q.weight".Length + 4 + 16), 777u);
        await File.WriteAllBytesAsync(_path, bytes);
        (await Run("ask", "--model", _path, "--prompt", "hello")).RefusesWith(1, _path, "777");
    }

    [Fact]
    public async Task UnknownArchitecture_NamesItAndTheKnownOnes()
    {
        byte[] bytes = await File.ReadAllBytesAsync(Model);
        Encoding.ASCII.GetBytes("qwen9moe").CopyTo(bytes, Find(bytes, "qwen3moe"));
        await File.WriteAllBytesAsync(_path, bytes);
        (await Run("ask", "--model", _path, "--prompt", "hello")).RefusesWith(1, "qwen9moe", "qwen3moe", "llama");
    }

    [Fact]
    public async Task PromptTooLong_NamesBothCounts()
    {
        var outcome =
            await Run("ask", "--model", Model, "--prompt", string.Concat(Enumerable.Repeat("cold store 2 ", 300)));
        outcome.RefusesWith(1, "512", "tokens");
        Assert.Matches(@"\b1[0-9]{3}\b", outcome.Error);
    }

    [Fact]
    public async Task UnsupportedSchema_NamesTheKeyword()
    {
        await File.WriteAllTextAsync(_path, """{"type":"object","patternProperties":{"a":{}}}""");
        (await Run("ask", "--model", Model, "--prompt", "x", "--schema", _path))
            .RefusesWith(1, _path, "patternProperties");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    public async Task SchemaIsNotJson_NamesTheFile(string text)
    {
        await File.WriteAllTextAsync(_path, text);
        (await Run("ask", "--model", Model, "--prompt", "x", "--schema", _path)).RefusesWith(1, _path, "not JSON");
    }

    [Fact]
    public async Task EvalRowIsBad_NamesTheLine()
    {
        await File.WriteAllTextAsync(_path, "{\"prompt\":1}\n");
        (await Run("eval", "--model", Model, "--data", _path)).RefusesWith(1, _path, "line 1", "prompt");
    }

    [Fact]
    public async Task OutputCannotBeWritten_NamesThePath() =>
        (await Run("logits", "--model", Model, "--tokens", "1", "--out", "/nonexistent/f.bin"))
            .RefusesWith(1, "/nonexistent");

    /// <summary>What is wrong, and what to do about it; nothing of the program's own types.</summary>
    [Theory]
    [InlineData(1, "DIR is a directory; --schema takes", "ask", "--prompt", "x", "--schema", "DIR")]
    [InlineData(1, "DIR is a directory; --file takes", "perplexity", "--file", "DIR")]
    [InlineData(1, "DIR is a directory; --data takes", "eval", "--data", "DIR")]
    [InlineData(2, "draft model DIR is a directory; 'off'", "ask", "--prompt", "x", "--draft", "DIR")]
    [InlineData(1, "name another file (no directory)", "logits", "--tokens", "1", "--out", "DIR")]
    [InlineData(1, "; make its folder first", "logits", "--tokens", "1", "--out", "/nonexistent/f.bin")]
    [InlineData(1, "; make its folder first", "bench", "--plot", "/nonexistent/f.svg")]
    [InlineData(1, "; free some room", "logits", "--tokens", "1", "--out", "/dev/full")]
    [InlineData(2, "--context 1 is outside 2 to 512", "ask", "--prompt", "x", "--context", "1")]
    [InlineData(2, "--context 513 is outside 2 to 512", "ask", "--prompt", "x", "--context", "513")]
    [InlineData(2, "--context 513 is outside 2 to 512", "perplexity", "--file", "TEXT", "--context", "513")]
    [InlineData(2, "'--threads': a whole number is expected", "ask", "--prompt", "x", "--threads", "9999999999")]
    [InlineData(2, "'--seed': a whole number from 0", "ask", "--prompt", "x", "--seed", "-1")]
    public async Task WrongValue_NamesItAndTheRemedy(int code, string message, params string[] arguments)
    {
        string Filled(string text) => text.Replace("DIR", Path.GetTempPath(), StringComparison.Ordinal)
            .Replace("TEXT", Path.Combine(Root, "README.md"), StringComparison.Ordinal);
        var outcome = await Run([.. arguments.Select(Filled), "--model", Model]);
        outcome.RefusesWith(code, Filled(message));
        Assert.DoesNotContain("System.", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--model", "frobnicate")]
    [InlineData("--model", "bench")]
    [InlineData("--threads", "bench", "--model", "m", "--threads", "300")]
    [InlineData("--threads", "bench", "--model", "m", "--threads", "many")]
    [InlineData("q8", "bench", "--model", "m", "--kv", "q8")]
    [InlineData("--tokens", "logits", "--model", "m", "--out", "f")]
    [InlineData("--decode", "tokenize", "--model", "m")]
    [InlineData("--temperature", "ask", "--model", "m", "--prompt", "x", "--temperature", "-1")]
    [InlineData("--temperature", "ask", "--model", "m", "--prompt", "x", "--temperature", "NaN")]
    [InlineData("--broker", "sense", "--simulate", "--broker", "host:many")]
    public async Task BadUsage_ExitsWithTwo(string named, params string[] arguments)
    {
        var outcome = await Run(arguments);
        Assert.Equal(2, outcome.Code);
        if (arguments[0] != "frobnicate") Assert.Contains(named, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownKernelSet_ListsTheKnown() =>
        (await Run("bench", "--model", Model, "--kernels", "avx9")).RefusesWith(2, "avx9", "scalar");

    [Fact]
    public async Task TokenOutsideTheVocabulary_NamesTheBound() =>
        (await Run("logits", "--model", Model, "--tokens", "768", "--out", _path)).RefusesWith(2, "768", "767");

    private static int Find(byte[] bytes, string text)
    {
        int at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
        Assert.True(at > 0);
        return at;
    }

    [Fact]
    public async Task Run_WithoutAPlaceForTheJournal_IsRefusedWithBothRemedies()
    {
        var start = NativeEdge.StartInfo("run", "--model", NativeEdge.Model, "--broker", "127.0.0.1:1");
        start.Environment.Clear();
        (await NativeEdge.Run(start)).RefusesWith(2, "--journal FILE", "journal.enabled", "$HOME");
    }
}
