using System.Text;
using System.Text.Json;

namespace Edge.Text;

/// <summary>A value of enum or const and its canonical text: no white space, properties as written, only the escapes
/// that JSON demands.</summary>
internal sealed record JsonLiteral(JsonElement Value, byte[] Text)
{
    public static JsonLiteral From(JsonElement value)
    {
        var text = new List<byte>();
        Append(text, value);
        return new JsonLiteral(value, [.. text]);
    }

    public JsonTypes Types => Value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        _ => Value.TryGetDouble(out var number) && Math.Floor(number) == number ? JsonTypes.Integer
            : JsonTypes.Number & ~JsonTypes.Integer,
    };

    /// <summary>Certainly different values, however they are spelled.</summary>
    public bool DiffersFrom(JsonLiteral other)
    {
        if ((Types & other.Types) == 0)
            return true;
        return Value.ValueKind switch
        {
            JsonValueKind.Number => Value.GetDouble() != other.Value.GetDouble(),
            JsonValueKind.Object or JsonValueKind.Array => false,
            _ => !Text.AsSpan().SequenceEqual(other.Text),
        };
    }

    private static void Append(List<byte> text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                AppendString(text, value.GetString()!);
                break;
            case JsonValueKind.Array:
                text.Add((byte)'[');
                var items = 0;
                foreach (var item in value.EnumerateArray())
                {
                    if (items++ > 0)
                        text.Add((byte)',');
                    Append(text, item);
                }
                text.Add((byte)']');
                break;
            case JsonValueKind.Object:
                text.Add((byte)'{');
                var properties = 0;
                foreach (var property in value.EnumerateObject())
                {
                    if (properties++ > 0)
                        text.Add((byte)',');
                    AppendString(text, property.Name);
                    text.Add((byte)':');
                    Append(text, property.Value);
                }
                text.Add((byte)'}');
                break;
            default:
                text.AddRange(Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
        }
    }

    /// <summary>The letter behind the backslash where JSON has a short escape for the character, else '\0'.</summary>
    public static char ShortEscape(int c) => c switch
    {
        '\b' => 'b',
        '\f' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '"' or '\\' => (char)c,
        _ => '\0',
    };

    /// <summary>Appends a JSON string with its quotes; everything that may stand for itself does.</summary>
    public static void AppendString(List<byte> text, string value)
    {
        text.Add((byte)'"');
        foreach (var b in Encoding.UTF8.GetBytes(value))
        {
            var letter = ShortEscape(b);
            if (letter != '\0')
                text.AddRange([(byte)'\\', (byte)letter]);
            else if (b < 0x20)
                text.AddRange(Encoding.ASCII.GetBytes($"\\u{(int)b:x4}"));
            else
                text.Add(b);
        }
        text.Add((byte)'"');
    }
}
