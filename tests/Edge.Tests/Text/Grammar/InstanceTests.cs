using System.Globalization;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Edge.Tests.Text.Grammar;

/// <summary>The other direction: values made at random for a schema, written compactly in the schema's order, are let
/// through.</summary>
public sealed class InstanceTests
{
    [Theory]
    [MemberData(nameof(RandomWalkTests.Schemas), MemberType = typeof(RandomWalkTests))]
    public void Grammar_RandomInstance_IsLetThrough(int index)
    {
        var schema = SchemaSamples.Parse(SchemaSamples.All[index]);
        var grammar = SchemaSamples.Compile(SchemaSamples.All[index]);
        var random = new Random(index);
        var tried = 0;
        for (var i = 0; i < 400; i++)
        {
            var text = new StringBuilder();
            Make(random, schema, schema, text, 0);
            var json = text.ToString();
            // Makers ignore what is hard to make (patterns, formats, depth); the validator sorts those out.
            if (!IsValid(schema, json))
                continue;
            tried++;
            Assert.True(Vocabularies.Matches(grammar, Encoding.UTF8.GetBytes(json)), $"{schema} refuses {json}");
        }
        Assert.True(tried > 3 || SchemaSamples.All[index].Contains("pattern", StringComparison.Ordinal)
            || SchemaSamples.All[index].Contains("format", StringComparison.Ordinal),
                $"only {tried} instances of {schema}");
    }

    private static bool IsValid(JsonElement schema, string json)
    {
        try
        {
            return SchemaValidator.IsValid(schema, json);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Make(Random random, JsonElement root, JsonElement schema, StringBuilder text, int depth)
    {
        if (schema.ValueKind == JsonValueKind.True || depth > 8)
        {
            text.Append(random.Next(100));
            return;
        }
        if (schema.TryGetProperty("$ref", out var reference))
            schema = reference.GetString()!.Split('/').Skip(1).Aggregate(root, (at, step) => at.GetProperty(step));
        foreach (var choice in (string[])["anyOf", "oneOf"])
        {
            if (schema.TryGetProperty(choice, out var branches)
                && branches[0].TryGetProperty("type", out _) | branches[0].TryGetProperty("$ref", out _))
                schema = branches[random.Next(branches.GetArrayLength())];
        }
        if (schema.TryGetProperty("$ref", out _))
        {
            Make(random, root, schema, text, depth + 1);
            return;
        }
        if (schema.TryGetProperty("const", out var fixedValue))
            text.Append(fixedValue.GetRawText());
        else if (schema.TryGetProperty("enum", out var values))
            text.Append(values[random.Next(values.GetArrayLength())].GetRawText());
        else
            MakeTyped(random, root, schema, TypeOf(random, schema), text, depth);
    }

    private static string TypeOf(Random random, JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
            return schema.TryGetProperty("properties", out _) || schema.TryGetProperty("allOf", out _) ? "object"
                : "integer";
        return type.ValueKind == JsonValueKind.Array ? type[random.Next(type.GetArrayLength())].GetString()!
            : type.GetString()!;
    }

    private static void MakeTyped(Random random, JsonElement root, JsonElement schema, string type, StringBuilder text,
        int depth)
    {
        switch (type)
        {
            case "null": text.Append("null"); break;
            case "boolean": text.Append(random.Next(2) == 0 ? "true" : "false"); break;
            case "integer": text.Append(Scaled(random, 0)); break;
            case "number": text.Append(Scaled(random, random.Next(7))); break;
            case "string": MakeString(random, schema, text); break;
            case "array": MakeArray(random, root, schema, text, depth); break;
            default: MakeObject(random, root, schema, text, depth); break;
        }
    }

    private static string Scaled(Random random, int places)
    {
        var value = random.Next(5) switch
        {
            0 => random.Next(-3, 12),
            1 => random.Next(-100, 2000),
            2 => random.NextInt64(9007199254739990, 9007199254740991),
            _ => random.Next(-1_000_000, 3_000_000),
        } / (places == 0 ? 1m : (decimal)Math.Pow(10, random.Next(places + 1)));
        return Math.Round(value, places).ToString(CultureInfo.InvariantCulture);
    }

    private static void MakeString(Random random, JsonElement schema, StringBuilder text)
    {
        if (schema.TryGetProperty("pattern", out var pattern))
        {
            // Words that one or other of the sample patterns means, and near misses.
            string[] words = ["Abc", "Wxyz-12", "Room-7", "bad", "xbéd", "b😀d", "ababcd", "abc d", "cdddé", "a_9!",
                "cdab+", "xàz!", "ßÿx-"];
            text.Append('"').Append(words[random.Next(words.Length)]).Append('"');
            return;
        }
        if (schema.TryGetProperty("format", out var format))
        {
            text.Append('"').Append(format.GetString() switch
            {
                "date" => "2024-11-30", "time" => "23:59:59Z", "date-time" => "2023-02-28T00:00:00.25+01:30",
                "uuid" => "01234567-89ab-cdef-0123-456789abcdef", "ipv4" => "192.168.0.254", _ =>
                    "a.b+c@mail-1.example.org",
            }).Append('"');
            return;
        }
        string[] pieces = ["a", "Z", " ", "é", "日", "😀", "\\n", "\\\"", "\\\\", "/", "\\u0007", "\\ud83d\\ude00",
            "\u007f", "\\u00E9"];
        text.Append('"');
        for (var n = random.Next(6); n > 0; n--)
            text.Append(pieces[random.Next(pieces.Length)]);
        text.Append('"');
    }

    private static void MakeArray(Random random, JsonElement root, JsonElement schema, StringBuilder text, int depth)
    {
        text.Append('[');
        var prefix = schema.TryGetProperty("prefixItems", out var list) ? list.GetArrayLength() : 0;
        var open = schema.TryGetProperty("items", out var items) && items.ValueKind != JsonValueKind.False;
        var count = open ? random.Next(Math.Max(1, 5 - depth)) : random.Next(prefix + 1);
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
                text.Append(',');
            Make(random, root, i < prefix ? list[i] : items, text, depth + 1);
        }
        text.Append(']');
    }

    private static void MakeObject(Random random, JsonElement root, JsonElement schema, StringBuilder text, int depth)
    {
        text.Append('{');
        var first = true;
        void Add(string name, JsonElement value)
        {
            text.Append(first ? "" : ",").Append(name).Append(':');
            first = false;
            Make(random, root, value, text, depth + 1);
        }
        foreach (var part in schema.TryGetProperty("allOf", out var allOf) ? allOf.EnumerateArray().ToArray()
            : [schema])
        {
            var whole = part.TryGetProperty("$ref", out var reference)
                ? reference.GetString()!.Split('/').Skip(1).Aggregate(root, (at, step) => at.GetProperty(step)) : part;
            if (!whole.TryGetProperty("properties", out var properties))
                continue;
            foreach (var property in properties.EnumerateObject())
            {
                var required = whole.TryGetProperty("required", out var names)
                    && names.EnumerateArray().Any(n => n.GetString() == property.Name);
                if (required || random.Next(2) == 0)
                    Add(JsonSerializer.Serialize(property.Name, Relaxed), property.Value);
            }
        }
        if (schema.TryGetProperty("additionalProperties", out var extra) && extra.ValueKind == JsonValueKind.Object)
        {
            for (var n = random.Next(3); n > 0; n--)
                Add($"\"x{random.Next(10)}é\"", extra);
        }
        text.Append('}');
    }

    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
