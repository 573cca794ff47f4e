using System.Text.Json;

namespace Edge.Text;

/// <summary>A text with places to fill, in the same Jinja subset as chat templates and within the same bounds. Parsed
/// once, rendered by any number of threads. Values are null, bool, int, long, double, string, JsonElement, and lists
/// and dictionaries of these.</summary>
public sealed class TextTemplate
{
    private const int DepthMax = 16;

    private readonly IReadOnlyList<Statement> _body;

    private TextTemplate(string source) => (Source, _body) = (source, StatementParser.Parse(source));

    public string Source { get; }

    /// <summary>Errors: TemplateException naming the construct, line and column.</summary>
    public static TextTemplate Parse(string source) => new(source);

    /// <summary>The text. Errors: TemplateException, also for a name that <paramref name="variables"/> do not have: a
    /// gap would go unnoticed.</summary>
    public string Render(IReadOnlyDictionary<string, object?> variables)
    {
        var context = Run(variables);
        return context.MissingName is { } missing
            ? throw new TemplateException($"'{missing}' is undefined")
            : context.Output.ToString();
    }

    /// <summary>The first name on the way through the template that is not among <paramref name="known"/>, or null;
    /// what the values are, nobody knows yet.</summary>
    public string? FindUnknown(IEnumerable<string> known)
    {
        var context = Start(known.ToDictionary(name => name, object? (_) => new Undefined("a value of later")));
        try
        {
            Statement.ExecuteAll(_body, context);
        }
        catch (TemplateException)
        {
            // Something wanted a real value: what comes after it is seen when there is one.
        }
        return context.MissingName;
    }

    private RenderContext Run(IReadOnlyDictionary<string, object?> variables)
    {
        var context = Start(variables.ToDictionary(v => v.Key, v => Value(v.Value, 0)));
        Statement.ExecuteAll(_body, context);
        return context;
    }

    private static RenderContext Start(Dictionary<string, object?> variables)
    {
        var globals = new TemplateScope(null);
        Globals.AddTo(globals);
        foreach ((string name, object? value) in variables) globals[name] = value;
        return new RenderContext(new(globals), static () => DateTimeOffset.Now);
    }

    private static object? Value(object? value, int depth)
    {
        if (depth > DepthMax) throw new TemplateException($"a value is nested deeper than {DepthMax}");
        switch (value)
        {
            case null or bool or long or double or string: return value;
            case int n: return (long)n;
            case JsonElement json: return Value(json, depth);
            case IReadOnlyDictionary<string, object?> map:
                var made = new TemplateMap();
                foreach ((string key, object? item) in map) made.Items[key] = Value(item, depth + 1);
                return made;
            case IEnumerable<object?> list: return new TemplateList([.. list.Select(item => Value(item, depth + 1))]);
            default: throw new ArgumentException($"a template cannot hold a {value.GetType()}", nameof(value));
        }
    }

    private static object? Value(JsonElement json, int depth)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new TemplateMap();
                foreach (var property in json.EnumerateObject())
                    map.Items[property.Name] = Value((object)property.Value, depth + 1);
                return map;
            case JsonValueKind.Array:
                return new TemplateList([.. json.EnumerateArray().Select(item => Value((object)item, depth + 1))]);
            case JsonValueKind.Number:
                return json.TryGetInt64(out long whole) ? (object)whole : json.GetDouble();
            case JsonValueKind.String: return json.GetString();
            case JsonValueKind.True or JsonValueKind.False: return json.GetBoolean();
            default: return null;
        }
    }
}
