using System.Text.Json;

namespace Edge.Text;

/// <summary>Which keywords mean something here, which mean nothing to a validator, and what to do instead of the
/// others.</summary>
internal static class SchemaKeywords
{
    public static bool IsAnnotation(string keyword) =>
        keyword is "title" or "description" or "default" or "examples" or "example"
        or "$schema" or "$id" or "$comment" or "$defs" or "definitions" or "deprecated" or "readOnly" or "writeOnly"
        or "contentEncoding" or "contentMediaType" or "discriminator"
            || keyword.StartsWith("x-", StringComparison.Ordinal);

    public static bool IsKnown(string keyword) => TypesOf(keyword) != JsonTypes.None
        || keyword is "type" or "nullable" or "enum" or "const" or "anyOf" or "oneOf" or "allOf" or "$ref";

    /// <summary>The types that a keyword speaks about.</summary>
    public static JsonTypes TypesOf(string keyword) => keyword switch
    {
        "properties" or "required" or "additionalProperties" => JsonTypes.Object,
        "items" or "prefixItems" or "minItems" or "maxItems" => JsonTypes.Array,
        "minLength" or "maxLength" or "pattern" or "format" => JsonTypes.String,
        "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" => JsonTypes.Number,
        _ => JsonTypes.None,
    };

    /// <summary>Keywords that say nothing at this value.</summary>
    public static bool IsVacuous(string keyword, JsonElement value) => (keyword, value.ValueKind) switch
    {
        ("uniqueItems" or "strict", JsonValueKind.False) => true,
        ("strict", JsonValueKind.True) => true,
        ("unevaluatedProperties" or "additionalItems" or "unevaluatedItems", JsonValueKind.True) => true,
        ("minProperties", JsonValueKind.Number) => value.TryGetInt32(out var n) && n == 0,
        _ => false,
    };

    /// <summary>What to write instead of a keyword that is not supported.</summary>
    public static string Remedy(string keyword) => keyword switch
    {
        "not" or "if" or "then" or "else" => "is not supported; list the allowed cases with anyOf",
        "patternProperties" or "propertyNames" =>
            "is not supported; name the properties, or use additionalProperties with a schema",
        "minProperties" or "maxProperties" => "is not supported; use required and additionalProperties: false",
        "dependentRequired" or "dependentSchemas" or "dependencies" =>
            "is not supported; use anyOf with one object per case",
        "uniqueItems" => "is not supported; drop it, and check the reply, or use one boolean property per value",
        "contains" or "minContains" or "maxContains" =>
            "is not supported; use prefixItems for the item that must be there",
        "additionalItems" => "is not supported; use items behind prefixItems",
        "unevaluatedProperties" => "is not supported; use additionalProperties",
        "unevaluatedItems" => "is not supported; use items: false",
        "$dynamicRef" or "$recursiveRef" or "$anchor" or "$dynamicAnchor" =>
            "is not supported; use $ref with #/$defs/…",
        _ => "is not a keyword that is known here; remove it, or begin its name with x- if it is only a note",
    };
}
