using System.Text;
using System.Text.Json;
using Edge.Text;

namespace Edge.Tests.Text;

/// <summary>Vocabularies of tests/golden/sentencepiece-models.json and word-pieces.json with the ids that their
/// references give.</summary>
internal static class PieceFixtures
{
    public static readonly JsonElement SentencePieces = Golden.Json("sentencepiece-models.json");
    public static readonly JsonElement WordPieces = Golden.Json("word-pieces.json");

    public static (TokenizerMetadata Metadata, JsonElement Rows) SentencePiece(string name)
    {
        JsonElement model = Named(SentencePieces, name);
        return (new()
        {
            Model = model.GetProperty("model").GetString()!,
            Tokens = Strings(model.GetProperty("tokens")),
            Types = [.. model.GetProperty("types").EnumerateArray().Select(type => type.GetInt64())],
            Scores = [.. model.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble())],
            CharsMap = model.GetProperty("charsmap").GetBytesFromBase64(),
            AddSpacePrefix = model.GetProperty("prefix").GetBoolean(),
            RemovesExtraSpaces = model.GetProperty("merges_spaces").GetBoolean(),
            Ids = new Dictionary<string, long>
            {
                [TokenizerMetadata.UnknownKey] = 0, [TokenizerMetadata.BosKey] = 1, [TokenizerMetadata.EosKey] = 2,
            },
            OffsetOf = _ => 77,
        }, model.GetProperty("rows"));
    }

    /// <summary>BERT's own spelling ("##" goes on), or that of GGUF (U+2581 begins a word).</summary>
    public static (TokenizerMetadata Metadata, JsonElement Rows) WordPiece(string name, bool hashes)
    {
        JsonElement model = Named(WordPieces.GetProperty("models"), name);
        string[] tokens = Strings(model.GetProperty("tokens"));
        long[] types = [.. tokens.Select(token => (long)(token is ['[', _, .., ']'] ? TokenType.Control
            : TokenType.Normal))];
        string[] phantom = [.. tokens.Select((token, id) => types[id] == (long)TokenType.Control ? token
            : token.StartsWith("##", StringComparison.Ordinal) && token.Length > 2 ? token[2..]
            : ScorePairs.Space + token)];
        return (new()
        {
            Model = TokenizerMetadata.WordPiece,
            Tokens = hashes ? tokens : phantom,
            Types = types,
            Lowercase = model.GetProperty("lowercase").GetBoolean(),
            StripAccents = model.GetProperty("lowercase").GetBoolean(),
            Ids = new Dictionary<string, long>
            {
                [TokenizerMetadata.UnknownKey] = 1, [TokenizerMetadata.BosKey] = 2, [TokenizerMetadata.EosKey] = 3,
            },
            OffsetOf = _ => 77,
        }, model.GetProperty("rows"));
    }

    /// <summary>The row's text; where it was bytes, those bytes as the base library reads them.</summary>
    public static string TextOf(JsonElement row) => row.TryGetProperty("hex", out JsonElement hex)
        ? Encoding.UTF8.GetString(Convert.FromHexString(hex.GetString()!)) : row.GetProperty("text").GetString()!;

    private static JsonElement Named(JsonElement models, string name) =>
        models.EnumerateArray().Single(model => model.GetProperty("name").GetString() == name);

    private static string[] Strings(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString()!)];
}
