using System.Text;
using Edge.Text;

namespace Edge.Fuzz;

/// <summary>A chat template: parsed, and rendered twice over a short chat; both texts must be equal.</summary>
internal static class TemplateTarget
{
    private static readonly ChatMessage[] Messages =
    [
        new("system", "You triage readings."), new("user", "🔥 temp 12.4C\n"),
            new("assistant", "<think>\nhm\n</think>\n\n{\"a\":1}"),
        new("user", " 'and' now? "),
    ];

    private static readonly string[] Parts =
    [
        "{% if ", "{% elif ", "{% else %}", "{% endif %}", "{% for x in ", "{% for k, v in ", "{% endfor %}",
        "{% set x = ",
        "{% set ns = namespace(a=", "{% set ns.a = ", "{% set y %}", "{% endset %}", "{% macro f(a, b=",
        "{% endmacro %}", "{% raw %}",
        "{% endraw %}", "{% break %}", "{% continue %}", "{% generation %}", "{% endgeneration %}", "{{ ", "{{- ",
        " }}", " -}}", "\n",
        " %}", " -%}", " +%}", "{#", "#}", "messages", "messages[0]", "messages[-1].content", "x", "ns.a", "loop.index",
        "loop.previtem",
        ".items()", ".split(", ".strip()", ".replace(", "[::-1]", "[1:", "]", "(", ")", "[", "{", "}", "{'a': ", ", ",
        "range(", "f(",
        "|length", "|tojson", "|tojson(indent=2)", "|join(", "|map('upper')", "|map(attribute='role')",
        "|selectattr('role', 'equalto', 'user')",
        "|list", "|trim", "|default(", "|int", "|indent(", "|first", "|reverse", "|unique", "|dictsort", " is defined",
        " is not none",
        " is string", " is divisibleby ", " in ", " not in ", " and ", " or ", "not ", " if ", " else ", " == ", " < ",
        " + ", " - ", " * ",
        " ~ ", " // ", " % ", " / ", "-", "'a'", "\"b\\n\"", "'%d %b'", "strftime_now(", "0", "1", "3", "99999",
        "9223372036854775807",
        "1.5e300", "true", "none", "raise_exception('no')", "text", "🔥",
    ];

    public static FuzzTarget Row { get; } = new("template", Run)
    {
        Refusals = [typeof(TemplateException)],
        Complaint = Complaint,
        Generate = Generate,
    };

    private static void Run(ReadOnlySpan<byte> input)
    {
        ChatTemplate template = ChatTemplate.Parse(Encoding.UTF8.GetString(input));
        if (template.Render(Messages) != template.Render(Messages)
            && !template.Source.Contains("strftime_now", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("two renderings differ");
        }
    }

    /// <summary>A refusal names its place, unless the words are the template's own.</summary>
    private static string? Complaint(Exception error, byte[] input)
    {
        if (input.AsSpan().IndexOf("raise_exception"u8) >= 0) return null;
        if (!error.Message.StartsWith("chat template", StringComparison.Ordinal)) return "the message names no place";
        return error.Message.Length > 600 ? "message longer than 600 characters" : null;
    }

    private static byte[] Generate(Random random)
    {
        var source = new StringBuilder();
        for (int count = random.Next(1, 40); count > 0; count--)
        {
            source.Append(Parts[random.Next(Parts.Length)]);
            // Tags that close make more templates that parse.
            if (random.Next(6) == 0) source.Append(random.Next(2) == 0 ? " }}" : " %}");
        }
        return Encoding.UTF8.GetBytes(source.ToString());
    }
}
