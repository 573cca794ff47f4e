using System.Text.Json;

namespace Edge.Text;

/// <summary>
/// Reads a JSON Schema into <see cref="SchemaNode"/>s. A reply may be narrower than the schema, never wider:
/// properties come in the schema's order; where additionalProperties is absent but properties are declared, there are
/// no others; a schema that does not name its type means the types that its keywords speak about; items behind
/// prefixItems exist only where the schema says so.
/// </summary>
internal sealed class SchemaReader
{
    /// <summary>A schema object; Flat: its allOf and $ref stand beside it already; …Done: replaced by a
    /// branch.</summary>
    private readonly record struct Part(
        JsonElement Schema, string Pointer, bool Flat = false, bool AnyOfDone = false, bool OneOfDone = false);

    private readonly JsonElement _root;
    private readonly Dictionary<string, SchemaNode.Reference> _references = [];
    /// <summary>Pairs of oneOf branches, compared when every $ref has its target.</summary>
    private readonly List<(SchemaNode A, SchemaNode B, string Pointer, int Other)> _exclusive = [];
    private readonly CompileBudget _budget;
    private int _nodes;
    private int _depth;

    private SchemaReader(JsonElement root, CompileBudget budget) => (_root, _budget) = (root, budget);

    public static SchemaNode Read(JsonElement root, CompileBudget budget)
    {
        SchemaScan.Check(root);
        var reader = new SchemaReader(root, budget);
        var node = reader.ReadSchema(root, "");
        foreach (var (a, b, pointer, other) in reader._exclusive)
        {
            budget.Spend(100, "oneOf", pointer);
            if (!SchemaDisjoint.Holds(a, b))
            {
                throw SchemaRefusedException.At("oneOf", pointer,
                    $"might be valid together with branch {other}; use anyOf, or give "
                    + "the branches different types or a required property with different const values");
            }
        }
        return node;
    }

    public SchemaNode ReadSchema(JsonElement schema, string pointer)
    {
        if (++_depth > GrammarLimits.SchemaDepthMax)
            throw SchemaRefusedException.At("", pointer,
                $"schemas are nested more than {GrammarLimits.SchemaDepthMax} deep");
        var node = schema.ValueKind == JsonValueKind.Object && IsOnlyReference(schema, out var target)
            ? ReadReference(target, pointer)
            : ReadParts([new Part(schema, pointer)], pointer);
        _depth--;
        return node;
    }

    /// <summary>Each schema that is read, however often it is reached, counts.</summary>
    private void CountNode(string pointer)
    {
        if (++_nodes > GrammarLimits.NodesMax)
            throw SchemaRefusedException.At("", pointer,
                $"more than {GrammarLimits.NodesMax} schemas after expansion; use $ref and fewer anyOf");
    }

    private static bool IsOnlyReference(JsonElement schema, out JsonElement target)
    {
        target = default;
        return schema.TryGetProperty("$ref", out target)
            && schema.EnumerateObject().All(property => property.Name == "$ref"
                || SchemaKeywords.IsAnnotation(property.Name));
    }

    private SchemaNode.Reference ReadReference(JsonElement target, string pointer)
    {
        CountNode(pointer);
        var (schema, at) = SchemaPointer.Resolve(_root, target, pointer + "/$ref");
        if (_references.TryGetValue(at, out var reference))
            return reference;
        reference = new SchemaNode.Reference(at);
        _references.Add(at, reference);
        reference.Target = ReadSchema(schema, at);
        return reference;
    }

    private SchemaNode ReadParts(List<Part> parts, string pointer)
    {
        CountNode(pointer);
        var merged = new MergedSchema(pointer);
        var flat = new List<Part>();
        var hops = 0;
        foreach (var part in parts)
            Flatten(part, flat, ref hops);
        foreach (var part in flat)
            Merge(part, merged);
        merged.CheckObjectParts();
        for (var i = 0; i < flat.Count; i++)
        {
            var (schema, at, _, anyOfDone, oneOfDone) = flat[i];
            if (!anyOfDone && schema.TryGetProperty("anyOf", out var anyOf))
                return ReadChoice("anyOf", anyOf, at, flat, i, flat[i] with { AnyOfDone = true }, pointer);
            if (!oneOfDone && schema.TryGetProperty("oneOf", out var oneOf))
                return ReadChoice("oneOf", oneOf, at, flat, i, flat[i] with { OneOfDone = true }, pointer);
        }
        return new SchemaValues(this, merged).Read();
    }

