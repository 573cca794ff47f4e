using System.Text.Json;
using Edge.Gguf;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

/// <summary>Our interpreter against Jinja2 (scripts/golden/chat-templates.py), and its bounds.</summary>
public sealed class ChatTemplateTests
{
    private const string Nest =
        "{% set n = namespace(x=[]) %}{% for i in range(99) %}{% set n.x = [n.x] %}{% endfor %}";

    private static readonly JsonElement[] Rows =
        [.. Golden.Json("chat-templates.json").GetProperty("rows").EnumerateArray()];

    public static TheoryData<string> Names => [.. Rows.Select(row => row.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Render_GoldenRow_EqualsJinja(string name)
    {
        JsonElement row = Rows.Single(row => row.GetProperty("name").GetString() == name);
        var template = Template(row.GetProperty("template").GetString()!);
        var variables = ((TemplateMap)Value(row.GetProperty("variables"))!).Items.ToDictionary(
            entry => (string)entry.Key, entry => entry.Value);
        if (row.TryGetProperty("expected", out JsonElement expected))
        {
            Assert.Equal(expected.GetString(), template.Render(variables));
            Assert.Equal(expected.GetString(), template.Render(variables));
            return;
        }
        var error = Assert.Throws<TemplateException>(() => template.Render(variables));
        if (row.TryGetProperty("refusal", out JsonElement refusal)) Assert.Equal(refusal.GetString(), error.Message);
        else Assert.StartsWith("chat template, line 1, column ", error.Message);
    }

    [Fact]
    public void Names_GoldenFile_HasVariety() => Assert.True(Rows.Length >= 90);

    [Theory]
    [InlineData("a\n {% include 'x' %}", "line 2, column 2: the statement 'include' is not supported")]
    [InlineData("{{ x|frobnicate }}", "line 1, column 5: the filter 'frobnicate' is not supported")]
    [InlineData("{{ 1 is frobnicate }}", "line 1, column 6: the test 'frobnicate' is not supported")]
    [InlineData("{{ 'a'.zfill(3) }}", "line 1, column 13: the string method 'zfill' is not supported")]
    [InlineData("{{ [].append(3) }}", "line 1, column 13: a list has no attribute 'append'")]
    [InlineData("{{ 'a'|trim('b', 'c') }}", "line 1, column 7: 'trim' takes 1 arguments, not 2")]
    [InlineData("{{ [1]|join(sep='-') }}", "line 1, column 7: 'join' has an unsupported argument among sep")]
    [InlineData("{{ 2 ** 3 }}", "line 1, column 6: the operator '**' is not supported")]
    [InlineData("{{ '%s' % 3 }}", "line 1, column 9: formatting with '%' is not supported")]
    [InlineData("{{ f(*x) }}", "line 1, column 6: '*' arguments are not supported")]
    [InlineData("{{ strftime_now('%Q') }}", "line 1, column 16: strftime_now: '%Q' is not supported")]
    [InlineData("{% for x in y recursive %}{% endfor %}", "column 15: 'recursive' loops are not supported")]
    [InlineData("{% if x %}\n", "line 1, column 1: '{% if %}' has no '{% endif %}'")]
    [InlineData("x{% endif %}", "column 2: unexpected '{% endif %}'")]
    [InlineData("{{ '{:>3}'.format(1) }}", "line 1, column 18: format: the field '{:>3}' is not supported")]
    [InlineData("{{ '{} {}'.format(1) }}", "format: there is no argument for '{}'")]
    [InlineData("{{ '{'.format() }}", "format: '{' stands alone")]
    [InlineData("{{ {(1, 2): 3} }}", "a dict's key that is a tuple is not supported")]
    [InlineData("{{ {'a': 1, 2: 3}|dictsort }}", "keys that are strings and numbers have no order")]
    [InlineData("{% for x in [1] %}{% filter upper %}{% break %}{% endfilter %}{% endfor %}", "'break' outside a loop")]
    [InlineData("{% filter upper %}x", "line 1, column 1: '{% filter %}' has no '{% endfilter %}'")]
    [InlineData("{% filter shout %}x{% endfilter %}", "line 1, column 11: the filter 'shout' is not supported")]
    [InlineData("{% break %}", "'break' outside a loop")]
    [InlineData("{{ x", "the tag has no '}}'")]
    [InlineData("{{ 'x }}", "the string has no closing quote")]
    [InlineData("{{ x ) }}", "unexpected ')'")]
    [InlineData("{{ ? }}", "unexpected character '?'")]
    [InlineData("{{ x y }}", "expected '}}', not 'y'")]
    [InlineData("{{ }}", "column 4: unexpected '}}'")]
    [InlineData("{# x", "the comment '{#' has no '#}'")]
    [InlineData("{{ 99999999999999999999 }}", "the integer does not fit 64 bits")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "the result of '+' does not fit 64 bits")]
    [InlineData("{{ 1 // 0 }}", "division by zero")]
    public void Render_Unsupported_NamesConstructAndPlace(string source, string message)
    {
        var error = Assert.Throws<TemplateException>(() => Template(source).Render([]));
        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData("{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}", "100000 loop iterations")]
    [InlineData("{{ range(99999999999) }}", "16777216 characters made")]
    [InlineData("{{ 'x' * 99999999999 }}", "16777216 characters made")]
    [InlineData("{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "characters made")]
    [InlineData("{% set n = namespace(x=['ab']) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "characters made")]
    [InlineData("{% set x = 'x' * 1000 %}{% for i in range(9999) %}{{ x }}{% endfor %}", "2097152 output characters")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "32 nested calls")]
    [InlineData(Nest + "{{ n.x }}", "50 nested lists")]
    [InlineData(Nest + "{{ n.x|tojson }}", "50 nested lists")]
    [InlineData(Nest + "{{ n.x == [n.x] }}", "50 nested lists")]
    [InlineData("{% set n = namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        "limit of")]
    public void Render_HostileTemplate_StopsAtNamedLimit(string source, string limit)
    {
        var error = Assert.Throws<TemplateException>(() => Template(source).Render([]));
        Assert.Contains(limit, error.Message);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    public void Parse_DeepNesting_IsRefused(string open, string close)
    {
        string source = "{{ " + string.Concat(Enumerable.Repeat(open, 9_000)) + "1"
            + string.Concat(Enumerable.Repeat(close, 9_000)) + " }}";
        Assert.Contains("100 nested constructs", Assert.Throws<TemplateException>(() => Template(source)).Message);
    }

    [Theory]
    [InlineData(" + 1")]
    [InlineData("|string")]
    [InlineData(" or 0")]
    public void Render_LongChain_EndsWithoutStackOverflow(string link)
    {
        string source = "{{ 0" + string.Concat(Enumerable.Repeat(link, 25_000)) + " }}";
        // Whether it fits the stack depends on the thread: either way it must be a result or a TemplateException.
        Exception? error = Record.Exception(() => Template(source).Render([]));
        Assert.True(error is null or TemplateException, error?.ToString());
    }

    [Fact]
    public void FromGguf_DemoModel_RendersReferencePrompts()
    {
        var template = ChatTemplate.FromGguf(Golden.DemoMetadata);
        int compared = 0;
        foreach (JsonElement row in Golden.Prompts("q4_0"))
        {
            string prompt = row.GetProperty("prompt").GetString()!;
            if (!prompt.EndsWith("<|im_start|>assistant\n", StringComparison.Ordinal)) continue;
            string reading = prompt.Split("<|im_start|>user\n")[1].Split("<|im_end|>")[0];
            List<ChatMessage> messages = [new("user", reading)];
            if (prompt.StartsWith("<|im_start|>system\n", StringComparison.Ordinal))
            {
                messages.Insert(0, new("system", prompt.Split('\n')[1].Split("<|im_end|>")[0]));
            }
            Assert.Equal(prompt, template.Render(messages));
            compared++;
        }
        Assert.True(compared >= 3);
    }

    [Fact]
    public void Render_Flags_AreVariables()
    {
        var template = ChatTemplate.Parse("{{ enable_thinking is defined }}{{ enable_thinking }}");
        Assert.Equal("False", template.Render([]));
        Assert.Equal("TrueFalse",
            template.Render([], flags: new Dictionary<string, bool> { ["enable_thinking"] = false }));
    }

    private static ChatTemplate Template(string source) =>
        ChatTemplate.At(source, new(2026, 3, 5, 14, 7, 9, TimeSpan.Zero));

    private static object? Value(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Number => json.TryGetInt64(out long n) ? (object)n : json.GetDouble(),
        JsonValueKind.Array => new TemplateList([.. json.EnumerateArray().Select(Value)]),
        _ => Map(json),
    };

    private static TemplateMap Map(JsonElement json)
    {
        var map = new TemplateMap();
        foreach (JsonProperty entry in json.EnumerateObject()) map.Items[entry.Name] = Value(entry.Value);
        return map;
    }
}
