using System.Text.Json;

namespace Edge.Text;

/// <summary>One schema and the parts that hold beside it (allOf, a branch of anyOf): every keyword with the tightest
/// value.</summary>
internal sealed class MergedSchema(string pointer)
{
    public readonly record struct Entry(JsonElement Value, string Pointer);

    private readonly List<(HashSet<string> Declared, bool Closed, string Pointer)> _objects = [];

    public string Pointer { get; } = pointer;
    public Dictionary<string, Entry> Keywords { get; } = [];
    public List<(string Name, Entry Schema)> Properties { get; } = [];
    public Dictionary<string, string> Required { get; } = [];
    public List<Entry> Choices { get; } = [];
    public JsonTypes Types { get; private set; } = JsonTypes.All;

    /// <summary>The types that the keywords beside <c>type</c> speak about; narrows a schema that does not name its
    /// type.</summary>
    public JsonTypes Implied { get; private set; }

    public void AddType(JsonElement type, bool nullable, string pointer)
    {
        var types = nullable ? JsonTypes.Null : JsonTypes.None;
        if (type.ValueKind == JsonValueKind.Array && type.GetArrayLength() > 0)
        {
            foreach (var item in type.EnumerateArray())
                types |= ParseType(item, pointer);
        }
        else
        {
            types |= ParseType(type, pointer);
        }
        Types &= types;
        if (Types == JsonTypes.None)
            throw SchemaRefusedException.At("type", pointer, "no type is left when all parts hold together");
    }

    private static JsonTypes ParseType(JsonElement type, string pointer) =>
        (type.ValueKind == JsonValueKind.String ? type.GetString() : null) switch
        {
            "null" => JsonTypes.Null,
            "boolean" => JsonTypes.Boolean,
            "integer" => JsonTypes.Integer,
            "number" => JsonTypes.Number,
            "string" => JsonTypes.String,
            "object" => JsonTypes.Object,
            "array" => JsonTypes.Array,
            _ => throw SchemaRefusedException.At("type", pointer,
                "must be one or a list of null, boolean, integer, number, string, object, array"),
        };

    /// <summary>Adds one keyword of one part. Errors: two parts that cannot be put together are refused by
    /// name.</summary>
    public void Add(string keyword, JsonElement value, string pointer)
    {
        Implied |= SchemaKeywords.TypesOf(keyword);
        switch (keyword)
        {
            case "required":
                AddRequired(value, pointer);
                return;
            case "properties":
                AddProperties(value, pointer);
                return;
        }
        var entry = new Entry(value, pointer);
        if (!Keywords.TryGetValue(keyword, out var before) || before.Value.GetRawText() == value.GetRawText())
        {
            Keywords[keyword] = entry;
            return;
        }
        var tightestIsLargest = keyword is "minimum" or "exclusiveMinimum" or "minLength" or "minItems";
        if (!tightestIsLargest && keyword is not ("maximum" or "exclusiveMaximum" or "maxLength" or "maxItems"))
        {
            throw SchemaRefusedException.At(keyword, pointer,
                $"stands beside another {keyword} at {before.Pointer}; write one schema that says both");
        }
        var (a, b) = (DecimalRange.Parse(before.Value, keyword, before.Pointer),
            DecimalRange.Parse(value, keyword, pointer));
        if (tightestIsLargest ? b > a : b < a)
            Keywords[keyword] = entry;
    }

    private void AddRequired(JsonElement value, string pointer)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw SchemaRefusedException.At("required", pointer, "must be a list of names");
        foreach (var name in value.EnumerateArray())
        {
            if (name.ValueKind != JsonValueKind.String)
                throw SchemaRefusedException.At("required", pointer, "must be a list of names");
            Required.TryAdd(name.GetString()!, pointer);
        }
    }

    private void AddProperties(JsonElement value, string pointer)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw SchemaRefusedException.At("properties", pointer, "must be an object of schemas");
        var known = Properties.ToDictionary(property => property.Name, property => property.Schema);
        foreach (var property in value.EnumerateObject())
        {
            var entry = new Entry(property.Value, $"{pointer}/{SchemaScan.Escape(property.Name)}");
            if (!known.TryGetValue(property.Name, out var before))
            {
                Properties.Add((property.Name, entry));
                known.Add(property.Name, entry);
            }
            else if (before.Value.GetRawText() != entry.Value.GetRawText())
            {
                throw SchemaRefusedException.At("properties", entry.Pointer,
                    $"is also described at {before.Pointer}; describe a property once");
            }
        }
        if (Properties.Count > GrammarLimits.PropertiesMax)
            throw SchemaRefusedException.At("properties", pointer,
                $"more than {GrammarLimits.PropertiesMax} properties");
    }

    /// <summary>Remembers which names one part declares: its additionalProperties speaks about all others.</summary>
    public void AddObjectPart(JsonElement part, string pointer)
    {
        var declared = new HashSet<string>();
        if (part.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object)
            declared.UnionWith(properties.EnumerateObject().Select(property => property.Name));
        var closed = part.TryGetProperty("additionalProperties", out var extra)
            && extra.ValueKind != JsonValueKind.True;
        if (closed || declared.Count > 0)
            _objects.Add((declared, closed, pointer));
    }

    /// <summary>Errors: a part whose additionalProperties speaks about a name that another part declares is
    /// refused.</summary>
    public void CheckObjectParts()
    {
        foreach (var (declared, closed, pointer) in _objects)
        {
            if (closed && Properties.Find(property => !declared.Contains(property.Name)).Name is { } name)
            {
                throw SchemaRefusedException.At("additionalProperties", pointer,
                    $"speaks about property \"{name}\" of another part; declare all properties in one schema");
            }
        }
    }
}
