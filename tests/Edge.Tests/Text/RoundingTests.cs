using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

public sealed class RoundingTests
{
    // Expected: Python 3, round(x, n).
    [Theory]
    [InlineData("2.675", 2, "2.67")]
    [InlineData("0.5", 0, "0.0")]
    [InlineData("1.5", 0, "2.0")]
    [InlineData("2.5", 0, "2.0")]
    [InlineData("-2.5", 0, "-2.0")]
    [InlineData("0.125", 2, "0.12")]
    [InlineData("0.375", 2, "0.38")]
    [InlineData("45.309", 1, "45.3")]
    [InlineData("1e300", 3, "1e+300")]
    [InlineData("12", 0, "12.0")]
    public void Round_TiesAndOthers_AsPythonDoes(string value, int digits, string expected) =>
        Assert.Equal(expected, TextTemplate.Parse($"{{{{ {value} | float | round({digits}) }}}}")
            .Render(new Dictionary<string, object?>()));

    [Theory]
    [InlineData("{{ 'x' | round }}")]
    [InlineData("{{ 1.5 | round(99) }}")]
    [InlineData("{{ nobody }}")]
    public void Render_WhatCannotBe_IsATemplateException(string source) =>
        Assert.Throws<TemplateException>(() => TextTemplate.Parse(source).Render(new Dictionary<string, object?>()));

    [Fact]
    public void Render_JsonAndCollections_AreTemplateValues()
    {
        using var json = System.Text.Json.JsonDocument.Parse("""{"a":[1,2.5,"x",null,true]}""");
        var variables = new Dictionary<string, object?>
        {
            ["json"] = json.RootElement.Clone(), ["levels"] = new[] { "farm", "b" },
            ["map"] = new Dictionary<string, object?> { ["k"] = 3 },
        };
        Assert.Equal("1 2.5 x True b 3", TextTemplate.Parse(
            "{{ json.a[0] }} {{ json.a[1] }} {{ json.a[2] }} {{ json.a[4] }} {{ levels[1] }} {{ map.k }}")
            .Render(variables));
    }

    [Fact]
    public void FindUnknown_NameOfNobody_IsFound()
    {
        var template = TextTemplate.Parse("{{ a.b.c | round(1) }} {{ a }} {{ zzz }}");
        Assert.Equal("zzz", TextTemplate.Parse("{{ a }}{{ zzz }}").FindUnknown(["a"]));
        Assert.Null(template.FindUnknown(["a", "zzz"]));
    }
}
