using System.Text.Json;

namespace Edge.Text;

/// <summary>Reads the keywords of one merged schema, type by type.</summary>
internal sealed class SchemaValues(SchemaReader reader, MergedSchema merged)
{
    private readonly string _pointer = merged.Pointer;

    public SchemaNode Read()
    {
        var hasEnum = merged.Keywords.ContainsKey("enum");
        if (hasEnum || merged.Keywords.ContainsKey("const"))
            return ReadLiterals(hasEnum);
        var untyped = merged.Types == JsonTypes.All;
        var types = untyped && merged.Implied != JsonTypes.None ? merged.Implied : merged.Types;
        if (types == JsonTypes.All)
            return new SchemaNode.Anything(_pointer);
        var options = new List<SchemaNode>();
        if ((types & JsonTypes.Object) != 0)
            options.Add(ReadObject(untyped));
        if ((types & JsonTypes.Array) != 0)
            options.Add(ReadArray(untyped));
        if ((types & JsonTypes.String) != 0)
            options.Add(ReadText(untyped));
        if ((types & JsonTypes.Number) != 0)
            options.Add(ReadNumber((types & JsonTypes.Number) == JsonTypes.Integer, untyped));
        if ((types & JsonTypes.Boolean) != 0)
            options.Add(Fixed("true", "false"));
        if ((types & JsonTypes.Null) != 0)
            options.Add(Fixed("null"));
        return options.Count == 1 ? options[0] : new SchemaNode.Alternatives(_pointer, options);
    }

    private SchemaNode.Literals Fixed(params ReadOnlySpan<string> texts)
    {
        var values = new List<JsonLiteral>();
        foreach (var text in texts)
            values.Add(JsonLiteral.From(JsonDocument.Parse(text).RootElement));
        return new SchemaNode.Literals(_pointer, values);
    }

    private SchemaNode.Literals ReadLiterals(bool hasEnum)
    {
        var keyword = hasEnum ? "enum" : "const";
        foreach (var name in merged.Keywords.Keys)
        {
            if (name != keyword)
                throw Refused(name, $"stands beside {keyword}; list only the values that fit, and drop one of them");
        }
        if (merged.Implied != JsonTypes.None)
        {
            throw Refused(keyword, $"stands beside {(merged.Properties.Count > 0 ? "properties" : "required")}; "
                + "list only the values that fit, and drop the other");
        }
        var (value, pointer) = merged.Keywords[keyword];
        var values = new List<JsonLiteral>();
        if (!hasEnum)
            values.Add(JsonLiteral.From(value));
        else if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            throw SchemaRefusedException.At(keyword, pointer, "must be a list of at least one value");
        else if (value.GetArrayLength() > GrammarLimits.EnumMax)
            throw SchemaRefusedException.At(keyword, pointer, $"more than {GrammarLimits.EnumMax} values; use pattern");
        else
            values.AddRange(value.EnumerateArray().Select(JsonLiteral.From));
        values.RemoveAll(literal => (literal.Types & merged.Types) == 0);
        return values.Count > 0
            ? new SchemaNode.Literals(_pointer, values)
            : throw SchemaRefusedException.At(keyword, pointer, "no value is of the type that type asks for");
    }

    private SchemaNode.Object ReadObject(bool untyped)
    {
        var has = merged.Keywords.TryGetValue("additionalProperties", out var additional);
        var closed = has && additional.Value.ValueKind == JsonValueKind.False;
        var properties = new List<SchemaProperty>();
        foreach (var (name, (schema, pointer)) in merged.Properties)
        {
            var required = merged.Required.ContainsKey(name);
            if (schema.ValueKind == JsonValueKind.False && !required)
                continue;
            properties.Add(new SchemaProperty(name, reader.ReadSchema(schema, pointer), required));
        }
        foreach (var (name, pointer) in merged.Required)
        {
            if (properties.Exists(property => property.Name == name))
                continue;
            if (closed)
            {
                throw SchemaRefusedException.At("required", pointer,
                    $"asks for \"{name}\", which additionalProperties: false forbids; describe it under properties");
            }
            properties.Add(new SchemaProperty(name, ReadExtra(has, additional), true));
        }
        var open = !closed && (has || properties.Count == 0);
        var forbidden = merged.Properties.Exists(property => property.Schema.Value.ValueKind == JsonValueKind.False);
        if (open && forbidden)
            throw Refused("properties",
                "a property that is false stands beside additional ones; use additionalProperties: false");
        return new SchemaNode.Object(_pointer, properties, open ? ReadExtra(has, additional)
            : null, closed) { Untyped = untyped };
    }

    private SchemaNode ReadExtra(bool has, MergedSchema.Entry additional) =>
        has ? reader.ReadSchema(additional.Value, additional.Pointer) : new SchemaNode.Anything(_pointer);

    private SchemaNode.Array ReadArray(bool untyped)
    {
        var (min, max) = Counts("minItems", "maxItems");
        var prefix = new List<SchemaNode>();
        if (merged.Keywords.TryGetValue("prefixItems", out var list))
        {
            if (list.Value.ValueKind != JsonValueKind.Array
                || list.Value.GetArrayLength() > GrammarLimits.PrefixItemsMax)
            {
                throw SchemaRefusedException.At("prefixItems", list.Pointer,
                    $"must be a list of at most {GrammarLimits.PrefixItemsMax} schemas");
            }
            var index = 0;
            foreach (var item in list.Value.EnumerateArray())
                prefix.Add(reader.ReadSchema(item, $"{list.Pointer}/{index++}"));
        }
        SchemaNode? rest = null;
        if (!merged.Keywords.TryGetValue("items", out var items))
            rest = prefix.Count == 0 || min > prefix.Count ? new SchemaNode.Anything(_pointer) : null;
        else if (items.Value.ValueKind == JsonValueKind.Array)
            throw SchemaRefusedException.At("items", items.Pointer,
                "a list of schemas is the old form; use prefixItems");
        else if (items.Value.ValueKind != JsonValueKind.False)
            rest = reader.ReadSchema(items.Value, items.Pointer);
        if (rest is null && min > prefix.Count)
            throw Refused("minItems", $"{min} items are asked for, but only {prefix.Count} are allowed");
        return new SchemaNode.Array(_pointer, prefix, rest, min, max) { Untyped = untyped };
    }

