using System.Text.Json;
using Xunit;

namespace Edge.Tests.Text.Grammar;

/// <summary>Schemas that the random tests walk through; every supported keyword is in one of them.</summary>
internal static class SchemaSamples
{
    public static readonly string Verdict = """
        {"type":"object","properties":{"status":{"enum":["ok","warning","critical"]},
        "sensor":{"enum":["none","temperature","humidity",
        "pressure","vibration","co2","leak","door","motion","battery"]},"reason":{"type":"string","maxLength":80},
        "action":{"enum":["none","log","notify","shutdown"]}},"required":["status","sensor","reason",
        "action"],"additionalProperties":false}
        """;

    public static readonly string[] All =
    [
        Verdict,
        """{"type":"object"}""",
        """{}""",
        """{"type":"array","items":{"type":"integer","minimum":-7,"maximum":1203},"minItems":2,"maxItems":5}""",
        """
        {"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"}],"items":{"type":"null"},
        "minItems":1,"maxItems":4}
        """,
        """{"type":"array","prefixItems":[{"const":1},{"const":"b"}],"items":false}""",
        """{"enum":[1,"a","é\n\"",null,{"x":[1,2.5]},[true],-0.5,1e3,"ab"]}""",
        """{"const":{"k":["v",{"n":null}]}}""",
        """{"type":["string","null","integer"],"maxLength":3,"minimum":5}""",
        """{"type":"string","nullable":true,"minLength":2,"maxLength":4}""",
        """{"type":"number","minimum":-1.5,"exclusiveMaximum":2.25}""",
        """{"type":"number","exclusiveMinimum":0.1,"maximum":1000000}""",
        """{"type":"number"}""",
        """{"type":"integer","exclusiveMinimum":-4,"exclusiveMaximum":1e6,"multipleOf":7}""",
        """{"type":"integer","minimum":9007199254740000}""",
        """{"type":"string","pattern":"^[A-Z][a-z]{2,5}(-\\d+)?$","maxLength":9}""",
        """{"type":"string","pattern":"b.d","maxLength":8}""",
        """{"type":"string","pattern":"^(ab|cd*)+\\s?[^x\\d]$|^\\w{3}","minLength":3,"maxLength":7}""",
        """{"type":"string","pattern":"^\\S[\\u00e0-\\u00ff]\\D\\W$"}""",
        """{"type":"array","items":{"type":"string","format":"date-time"},"maxItems":2}""",
        """
        {"type":"object","properties":{"d":{"type":"string","format":"date"},"t":{"type":"string","format":"time"},
        "u":{"type":"string","format":"uuid"},"i":{"type":"string","format":"ipv4"},"m":{"type":"string",
        "format":"email"}}}
        """,
        """
        {"type":"object","properties":{"a":{"type":"boolean"},"ab":{"type":"null"},"b":{"const":0},"abc":{"const":1}},
        "required":["b"],"additionalProperties":{"type":"integer","minimum":0,"maximum":9}}
        """,
        """
        {"type":"object","properties":{"é":{"const":1},"è\"":{"const":2},"":{"const":3}},
        "additionalProperties":{"type":"null"}}
        """,
        """{"type":"object","additionalProperties":{"type":"array","items":{"type":"boolean"},"maxItems":2}}""",
        """
        {"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"v":{"type":"integer"},
        "l":{"$ref":"#/$defs/tree"},
        "r":{"anyOf":[{"$ref":"#/$defs/tree"},{"type":"null"}]}},"required":["v","r"],"additionalProperties":false}}}
        """,
        """
        {"definitions":{"list":{"type":"array","items":{"oneOf":[{"type":"string",
        "maxLength":2},{"$ref":"#/definitions/list"}]}}},
        "$ref":"#/definitions/list"}
        """,
        """
        {"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind","x"]},
        {"type":"object","properties":{"kind":{"const":"b"},"x":{"type":"string","maxLength":3}},"required":["kind"]},
        {"type":"object","properties":{"kind":{"type":"string"}},"required":["kind"],"additionalProperties":false}]}
        """,
        """
        {"oneOf":[{"type":"object","properties":{"t":{"const":"on"}},"required":["t"],"additionalProperties":false},
        {"type":"object","properties":{"t":{"const":"off"},"why":{"type":"string","minLength":1}},"required":["t"]},
        {"type":"array","items":{"type":"number"}},{"type":"null"}]}
        """,
        """
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},
        "anyOf":[{"required":["a"]},{"required":["b"]}],
        "additionalProperties":false}
        """,
        """
        {"allOf":[{"type":"object","properties":{"a":{"type":"integer","minimum":0}},"required":["a"]},
        {"$ref":"#/$defs/b"},{"required":["c"],"properties":{"c":{"maxLength":3,"type":"string"}}}],
        "$defs":{"b":{"properties":{"b":{"type":"boolean"}}}}}
        """,
        """
        {"title":"t","description":"d","default":{},"examples":[1],
        "$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x",
        "type":"object","properties":{"p":{"type":"array","items":{}, "maxItems":2}},"required":["p"]}
        """,
    ];

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    public static Edge.Text.Grammar Compile(string schema)
    {
        var made = Edge.Text.Grammar.TryFromJsonSchema(Parse(schema), out var grammar, out var error);
        Assert.True(made, $"{error}");
        return grammar!;
    }
}
