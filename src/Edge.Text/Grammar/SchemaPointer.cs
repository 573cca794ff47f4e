using System.Globalization;
using System.Text.Json;

namespace Edge.Text;

/// <summary>Follows a $ref inside its own document.</summary>
internal static class SchemaPointer
{
    /// <summary>The schema and its pointer. Errors: other documents, anchors and missing places are refused.</summary>
    public static (JsonElement Schema, string Pointer) Resolve(JsonElement root, JsonElement reference, string at)
    {
        var text = reference.ValueKind == JsonValueKind.String ? reference.GetString()! : "";
        if (text != "#" && !text.StartsWith("#/", StringComparison.Ordinal))
            throw SchemaRefusedException.At("$ref", at,
                "must point into this schema: # or #/$defs/… or #/definitions/…");
        var pointer = Uri.UnescapeDataString(text[1..]);
        var value = root;
        foreach (var step in pointer.Split('/').Skip(1))
        {
            var name = step.Replace("~1", "/").Replace("~0", "~");
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member))
                value = member;
            else if (value.ValueKind == JsonValueKind.Array
                && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                    && index < value.GetArrayLength())
                value = value[index];
            else
                throw SchemaRefusedException.At("$ref", at, $"there is nothing at {text}");
        }
        return (value, pointer);
    }
}
