using System.Text.Json;
using Edge.Agent;
using Edge.Devices;
using Xunit;

namespace Edge.Tests.Agent;

public sealed class SchemaCheckTests
{
    private static string? Violation(string schema, string value)
    {
        using var document = JsonDocument.Parse(schema);
        return SchemaCheck.Violation(document.RootElement, value);
    }

    [Theory]
    [InlineData("""{"type":"integer","minimum":1,"maximum":9}""", "5", "0", "10", "1.5", "\"5\"")]
    [InlineData("""{"type":"string","minLength":1,"maxLength":2}""", "\"é😀\"", "\"\"", "\"abc\"", "1")]
    [InlineData("""{"type":"string","pattern":"^a+$"}""", "\"aa\"", "\"ab\"")]
    [InlineData("""{"enum":["a",1,null]}""", "null", "\"b\"", "2")]
    [InlineData("""{"const":{"a":1}}""", """{"a":1}""", """{"a":2}""")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":2}""", "[true]", "[]", "[1]",
        "[true,true,true]")]
    [InlineData("""{"type":["null","number"],"exclusiveMinimum":0}""", "0.1", "0", "true")]
    [InlineData("""{"anyOf":[{"type":"null"},{"type":"string"}]}""", "\"x\"", "1")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"minimum":5}]}""", "1", "6")]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":2}]}""", "2", "3")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer"}}}""", "1", "\"a\"")]
    public void Violation_OneGoodThenBadValues_OnlyTheGoodPasses(string schema, string good, params string[] bad)
    {
        Assert.Null(Violation(schema, good));
        Assert.All(bad, value => Assert.NotNull(Violation(schema, value)));
    }

    [Theory]
    [InlineData("""{"status":"ok","sensor":"none","reason":"all 3 readings within limits","action":"none"}""", null)]
    [InlineData("""{"status":"fine","sensor":"none","reason":"","action":"none"}""", "/status")]
    [InlineData("""{"status":"ok","sensor":"none","reason":""}""", "action")]
    [InlineData("""{"status":"ok","sensor":"none","reason":"","action":"none","x":1}""", "/x")]
    [InlineData("""{"status":"ok",""", "not JSON")]
    public void Violation_OfTheVerdict_NamesThePlace(string reply, string? named)
    {
        string? violation = Violation(SensorVerdict.SchemaJson, reply);
        if (named is null) Assert.Null(violation);
        else Assert.Contains(named, violation, StringComparison.Ordinal);
    }
}
