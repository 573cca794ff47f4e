using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Gguf;
using Edge.Models.Pack.Hub;
using Edge.Tests.Text;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Models.Pack.Hub;

/// <summary>Special tokens that swallow the blanks beside them, against the ids of Hugging Face's own library
/// (scripts/golden/stripping-tokens.js).</summary>
public sealed class StrippingTokenTests
{
    private static readonly JsonElement Fixture = Golden.Json("stripping-tokens.json");

    [Fact]
    public void EncodeToIds_FlagsOfTokenizerJson_EqualsThoseOfTheLibrary() =>
        AssertEqualIds(Flagged(), _ => true);

    [Theory]
    [InlineData("Phi-3-mini-4k-instruct")]
    [InlineData("Phi3")]
    [InlineData("Phi 3 Mini 4k Instruct")]
    public void EncodeToIds_FileWithoutFlagsOfAKnownName_EqualsThoseOfTheLibrary(string name) =>
        // Its name says nothing about the mask, which is no token of Phi's.
        AssertEqualIds(Unflagged(name, ""), text => !text.Contains("<mask>", StringComparison.Ordinal));

    [Fact]
    public void EncodeToIds_FileWithoutFlagsOfAnotherName_KeepsBlanks()
    {
        var tokenizer = Tokenizer.FromGguf(Unflagged("Llama 2", ""));
        Assert.Equal([279, 259, 13, 273], tokenizer.EncodeToIds("<|user|>\nHello", addSpecial: false));
    }

    [Fact]
    public void EncodeToIds_JinaFile_StripsBeforeTheMask()
    {
        var tokenizer = Tokenizer.FromGguf(Unflagged("x", "jina-v2-code"));
        Assert.Equal([274, 282, 259, 277], tokenizer.EncodeToIds("Hello  <mask> you", addSpecial: false));
    }

    [Fact]
    public void EncodeShielded_Chat_StripsWhatTheTemplateWrites()
    {
        var tokenizer = Tokenizer.FromGguf(Flagged());
        IReadOnlyList<int> ids = tokenizer.EncodeShielded($"<|user|>\n{tokenizer.Shield(" Hello<mask>")}<|end|>\n");
        Assert.Equal([279, 274], ids.Take(2));
        Assert.Equal(281, ids[^1]);
        Assert.DoesNotContain(282, ids);
    }

    private static void AssertEqualIds(GgufMetadata file, Func<string, bool> wanted)
    {
        var tokenizer = Tokenizer.FromGguf(file);
        int compared = 0;
        foreach (JsonElement row in Fixture.GetProperty("rows").EnumerateArray())
        {
            string text = row.GetProperty("text").GetString()!;
            if (!wanted(text)) continue;
            compared++;
            Assert.Equal(row.GetProperty("ids").Ids(), tokenizer.EncodeToIds(text, addSpecial: false));
        }
        Assert.True(compared >= 6);
    }

    private static GgufMetadata Flagged() =>
        HubTokenizerTests.Converted(Fixture.GetProperty("tokenizer").GetRawText(), vocabulary: 283);

    /// <summary>The file as converters other than ours write it.</summary>
    private static GgufMetadata Unflagged(string name, string pre)
    {
        JsonNode json = JsonNode.Parse(Fixture.GetProperty("tokenizer").GetRawText())!;
        foreach (JsonNode? added in json["added_tokens"]!.AsArray())
            (added!["lstrip"], added["rstrip"]) = (false, false);
        return HubTokenizerTests.Converted(json.ToJsonString(), 283, writer =>
        {
            writer.Set("general.name", name);
            if (pre.Length > 0) writer.Set("tokenizer.ggml.pre", pre);
        });
    }
}
