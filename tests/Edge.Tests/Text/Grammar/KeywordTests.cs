using System.Text;
using System.Text.Json;
using Xunit;

namespace Edge.Tests.Text.Grammar;

/// <summary>Replies that each keyword lets through and replies that it does not, byte by byte.</summary>
public sealed class KeywordTests
{
    public static TheoryData<string, string[], string[]> Cases => new()
    {
        { """{"type":"null"}""", ["null", " null"], ["nul", "nulls", "0", "  null", "null "] },
        { """{"type":"boolean"}""", ["true", "false"], ["True", "1", ""] },
        { """{"enum":["a","ab",1,null]}""", ["\"a\"", "\"ab\"", "1", "null"], ["\"abc\"", "\"", "10", "\"\\u0061\""] },
        { """{"const":{"a":[1,"x"]}}""", ["{\"a\":[1,\"x\"]}"], ["{\"a\":[1,\"y\"]}", "{}", "{\"a\": [1,\"x\"]}"] },
        { """{"enum":[1,"a",true],"type":"integer"}""", ["1"], ["\"a\"", "true"] },
        { """{"type":"string"}""", ["\"\"", "\"é😀\"", "\"\\u00e9\\ud83d\\ude00\\n\\/\"", "\"\\uD7ff\\uE000\""],
            ["\"", "\"\n\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\u0041\"", "\"\\x\"",
                "\"\\u12g4\"", "'a'"] },
        { """{"type":"string","maxLength":2}""", ["\"\"", "\"ab\"", "\"😀é\"", "\"\\ud83d\\ude00b\"", "\"\\n\\t\""],
            ["\"abc\"", "\"a\\ud83d\\ude00b\"", "\"\\u0061bc\""] },
        { """{"type":"string","minLength":2,"maxLength":3}""", ["\"ab\"", "\"abc\"", "\"é\\n\""],
            ["\"\"", "\"😀\"", "\"abcd\""] },
        { """{"type":"string","maxLength":0}""", ["\"\""], ["\"a\"", "\"\\n\""] },
        { """{"type":"string","pattern":"^a.c$"}""", ["\"abc\"", "\"a😀c\"", "\"a\\\"c\"", "\"a\\\\c\"", "\"a\\tc\""],
            ["\"ac\"", "\"a\\nc\"", "\"abcd\"", "\"xabc\"", "\"a\\u0062c\""] },
        { """{"type":"string","pattern":"b+"}""", ["\"b\"", "\"abbba\"", "\"\\nb\""], ["\"\"", "\"aaa\""] },
        { """{"type":"string","pattern":"^(x|yz){2,3}$","maxLength":4}""",
            ["\"xx\"", "\"xyz\"", "\"xxyz\"", "\"yzyz\""],
            ["\"x\"", "\"yzyzyz\"", "\"xyzyz\"", "\"xxxx\""] },
        { """{"type":"string","pattern":"^[^a-c\\d]\\w?\\s*[-.\\]]$"}""", ["\"d-\"", "\"é_ ]\"", "\"+9\\t .\""],
            ["\"a-\"", "\"5-\"", "\"d\""] },
        { """{"type":"string","pattern":"^\\u00e9\\x41$"}""", ["\"éA\""], ["\"eA\""] },
        { """{"type":"string","pattern":"^(?:a{3}|b{2,})$"}""", ["\"aaa\"", "\"bb\"", "\"bbbbb\""],
            ["\"aa\"", "\"b\"", "\"aaaa\""] },
        { """{"type":"string","pattern":"^[\\u0000-\\u001f]$"}""",
            ["\"\\n\"", "\"\\u001f\"", "\"\\u001F\"", "\"\\u0000\""], ["\"a\"", "\"\\u0020\""] },
        { """{"type":"string","format":"date"}""", ["\"2024-12-31\"", "\"1999-02-28\""],
            ["\"2024-02-30\"", "\"2024-13-01\"", "\"2024-1-1\""] },
        { """{"type":"string","format":"ipv4"}""", ["\"255.0.19.1\""], ["\"256.0.0.1\"", "\"1.2.3\"", "\"01.2.3.4\""] },
        { """{"type":"integer"}""", ["0", "-1", "9007199254740991"],
            ["-0", "01", "1.0", "1e3", "9007199254740992", "-", "+1"] },
        { """{"type":"integer","minimum":-12,"maximum":105}""", ["-12", "-9", "0", "9", "99", "100", "105"],
            ["-13", "-20", "106", "110", "1000"] },
        { """{"type":"integer","exclusiveMinimum":1.5,"exclusiveMaximum":4}""", ["2", "3"], ["1", "4"] },
        { """{"type":"integer","minimum":0,"multipleOf":25,"maximum":1000}""", ["0", "25", "1000", "975"],
            ["5", "24", "1025"] },
        { """{"type":"integer","maximum":9223372036854775807}""", ["9007199254740991", "-5"],
            ["9007199254740992", "9223372036854775807"] },
        { """{"type":"number"}""", ["0", "-0", "-1.50", "12e5", "1.5E-12", "0.000000000000001"],
            [".5", "1.", "1e", "1e999", "00", "--1", "NaN"] },
        { """{"type":"number","minimum":0,"maximum":1}""", ["0", "1", "0.5", "1.000000", "0.000001"],
            ["1.000001", "-0", "1e0", "0.0000001", "2"] },
        { """{"type":"number","exclusiveMinimum":-2.5,"exclusiveMaximum":0}""", ["-2.499999", "-2", "-0.1"],
            ["-2.5", "-2.50", "0", "-0", "-3"] },
        { """{"type":"number","minimum":0.1}""", ["0.1", "0.100000", "99999.5", "7"], ["0.09", "0.099999", "0", "-1"] },
        { """{"type":"number","multipleOf":5}""", ["10", "-5"], ["10.0", "7"] },
        { """{"type":"array","items":{"type":"integer"}}""",
            ["[]", "[1]", "[1,2]", "[ 1, 2 ]", "[\n  1,\n  2\n]", "[ ]"],
            ["[,]", "[1,]", "[1 ,2]", "[1,  2]", "[\"a\"]", "[\n\n1]"] },
        { """{"type":"array","items":{"const":0},"minItems":2,"maxItems":3}""", ["[0,0]", "[0,0,0]"],
            ["[]", "[0]", "[0,0,0,0]"] },
        { """{"type":"array","maxItems":0}""", ["[]", "[\n]"], ["[1]"] },
        { """{"type":"array","prefixItems":[{"const":1},{"const":2}]}""", ["[]", "[1]", "[1,2]"],
            ["[2]", "[1,2,3]", "[1,1]"] },
        { """{"type":"array","prefixItems":[{"const":1}],"items":{"const":2},"minItems":2,"maxItems":3}""",
            ["[1,2]", "[1,2,2]"],
            ["[]", "[1]", "[1,1]", "[1,2,2,2]"] },
        { """{"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}""",
            ["{\"b\":2}", "{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":3}", "{ \"a\": 1, \"b\": 2 }", "{\n  \"b\": 2\n}"],
            ["{}", "{\"a\":1}", "{\"c\":3}", "{\"b\":2,\"a\":1}", "{\"b\":2,\"d\":1}", "{\"b\":2,}", "{\"b\" :2}",
                "{\"b\":2,\"b\":2}"] },
        { """{"type":"object","additionalProperties":false}""", ["{}", "{ }"], ["{\"a\":1}"] },
        { """{"type":"object"}""", ["{}", "{\"a\":{\"b\":[null,1.5,\"x\"]}}", "{\"\\u0061\\n\":1}"],
            ["[]", "{a:1}", "{\"a\"}"] },
        { """{"type":"object","properties":{"ab":{"const":1},"b":{"const":2}},"additionalProperties":{"const":0}}""",
            ["{\"a\":0}", "{\"abc\":0}", "{\"ab\":1,\"b\":2,\"é\":0,\"\":0}", "{\"b\":2,\"c\":0}"],
            ["{\"ab\":0}", "{\"a\":1}", "{\"c\":0,\"b\":2}", "{\"b\":0}", "{\"\\u0061b\":0}"] },
        { """{"type":"object","properties":{"a":{"const":1}},"required":["z"],"additionalProperties":{"const":0}}""",
            ["{\"z\":0}", "{\"a\":1,\"z\":0,\"y\":0}"], ["{\"a\":1}", "{\"y\":0}"] },
        { """{"properties":{"a":{"type":"null"}}}""", ["{\"a\":null}", "{}"], ["1", "\"x\""] },
        { """{"type":["integer","string"],"nullable":true}""", ["1", "\"1\"", "null"], ["true", "1.5"] },
        { """{"anyOf":[{"type":"string","maxLength":1},{"type":"string","pattern":"^abc$"},{"type":"integer"}]}""",
            ["\"a\"", "\"abc\"", "12", "\"\""], ["\"ab\"", "\"abcd\"", "1.5"] },
        { """{"oneOf":[{"type":"integer","maximum":3},{"type":"integer","minimum":5}]}""", ["3", "5", "-9"], ["4"] },
        { """{"allOf":[{"type":"integer","minimum":1},{"minimum":3},{"maximum":5}]}""", ["3", "5"], ["2", "6"] },
        { """
            {"$ref":"#/$defs/n","$defs":{"n":{"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#/$defs/n"}}]}}}
            """,
            ["null", "[]", "[[],[null,[]]]"], ["[1]", "[[]"] },
        { """{"type":"array","items":{"$ref":"#"},"maxItems":1}""", ["[]", "[[]]", "[[[]]]"], ["[[],[]]"] },
        { """
            {"type":"object","properties":{"a/b~c d":{"$ref":"#/definitions/x~1y~0z%20w"}},
            "definitions":{"x/y~z w":{"const":1}}}
            """,
            ["{\"a/b~c d\":1}"], ["{\"a/b~c d\":2}"] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Grammar_Keyword_LetsThroughValidOnly(string schema, string[] valid, string[] invalid)
    {
        var grammar = SchemaSamples.Compile(schema);
        foreach (var text in valid)
        {
            Assert.True(SchemaValidator.IsValid(SchemaSamples.Parse(schema), text), $"the validator refuses {text}");
            Assert.True(Vocabularies.Matches(grammar, Encoding.UTF8.GetBytes(text)), $"{schema} refuses {text}");
        }
        foreach (var text in invalid)
            Assert.False(Vocabularies.Matches(grammar, Encoding.UTF8.GetBytes(text)), $"{schema} lets through {text}");
    }

    [Theory]
    [InlineData(new byte[] { 0x22, 0x80, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xC0, 0xAF, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xE0, 0x80, 0x80, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xED, 0xA0, 0x80, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xF4, 0x90, 0x80, 0x80, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xF8, 0x88, 0x80, 0x80, 0x80, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xC3, 0x22 })]
    public void Grammar_BrokenUtf8_IsRefused(byte[] text)
    {
        Assert.False(Vocabularies.Matches(SchemaSamples.Compile("""{"type":"string"}"""), text));
        Assert.False(Vocabularies.Matches(SchemaSamples.Compile("""{"type":"string","maxLength":9}"""), text));
        Assert.False(Vocabularies.Matches(SchemaSamples.Compile("""{"type":"string","pattern":"."}"""), text));
        Assert.False(Vocabularies.Matches(SchemaSamples.Compile("""{"type":"string","pattern":"^[^x]*$"}"""), text));
    }

    [Fact]
    public void Grammar_WhiteSpaceRun_IsBounded()
    {
        var grammar = SchemaSamples.Compile("""{"type":"array","items":{"const":1}}""");
        Assert.True(Vocabularies.Matches(grammar, Encoding.UTF8.GetBytes("[\n" + new string(' ', 32) + "1]")));
        Assert.False(Vocabularies.Matches(grammar, Encoding.UTF8.GetBytes("[\n" + new string(' ', 33) + "1]")));
    }

    [Fact]
    public void Grammar_Nesting_StopsWhereReadersStop()
    {
        static byte[] Nested(int levels) =>
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", levels - 1)) + "{}"
                + new string('}', levels - 1));
        Assert.True(Vocabularies.Matches(Edge.Text.Grammar.JsonObject, Nested(64)));
        Assert.False(Vocabularies.Matches(Edge.Text.Grammar.JsonObject, Nested(65)));
        using var document = JsonDocument.Parse(Nested(64));
        Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
    }

    [Fact]
    public void Grammar_ShippedVerdictSchema_TakesTheModelsReply()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Edge.sln")))
            folder = Path.GetDirectoryName(folder)!;
        var grammar = SchemaSamples.Compile(
            File.ReadAllText(Path.Combine(folder, "devices", "schemas", "sensor-verdict.json")));
        Assert.True(Vocabularies.Matches(grammar,
            """{"status":"critical","sensor":"temperature","reason":"12.4C above limit 4.0C","action":"notify"}"""u8));
        Assert.False(Vocabularies.Matches(grammar,
            """{"status":"critical","sensor":"temperatures","reason":"12.4C above limit 4.0C","action":"notify"}"""u8));
    }
}
