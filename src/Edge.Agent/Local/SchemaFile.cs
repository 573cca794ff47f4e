using System.Text.Json;
using Edge.Text;

namespace Edge.Agent;

/// <summary>A JSON schema from a file, compiled for generation.</summary>
internal sealed record SchemaFile(JsonElement Schema, Grammar Grammar)
{
    private const int BytesMax = 256 * 1024;

    /// <summary>Errors: UserErrorException naming the file, and the keyword where the schema cannot be
    /// guaranteed.</summary>
    public static SchemaFile Read(string path)
    {
        InputFile.Require(path, "--schema takes the path of a JSON schema", BytesMax);
        JsonElement schema;
        try
        {
            using var document = JsonDocument.Parse(InputFile.JsonOf(File.ReadAllBytes(path)));
            schema = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"schema {path} is not JSON: {Sentence.Of(e)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"schema {path} cannot be read: {Sentence.Of(e)}");
        }
        return Grammar.TryFromJsonSchema(schema, out var grammar, out var error)
            ? new SchemaFile(schema, grammar!)
            : throw new UserErrorException($"schema {path}: {error!.Keyword} at '{error.Pointer}': {error.Message}");
    }
}
