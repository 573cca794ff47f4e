using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Edge.Tests.Text.Grammar;

/// <summary>A plain JSON Schema validator, written from the standard and sharing nothing with the compiler: the
/// tests' reference.</summary>
internal sealed class SchemaValidator(JsonElement root)
{
    public static bool IsValid(JsonElement schema, string json)
    {
        using var document = JsonDocument.Parse(json);
        return new SchemaValidator(schema).Valid(schema, document.RootElement);
    }

    public bool Valid(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return true;
        if (schema.ValueKind == JsonValueKind.False)
            return false;
        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Holds(schema, keyword.Name, keyword.Value, value))
                return false;
        }
        return true;
    }

    private bool Holds(JsonElement schema, string keyword, JsonElement limit, JsonElement value) => keyword switch
    {
        "$ref" => Valid(Resolve(limit.GetString()!), value),
        "allOf" => limit.EnumerateArray().All(part => Valid(part, value)),
        "anyOf" => limit.EnumerateArray().Any(part => Valid(part, value)),
        "oneOf" => limit.EnumerateArray().Count(part => Valid(part, value)) == 1,
        "enum" => limit.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value)),
        "const" => JsonElement.DeepEquals(limit, value),
        "type" => HasType(limit, value)
            || (value.ValueKind == JsonValueKind.Null && schema.TryGetProperty("nullable", out var n)
                && n.GetBoolean()),
        _ => value.ValueKind switch
        {
            JsonValueKind.String => StringHolds(keyword, limit, value.GetString()!),
            JsonValueKind.Number => NumberHolds(keyword, limit, value.GetDouble()),
            JsonValueKind.Object => ObjectHolds(schema, keyword, limit, value),
            JsonValueKind.Array => ArrayHolds(schema, keyword, limit, value),
            _ => true,
        },
    };

    private static bool HasType(JsonElement type, JsonElement value)
    {
        if (type.ValueKind == JsonValueKind.Array)
            return type.EnumerateArray().Any(one => HasType(one, value));
        return (type.GetString(), value.ValueKind) switch
        {
            ("null", JsonValueKind.Null) or ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
            ("string", JsonValueKind.String) or ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) =>
                true,
            ("number", JsonValueKind.Number) => double.IsFinite(value.GetDouble()),
            ("integer", JsonValueKind.Number) => Math.Floor(value.GetDouble()) == value.GetDouble(),
            _ => false,
        };
    }

    private static bool StringHolds(string keyword, JsonElement limit, string value) => keyword switch
    {
        "minLength" => value.EnumerateRunes().Count() >= limit.GetDouble(),
        "maxLength" => value.EnumerateRunes().Count() <= limit.GetDouble(),
        "pattern" => PatternHolds(limit.GetString()!, value),
        "format" => FormatHolds(limit.GetString()!, value),
        _ => true,
    };

    private static bool PatternHolds(string pattern, string value)
    {
        // .NET counts UTF-16 units and lets $ match before a last line break; JSON Schema does neither.
        var units = new StringBuilder();
        foreach (var rune in value.EnumerateRunes())
            units.Append(rune.IsBmp ? (char)rune.Value : '\uE000');
        if (pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal))
            pattern = pattern[..^1] + "(?![\\s\\S])";
        return Regex.IsMatch(units.ToString(), pattern, RegexOptions.ECMAScript);
    }

    private static bool FormatHolds(string format, string value) => format switch
    {
        "date" => DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => DateTimeOffset.TryParse("2024-03-01T" + value, CultureInfo.InvariantCulture, DateTimeStyles.None,
            out _),
        "date-time" => DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "uuid" => Guid.TryParseExact(value, "D", out _),
        "ipv4" => System.Net.IPAddress.TryParse(value, out var address) && address.ToString() == value,
        "email" => System.Net.Mail.MailAddress.TryCreate(value, out var mail) && mail.Address == value,
        _ => false,
    };

    private static bool NumberHolds(string keyword, JsonElement limit, double value) => keyword switch
    {
        "minimum" => value >= limit.GetDouble(),
        "maximum" => value <= limit.GetDouble(),
        "exclusiveMinimum" => value > limit.GetDouble(),
        "exclusiveMaximum" => value < limit.GetDouble(),
        "multipleOf" => value % limit.GetDouble() == 0,
        _ => true,
    };

    private bool ObjectHolds(JsonElement schema, string keyword, JsonElement limit, JsonElement value)
    {
        switch (keyword)
        {
            case "required":
                return limit.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _));
            case "properties":
                return value.EnumerateObject().All(property =>
                    !limit.TryGetProperty(property.Name, out var own) || Valid(own, property.Value));
            case "additionalProperties":
                var declared = schema.TryGetProperty("properties", out var properties);
                return value.EnumerateObject().All(property =>
                    (declared && properties.TryGetProperty(property.Name, out _)) || Valid(limit, property.Value));
            default:
                return true;
        }
    }

    private bool ArrayHolds(JsonElement schema, string keyword, JsonElement limit, JsonElement value)
    {
        var prefix = schema.TryGetProperty("prefixItems", out var list) ? list.GetArrayLength() : 0;
        return keyword switch
        {
            "minItems" => value.GetArrayLength() >= limit.GetDouble(),
            "maxItems" => value.GetArrayLength() <= limit.GetDouble(),
            "items" => value.EnumerateArray().Skip(prefix).All(item => Valid(limit, item)),
            "prefixItems" => limit.EnumerateArray().Zip(value.EnumerateArray())
                .All(pair => Valid(pair.First, pair.Second)),
            _ => true,
        };
    }

    private JsonElement Resolve(string reference)
    {
        var value = root;
        foreach (var step in Uri.UnescapeDataString(reference).Split('/').Skip(1)
            .Select(s => s.Replace("~1", "/").Replace("~0", "~")))
            value = value.ValueKind == JsonValueKind.Array ? value[int.Parse(step, CultureInfo.InvariantCulture)]
                : value.GetProperty(step);
        return value;
    }
}
