using System.Globalization;
using System.Text;

namespace Edge.Text;

/// <summary>The tojson filter as chat templates know it: Python's json.dumps with ensure_ascii off.</summary>
internal sealed class TemplateJson(RenderContext context, Place place, string? indent, string item, string colon,
    bool sorted, bool ascii)
{
    private readonly StringBuilder _written = new();

    public static string Write(object? value, Arguments arguments, RenderContext context)
    {
        string? indent = null;
        if (arguments.TryTake(0, "indent", out object? given) && given is not null)
        {
            indent = given as string ?? new string(' ', (int)Math.Clamp(Arithmetic.Integer(given) ?? 0, 0, 16));
        }
        string item = indent is null ? ", " : ",", colon = ": ";
        if (arguments.TryTake(1, "separators", out object? separators)
            && separators is TemplateList { Items: [string first, string second] })
        {
            (item, colon) = (first, second);
        }
        bool sorted = arguments.TryTake(2, "sort_keys", out object? sort) && Python.IsTrue(sort);
        bool ascii = arguments.TryTake(3, "ensure_ascii", out object? escape) && Python.IsTrue(escape);
        var json = new TemplateJson(context, arguments.Place, indent, item, colon, sorted, ascii);
        json.Value(value, 0);
        return json._written.ToString();
    }

    private void Value(object? value, int depth)
    {
        context.Step(place);
        if (depth > TemplateLimits.ValueDepthMax) throw Python.TooDeep(place);
        switch (value)
        {
            case null: _written.Append("null"); break;
            case bool b: _written.Append(b ? "true" : "false"); break;
            case long n: _written.Append(n.ToString(CultureInfo.InvariantCulture)); break;
            case double number: _written.Append(PythonText.Real(number)); break;
            case string text: Text(text); break;
            case TemplateList list: Group('[', ']', list.Items, depth, entry => Value(entry, depth + 1)); break;
            case TemplateMap map:
                IEnumerable<KeyValuePair<object, object?>> entries = map.Items;
                if (sorted) entries = entries.OrderBy(entry => entry.Key, PythonKeys.Order(map.Items.Keys, place));
                Group('{', '}', [.. entries], depth, entry =>
                {
                    Key(entry.Key, depth);
                    _written.Append(colon);
                    Value(entry.Value, depth + 1);
                });
                break;
            case Undefined missing: throw place.Error(missing.Why);
            default: throw place.Error($"a {Python.TypeName(value)} is no JSON");
        }
    }

    private void Key(object key, int depth)
    {
        if (key is string text)
        {
            Text(text);
            return;
        }
        _written.Append('"');
        Value(key, depth);
        _written.Append('"');
    }

    private void Group<T>(char open, char close, List<T> entries, int depth, Action<T> write)
    {
        _written.Append(open);
        for (int i = 0; i < entries.Count; i++)
        {
            if (i > 0) _written.Append(item);
            NewLine(depth + 1);
            write(entries[i]);
        }
        if (entries.Count > 0) NewLine(depth);
        _written.Append(close);
    }

    private void NewLine(int depth)
    {
        if (indent is null) return;
        context.Work(indent.Length * depth, place);
        _written.Append('\n');
        for (int i = 0; i < depth; i++) _written.Append(indent);
    }

    private void Text(string text)
    {
        context.Work(text.Length, place);
        _written.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => _written.Append('\\').Append(c),
                '\n' => _written.Append("\\n"),
                '\r' => _written.Append("\\r"),
                '\t' => _written.Append("\\t"),
                '\b' => _written.Append("\\b"),
                '\f' => _written.Append("\\f"),
                < ' ' => _written.Append($"\\u{(int)c:x4}"),
                > '\x7e' when ascii => _written.Append($"\\u{(int)c:x4}"),
                _ => _written.Append(c),
            };
        }
        _written.Append('"');
    }
}
