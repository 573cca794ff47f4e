using Xunit;

namespace Edge.Tests.Text.Grammar;

/// <summary>What cannot be promised is refused before generation: the keyword, the place and a remedy.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("""{"not":{}}""", "not", "/not")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","uniqueItems":true}}}""", "uniqueItems",
        "/properties/a/uniqueItems")]
    [InlineData("""{"patternProperties":{}}""", "patternProperties", "/patternProperties")]
    [InlineData("""{"type":"object","minProperties":1}""", "minProperties", "/minProperties")]
    [InlineData("""{"type":"string","maxlength":3}""", "maxlength", "/maxlength")]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"\\bx"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"\\p{L}"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"a+?"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"(^a)"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"a$b"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"[b-a]"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"a)"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"[a"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"a{2,1}"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"*a"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","pattern":"\\"}""", "pattern", "/pattern")]
    [InlineData("""{"type":"string","format":"hostname"}""", "format", "/format")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "minimum", "/minimum")]
    [InlineData("""{"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":2}""", "minimum", "")]
    [InlineData("""{"type":"integer","minimum":1e30}""", "minimum", "/minimum")]
    [InlineData("""{"type":"number","minimum":1.00000001,"maximum":1.00000002}""", "minimum", "/minimum")]
    [InlineData("""{"type":"number","minimum":"1"}""", "minimum", "/minimum")]
    [InlineData("""{"type":"number","multipleOf":0.1}""", "multipleOf", "/multipleOf")]
    [InlineData("""{"type":"integer","minimum":1,"maximum":6,"multipleOf":7}""", "", "")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "maxLength", "/maxLength")]
    [InlineData("""{"type":"string","minLength":-1}""", "minLength", "/minLength")]
    [InlineData("""{"type":"string","minLength":100000000}""", "minLength", "/minLength")]
    [InlineData("""{"type":"string","pattern":"^a{5}$","maxLength":4}""", "", "")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "maxItems", "/maxItems")]
    [InlineData("""{"type":"array","prefixItems":[{}],"items":false,"minItems":2}""", "minItems", "/minItems")]
    [InlineData("""{"type":"array","items":[{}]}""", "items", "/items")]
    [InlineData("""{"enum":[]}""", "enum", "/enum")]
    [InlineData("""{"enum":["a"],"type":"integer"}""", "enum", "/enum")]
    [InlineData("""{"enum":["a"],"maxLength":1}""", "maxLength", "/maxLength")]
    [InlineData("""{"type":"object","required":["x"],"additionalProperties":false}""", "required", "/required")]
    [InlineData("""{"type":"object","properties":{"a":false},"required":["a"]}""", "false", "/properties/a")]
    [InlineData("""{"type":"objekt"}""", "type", "/type")]
    [InlineData("""{"allOf":[{"type":"string"},{"type":"integer"}]}""", "type", "/allOf/1/type")]
    [InlineData("""{"allOf":[{"pattern":"a"},{"pattern":"b"}]}""", "pattern", "/allOf/1/pattern")]
    [InlineData("""{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}}}]}""",
        "additionalProperties", "/allOf/0")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "oneOf", "/oneOf/1")]
    [InlineData("""{"oneOf":[{"properties":{"a":{}}},{"type":"string"}]}""", "oneOf", "/oneOf/1")]
    [InlineData("""{"anyOf":[]}""", "anyOf", "/anyOf")]
    [InlineData("""{"$ref":"other.json"}""", "$ref", "/$ref")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "$ref", "/$ref")]
    [InlineData("""{"$ref":"#"}""", "$ref", "")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", "$ref", "")]
    [InlineData("""{"allOf":[{"$ref":"#"}]}""", "allOf", "")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "", "")]
    [InlineData("""{"type":"array","items":{"$ref":"#"},"minItems":1}""", "", "")]
    [InlineData("""{"const":"\ud800"}""", "", "/const")]
    [InlineData("""[]""", "", "")]
    [InlineData("""false""", "false", "")]
    public void TryFromJsonSchema_Unsupported_NamesKeywordAndPlace(string schema, string keyword, string pointer)
    {
        Assert.False(Edge.Text.Grammar.TryFromJsonSchema(SchemaSamples.Parse(schema), out var grammar, out var error));
        Assert.Null(grammar);
        Assert.Equal((keyword, pointer), (error!.Keyword, error.Pointer));
        Assert.True(error.Message.Length > 10, "the message must say what to do");
    }

    public static TheoryData<string> Hostile => new()
    {
        """{"type":"string","pattern":"(a|b)*a(a|b){30}"}""",
        """{"type":"string","pattern":"^((((a{0,99}){0,99}){0,99}){0,99})$"}""",
        """{"type":"string","pattern":"^(.*.*.*.*.*.*.*.*.*.*x){500}"}""",
        """{"type":"string","pattern":"^[a-z]*$","maxLength":1000000}""",
        """{"type":"integer","minimum":-1,"multipleOf":9973}""",
        $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 5000))}}]}""",
        Many("{\"enum\":[", 4000, i => $"\"{i * 7919L:x16}-{i * 104729L:x16}\"", "]}"),
        Many("{\"type\":\"object\",\"properties\":{", 600, i => $"\"p{i}\":{{}}", "}}"),
        string.Concat(Enumerable.Repeat("{\"items\":", 60)) + "{}" + new string('}', 60),
        Doubling(13),
        $$"""{"anyOf":[{{string.Join(',', Enumerable.Repeat("{\"type\":\"string\",\"pattern\":\"x.{9}y\"}", 32))}}]}""",
        Many("{\"allOf\":[", 9, _ => """{"anyOf":[{"minimum":1},{"minimum":2},{"minimum":3}]}""", "]}"),
    };

    /// <summary>Each definition is two of the next, merged by allOf and so expanded.</summary>
    private static string Doubling(int levels)
    {
        var definitions = Enumerable.Range(0, levels).Select(i =>
            $$"""
            "d{{i}}": { "type": "object", "properties": {
              "a": { "allOf": [ { "$ref": "#/$defs/d{{i + 1}}" }, {} ] },
              "b": { "allOf": [ { "$ref": "#/$defs/d{{i + 1}}" }, {} ] } } }
            """);
        var all = string.Join(',', definitions);
        return $$"""{"$ref":"#/$defs/d0","$defs":{ {{all}},"d{{levels}}":{"type":"null"} } }""";
    }

    private static string Many(string open, int count, Func<int, string> item, string close) =>
        open + string.Join(',', Enumerable.Range(0, count).Select(item)) + close;

    [Theory]
    [MemberData(nameof(Hostile))]
    public void TryFromJsonSchema_Hostile_IsRefusedWithinBounds(string schema)
    {
        var element = SchemaSamples.Parse(schema);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var made = Edge.Text.Grammar.TryFromJsonSchema(element, out _, out var error);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.False(made);
        Assert.False(string.IsNullOrEmpty(error!.Message));
        Assert.True(allocated < 400L << 20, $"{allocated >> 20} MB were allocated on the way");
    }
}