    /// <summary>Replaces allOf and $ref by what they stand for.</summary>
    private void Flatten(Part part, List<Part> flat, ref int hops)
    {
        var (schema, pointer) = (part.Schema, part.Pointer);
        if (++hops > GrammarLimits.AlternativesMax)
            throw SchemaRefusedException.At("allOf", pointer, "too many parts, or a $ref that leads back to itself");
        if (schema.ValueKind == JsonValueKind.True)
            return;
        if (schema.ValueKind == JsonValueKind.False)
            throw SchemaRefusedException.At("false", pointer,
                "nothing is valid here; remove the schema or what needs it");
        if (schema.ValueKind != JsonValueKind.Object)
            throw SchemaRefusedException.At("", pointer, "a schema must be an object, true or false");
        flat.Add(part with { Flat = true });
        if (part.Flat)
            return;
        if (schema.TryGetProperty("$ref", out var target))
        {
            var (referred, at) = SchemaPointer.Resolve(_root, target, pointer + "/$ref");
            Flatten(new Part(referred, at), flat, ref hops);
        }
        if (!schema.TryGetProperty("allOf", out var allOf))
            return;
        if (allOf.ValueKind != JsonValueKind.Array || allOf.GetArrayLength() == 0)
            throw SchemaRefusedException.At("allOf", pointer + "/allOf", "must be a list of schemas");
        var index = 0;
        foreach (var item in allOf.EnumerateArray())
            Flatten(new Part(item, $"{pointer}/allOf/{index++}"), flat, ref hops);
    }

    private void Merge(Part part, MergedSchema merged)
    {
        foreach (var property in part.Schema.EnumerateObject())
        {
            var inside = property.Value.ValueKind switch
            {
                JsonValueKind.Array => property.Value.GetArrayLength(),
                JsonValueKind.Object => property.Value.EnumerateObject().Count(),
                _ => 0,
            };
            _budget.Spend((20 + part.Pointer.Length) * (1 + inside), property.Name, part.Pointer);
            var (keyword, value, pointer) = (property.Name, property.Value,
                $"{part.Pointer}/{SchemaScan.Escape(property.Name)}");
            if (SchemaKeywords.IsAnnotation(keyword) || SchemaKeywords.IsVacuous(keyword, value))
                continue;
            if (!SchemaKeywords.IsKnown(keyword))
                throw SchemaRefusedException.At(keyword, pointer, SchemaKeywords.Remedy(keyword));
            if (keyword == "type")
                merged.AddType(value, part.Schema.TryGetProperty("nullable", out var n)
                    && n.ValueKind == JsonValueKind.True, pointer);
            else if (keyword is not ("nullable" or "anyOf" or "oneOf" or "allOf" or "$ref"))
                merged.Add(keyword, value, pointer);
        }
        merged.AddObjectPart(part.Schema, part.Pointer);
    }

    private SchemaNode ReadChoice(string keyword, JsonElement branches, string at, List<Part> flat, int index,
        Part done, string pointer)
    {
        at = $"{at}/{keyword}";
        if (branches.ValueKind != JsonValueKind.Array || branches.GetArrayLength() == 0)
            throw SchemaRefusedException.At(keyword, at, "must be a list of at least one schema");
        if (branches.GetArrayLength() > GrammarLimits.AlternativesMax)
            throw SchemaRefusedException.At(keyword, at,
                $"more than {GrammarLimits.AlternativesMax} branches; use enum for values");
        if (++_depth > GrammarLimits.SchemaDepthMax)
            throw SchemaRefusedException.At(keyword, at,
                $"schemas are nested more than {GrammarLimits.SchemaDepthMax} deep");
        // A part that says nothing but the choice adds nothing to a branch; the branch alone can then be a shared $ref.
        var others = new List<Part>(flat) { [index] = done };
        others.RemoveAll(part => SaysOnly(part.Schema, keyword, part == done)
            || (part.Flat && SaysOnly(part.Schema, "$ref", true))
            || (part.Flat && SaysOnly(part.Schema, "allOf", true)));
        var options = new List<SchemaNode>();
        var number = 0;
        foreach (var branch in branches.EnumerateArray())
        {
            var branchAt = $"{at}/{number++}";
            options.Add(others.Count == 0
                ? ReadSchema(branch, branchAt)
                : ReadParts([.. others, new Part(branch, branchAt)], branchAt));
        }
        _depth--;
        for (var i = 0; keyword == "oneOf" && i < options.Count; i++)
        {
            for (var j = i + 1; j < options.Count; j++)
                _exclusive.Add((options[i], options[j], $"{at}/{j}", i));
        }
        return options.Count == 1 ? options[0] : new SchemaNode.Alternatives(pointer, options);
    }

    private static bool SaysOnly(JsonElement schema, string keyword, bool done) =>
        done && schema.EnumerateObject().All(property => property.Name == keyword
            || SchemaKeywords.IsAnnotation(property.Name));
}
