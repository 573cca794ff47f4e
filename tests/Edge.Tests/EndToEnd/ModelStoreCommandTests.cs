using System.Diagnostics;
using System.Text.Json;
using Xunit;
using static Edge.Tests.EndToEnd.NativeEdge;

namespace Edge.Tests.EndToEnd;

/// <summary>`edge models` with the native binary, in a state directory of its own.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ModelStoreCommandTests : IDisposable
{
    private readonly string _state = Path.Combine(Path.GetTempPath(), $"edge-state-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_state)) Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task Models_AddListUseVerifyRemove_GoRound()
    {
        Assert.Contains("no model is in the store", (await Edge("models", "list")).Error, StringComparison.Ordinal);
        var added = await Edge("models", "add", Model, "--name", "triage", "--source", "tests", "--json");
        Assert.Equal(0, added.Code);
        using var record = JsonDocument.Parse(added.Output);
        Assert.Equal(("triage", "tests", "ok"), (Text("name"), Text("source"), Text("state")));
        var listed = await Edge("models", "list");
        Assert.Contains(Text("sha256"), listed.Output, StringComparison.Ordinal);
        Assert.Contains("licence", listed.Output, StringComparison.Ordinal);
        var tokens = await Edge("tokenize", "-m", "triage", "--json", "temp");
        Assert.Contains("\"ids\"", tokens.Output, StringComparison.Ordinal);
        string text = Path.Combine(_state, "text");
        await File.WriteAllTextAsync(text, "temp 12.4C, door closed\n");
        string[][] takers =
        [
            ["compare", "triage", "triage", "-f", text], ["selftest", "-m", "triage"],
            ["ask", "-m", "triage", "--draft", "triage", "-p", "x", "--max-tokens", "1"],
        ];
        foreach (string[] taker in takers)
        {
            var taken = await Edge(taker);
            Assert.True(taken.Code == 0, taken.Error);
        }
        await File.WriteAllTextAsync(Path.Combine(_state, "config.json"),
            "{\"model\":\"triage\",\"control\":{\"models\":[{\"name\":\"b\",\"path\":\"triage\"}]}}");
        var configured = await Edge("selftest", "-c", Path.Combine(_state, "config.json"));
        Assert.True(configured.Code == 0, configured.Error);
        Assert.Equal(0, (await Edge("models", "verify")).Code);
        byte[] bytes = await File.ReadAllBytesAsync(Text("path"));
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(Text("path"), bytes);
        var verified = await Edge("models", "verify", "triage");
        Assert.Equal(1, verified.Code);
        Assert.Contains("triage: damaged", verified.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Edge("models", "remove", "triage")).Code);
        (await Edge("models", "verify", "triage")).RefusesWith(1, "triage is not in the store", "it is empty");

        string Text(string name) => record.RootElement.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task Models_BadInput_IsRefusedWithTheRemedy()
    {
        (await Edge("models", "add", "/nonexistent.gguf")).RefusesWith(1, "/nonexistent.gguf does not exist");
        (await Edge("models", "add", Model, "--name", "../x")).RefusesWith(2, "'../x'", "--name");
        (await Edge("models", "add", Model, "--sha256", "xyz")).RefusesWith(2, "64 hexadecimal digits");
        (await Edge("models", "remove", "nothing")).RefusesWith(1, "nothing is not in the store");
        (await Edge("models", "add")).RefusesWith(2, "'edge models add --help'");
    }

    private async Task<Outcome> Edge(params string[] arguments)
    {
        ProcessStartInfo start = StartInfo(arguments);
        start.Environment["STATE_DIRECTORY"] = _state;
        return await Run(start);
    }
}