    private SchemaNode.Text ReadText(bool untyped)
    {
        var (min, max) = Counts("minLength", "maxLength");
        var hasPattern = merged.Keywords.TryGetValue("pattern", out var pattern);
        if (merged.Keywords.TryGetValue("format", out var format))
        {
            if (hasPattern)
                throw SchemaRefusedException.At("format", format.Pointer, "stands beside pattern; keep one of them");
            var name = format.Value.ValueKind == JsonValueKind.String ? format.Value.GetString()! : "";
            var text = SchemaFormats.PatternOf(name) ?? throw SchemaRefusedException.At("format", format.Pointer,
                $"\"{name}\" is not known; known are {SchemaFormats.Names}; drop it, or use pattern");
            return new SchemaNode.Text(_pointer, min, max, "format",
                PatternParser.Parse(text, format.Pointer)) { Untyped = untyped };
        }
        if (!hasPattern)
            return new SchemaNode.Text(_pointer, min, max, null, null) { Untyped = untyped };
        if (pattern.Value.ValueKind != JsonValueKind.String)
            throw SchemaRefusedException.At("pattern", pattern.Pointer, "must be a string");
        var parsed = PatternParser.Parse(pattern.Value.GetString()!, pattern.Pointer);
        return new SchemaNode.Text(_pointer, min, max, "pattern", parsed) { Untyped = untyped };
    }

    private SchemaNode.Number ReadNumber(bool integer, bool untyped)
    {
        var min = Tightest(BoundOf("minimum", false), BoundOf("exclusiveMinimum", true), 1);
        var max = Tightest(BoundOf("maximum", false), BoundOf("exclusiveMaximum", true), -1);
        var factor = 0;
        if (merged.Keywords.TryGetValue("multipleOf", out var multiple))
        {
            var value = DecimalRange.Parse(multiple.Value, "multipleOf", multiple.Pointer);
            if (value <= 0 || value > 10_000 || value != Math.Floor(value))
            {
                throw SchemaRefusedException.At("multipleOf", multiple.Pointer,
                    "only whole factors from 1 to 10000 are exact; scale the unit, or list the values with enum");
            }
            factor = (int)value;
        }
        var whole = integer || factor > 0;
        var range = whole ? DecimalRange.Integers(min, max) : min is null && max is null ? null
            : DecimalRange.Decimals(min, max);
        if (range is null && (whole || min is not null || max is not null))
        {
            var keyword = min is null ? "maximum" : "minimum";
            throw Refused(keyword, whole
                ? "no whole number below 2^53 in magnitude lies between the bounds"
                : "no decimal of at most 15 digits, 6 of them after the point, lies between the bounds");
        }
        var (least, greatest) = (min?.Value ?? double.NegativeInfinity, max?.Value ?? double.PositiveInfinity);
        return new SchemaNode.Number(_pointer, range, factor, least, greatest) { Untyped = untyped };
    }

    private DecimalRange.Bound? BoundOf(string keyword, bool exclusive)
    {
        if (!merged.Keywords.TryGetValue(keyword, out var entry))
            return null;
        if (entry.Value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            throw SchemaRefusedException.At(keyword, entry.Pointer,
                "a boolean is the form of draft 4; give the bound itself");
        return new(DecimalRange.Parse(entry.Value, keyword, entry.Pointer), exclusive);
    }

    private static DecimalRange.Bound? Tightest(DecimalRange.Bound? inclusive, DecimalRange.Bound? exclusive,
        int sign) =>
        (inclusive, exclusive) is ({ } a, { } b) ? (a.Value - b.Value) * sign > 0 ? a : b : inclusive ?? exclusive;

    /// <summary>Max -1: unbounded.</summary>
    private (int Min, int Max) Counts(string minKeyword, string maxKeyword)
    {
        var min = Count(minKeyword, 0);
        var max = Count(maxKeyword, -1);
        if (min > GrammarLimits.CountMinMax)
            throw Refused(minKeyword, $"more than {GrammarLimits.CountMinMax} cannot be reached by a reply");
        return max >= 0 && max < min ? throw Refused(maxKeyword, $"{max} is less than {minKeyword} {min}") : (min, max);
    }

    private int Count(string keyword, int absent)
    {
        if (!merged.Keywords.TryGetValue(keyword, out var entry))
            return absent;
        var value = DecimalRange.Parse(entry.Value, keyword, entry.Pointer);
        return value >= 0 && value == Math.Floor(value)
            ? (int)Math.Min(value, int.MaxValue / 2)
            : throw SchemaRefusedException.At(keyword, entry.Pointer, "must be a whole number, zero or more");
    }

    private SchemaRefusedException Refused(string keyword, string message) =>
        SchemaRefusedException.At(keyword, merged.Keywords.TryGetValue(keyword, out var entry) ? entry.Pointer
            : _pointer, message);
}
