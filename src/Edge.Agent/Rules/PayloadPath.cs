using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Edge.Agent.Rules;

/// <summary>What devices publish (JSON, or a bare value), and the way to a field in it.</summary>
internal static class PayloadPath
{
    public const int PayloadBytesMax = 64 * 1024;
    private const int DepthMax = 16, PathCharsMax = 256;
    private const string Whole = ".";

    /// <summary>The payload: a JSON value, or its text where it is none ("ON", "21,5"). Null and a problem for what is
    /// neither.</summary>
    public static (object? Payload, string? Problem) Read(ReadOnlyMemory<byte> payload)
    {
        if (payload.Length > PayloadBytesMax)
            return (null, $"the payload has {payload.Length} bytes; rules read at most {PayloadBytesMax}");
        if (!Utf8.IsValid(payload.Span)) return (null, "the payload is neither JSON nor text");
        try
        {
            using var json = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = DepthMax });
            return HasHalfCharacter(payload.Span)
                ? (null, "the payload holds half a character (a lone surrogate, as in \"\\ud800\")")
                : (json.RootElement.Clone(), null);
        }
        catch (JsonException)
        {
            string text = Encoding.UTF8.GetString(payload.Span).Trim();
            return text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
                ? (null, "the payload is neither JSON nor text")
                : (text, null);
        }
    }

    /// <summary>Null, or why nothing can be found with <paramref name="path"/>.</summary>
    public static string? WhyInvalid(string path)
    {
        if (path.Length is 0 or > PathCharsMax) return $"it must have 1 to {PathCharsMax} characters";
        return path == Whole || Steps(path).All(step => step.Length > 0) ? null : "it has an empty part";
    }

    /// <summary>The value at the path, and whether there is one.</summary>
    public static bool TryFind(object? payload, string path, out object? value)
    {
        value = payload;
        if (path == Whole) return payload is not null;
        if (payload is not JsonElement at) return false;
        foreach (string step in Steps(path))
        {
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(step, out var next)) at = next;
            else if (at.ValueKind == JsonValueKind.Array
                && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < at.GetArrayLength()) at = at[index];
            else return false;
        }
        value = at;
        return at.ValueKind != JsonValueKind.Null;
    }

    // The parser lets a lone surrogate pass; whoever reads that text later would throw.
    private static bool HasHalfCharacter(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
        try
        {
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    _ = reader.GetString();
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    // "a.b.0", or a JSON pointer (RFC 6901) for names with dots in them.
    private static string[] Steps(string path) => path[0] == '/'
        ? [.. path[1..].Split('/').Select(step => step.Replace("~1", "/").Replace("~0", "~"))]
        : path.Split('.');
}
