using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Edge.Agent;

/// <summary>Whether a JSON value satisfies a schema: judges replies independently of the grammar that produced
/// them.</summary>
internal static class SchemaCheck
{
    private const int DepthMax = 64;

    /// <summary>The first violation with its JSON pointer, or null when the text is JSON and satisfies the
    /// schema.</summary>
    public static string? Violation(JsonElement schema, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Check(schema, schema, document.RootElement, "", 0);
        }
        catch (JsonException e)
        {
            return $"not JSON: {e.Message}";
        }
    }

    private static string? Check(JsonElement root, JsonElement schema, JsonElement value, string at, int depth)
    {
        if (depth > DepthMax) return $"{at}: nested deeper than {DepthMax}";
        if (schema.ValueKind is JsonValueKind.True) return null;
        if (schema.ValueKind is not JsonValueKind.Object) return $"{at}: nothing is allowed here";
        foreach (var rule in schema.EnumerateObject())
        {
            var r = rule.Value;
            string? violation = rule.Name switch
            {
                "$ref" => Check(root, Resolve(root, r.GetString()!), value, at, depth + 1),
                "type" => HasType(r, value) ? null : $"{at}: is {value.ValueKind}, not of type {r}",
                "const" => JsonElement.DeepEquals(r, value) ? null : $"{at}: is not {r}",
                "enum" => r.EnumerateArray().Any(e => JsonElement.DeepEquals(e, value))
                    ? null : $"{at}: {value} is none of {r}",
                "anyOf" => r.EnumerateArray().Any(s => Check(root, s, value, at, depth + 1) is null)
                    ? null : $"{at}: fits no anyOf",
                "oneOf" => r.EnumerateArray().Count(s => Check(root, s, value, at, depth + 1) is null) == 1
                    ? null : $"{at}: does not fit exactly one of oneOf",
                "allOf" => r.EnumerateArray().Select(s => Check(root, s, value, at, depth + 1))
                    .FirstOrDefault(v => v is not null),
                _ => null,
            };
            if (violation is not null) return violation;
        }
        return value.ValueKind switch
        {
            JsonValueKind.Object => CheckObject(root, schema, value, at, depth),
            JsonValueKind.Array => CheckArray(root, schema, value, at, depth),
            JsonValueKind.String => CheckString(schema, value.GetString()!, at),
            JsonValueKind.Number => CheckNumber(schema, value.GetDouble(), at),
            _ => null,
        };
    }

    private static string? CheckObject(JsonElement root, JsonElement schema, JsonElement value, string at, int depth)
    {
        bool hasProperties = schema.TryGetProperty("properties", out var properties);
        if (schema.TryGetProperty("required", out var required))
            foreach (var name in required.EnumerateArray())
                if (!value.TryGetProperty(name.GetString()!, out _)) return $"{at}: '{name}' is missing";
        foreach (var member in value.EnumerateObject())
        {
            string inside = $"{at}/{member.Name}";
            if (hasProperties && properties.TryGetProperty(member.Name, out var own))
            {
                if (Check(root, own, member.Value, inside, depth + 1) is { } violation) return violation;
            }
            else if (schema.TryGetProperty("additionalProperties", out var others)
                && Check(root, others, member.Value, inside, depth + 1) is { } violation)
            {
                return violation;
            }
        }
        return null;
    }

    private static string? CheckArray(JsonElement root, JsonElement schema, JsonElement value, string at, int depth)
    {
        int length = value.GetArrayLength();
        if (Limit(schema, "minItems") is { } min && length < min) return $"{at}: fewer than {min} items";
        if (Limit(schema, "maxItems") is { } max && length > max) return $"{at}: more than {max} items";
        if (!schema.TryGetProperty("items", out var items)) return null;
        int index = 0;
        foreach (var item in value.EnumerateArray())
            if (Check(root, items, item, $"{at}/{index++}", depth + 1) is { } violation) return violation;
        return null;
    }

    private static string? CheckString(JsonElement schema, string value, string at)
    {
        int length = value.EnumerateRunes().Count(); // JSON Schema counts characters, not UTF-16 units.
        if (Limit(schema, "minLength") is { } min && length < min) return $"{at}: shorter than {min}";
        if (Limit(schema, "maxLength") is { } max && length > max) return $"{at}: longer than {max}";
        return schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(value, pattern.GetString()!)
            ? $"{at}: does not match {pattern}"
            : null;
    }

    private static string? CheckNumber(JsonElement schema, double value, string at)
    {
        if (Limit(schema, "minimum") is { } min && value < min) return $"{at}: {value} is below {min}";
        if (Limit(schema, "maximum") is { } max && value > max) return $"{at}: {value} is above {max}";
        if (Limit(schema, "exclusiveMinimum") is { } above && value <= above)
            return $"{at}: {value} is not above {above}";
        if (Limit(schema, "exclusiveMaximum") is { } below && value >= below)
            return $"{at}: {value} is not below {below}";
        return null;
    }

    private static double? Limit(JsonElement schema, string keyword) =>
        schema.TryGetProperty(keyword, out var limit) ? limit.GetDouble() : null;

    private static bool HasType(JsonElement type, JsonElement value) =>
        type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Any(one => HasType(one, value))
            : type.GetString() switch
            {
                "object" => value.ValueKind == JsonValueKind.Object,
                "array" => value.ValueKind == JsonValueKind.Array,
                "string" => value.ValueKind == JsonValueKind.String,
                "number" => value.ValueKind == JsonValueKind.Number,
                "integer" => value.ValueKind == JsonValueKind.Number && double.IsInteger(value.GetDouble()),
                "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
                "null" => value.ValueKind == JsonValueKind.Null,
                _ => false,
            };

    private static JsonElement Resolve(JsonElement root, string reference)
    {
        var element = root;
        foreach (string part in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = part.Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            element = element.ValueKind == JsonValueKind.Array
                ? element[int.Parse(name, CultureInfo.InvariantCulture)]
                : element.GetProperty(name);
        }
        return element;
    }
}
