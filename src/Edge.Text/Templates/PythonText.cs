using System.Globalization;
using System.Text;

namespace Edge.Text;

/// <summary>Values as Python's str() and repr() write them, and text as Python counts it: by character, not UTF-16
/// unit.</summary>
internal static class PythonText
{
    /// <summary>str(): what <c>{{ value }}</c> prints.</summary>
    public static string Display(object? value, RenderContext context, Place place)
    {
        if (value is string text) return text;
        if (value is Undefined) return "";
        var written = new StringBuilder();
        Represent(value, written, context, place, 0);
        return written.ToString();
    }

    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (int at = 0; at < text.Length;)
        {
            int length = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
            characters.Add(text.Substring(at, length));
            at += length;
        }
        return characters;
    }

    public static int CharacterCount(string text, RenderContext context, Place place)
    {
        context.Work(text.Length / 8, place);
        int count = text.Length;
        for (int at = 0; at + 1 < text.Length; at++)
        {
            if (char.IsSurrogatePair(text[at], text[at + 1])) (count, at) = (count - 1, at + 1);
        }
        return count;
    }

    /// <summary>The characters from index <paramref name="from"/> up to but without <paramref name="to"/>.</summary>
    public static string Part(string text, int from, int to)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) return text[from..to];
        int start = Offset(text, 0, from);
        return text[start..Offset(text, start, to - from)];
    }

    /// <summary>Shortest digits that read back the same; an exponent where Python has one.</summary>
    public static string Real(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        string shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        for (int digits = 0; digits < 17; digits++)
        {
            shortest = value.ToString($"E{digits}", CultureInfo.InvariantCulture);
            if (double.Parse(shortest, CultureInfo.InvariantCulture) == value) break;
        }
        int mark = shortest.IndexOf('E');
        int exponent = int.Parse(shortest.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        if (exponent is < -4 or >= 16) return $"{shortest[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        int digitsShown = shortest.AsSpan(0, mark).TrimStart('-').Length is > 1 and var length ? length - 1 : 1;
        return value.ToString($"F{Math.Max(1, digitsShown - 1 - exponent)}", CultureInfo.InvariantCulture);
    }

    public static void Represent(object? value, StringBuilder written, RenderContext context, Place place, int depth)
    {
        context.Step(place);
        if (depth > TemplateLimits.ValueDepthMax) throw Python.TooDeep(place);
        int before = written.Length;
        switch (value)
        {
            case null: written.Append("None"); break;
            case bool b: written.Append(b ? "True" : "False"); break;
            case long n: written.Append(n); break;
            case double number: written.Append(Real(number)); break;
            case string text: Quote(text, written); break;
            case TemplateMap map: Map(map.Items, written, context, place, depth); break;
            case TemplateNamespace space:
                Map(space.Items, written.Append("<Namespace "), context, place, depth);
                written.Append('>');
                break;
            case Undefined: written.Append("Undefined"); break;
            case TemplateList list:
                written.Append(list.IsTuple ? '(' : '[');
                for (int i = 0; i < list.Items.Count; i++)
                {
                    if (i > 0) written.Append(", ");
                    Represent(list.Items[i], written, context, place, depth + 1);
                }
                if (list is { IsTuple: true, Items.Count: 1 }) written.Append(',');
                written.Append(list.IsTuple ? ')' : ']');
                return;
            default: throw place.Error($"a {Python.TypeName(value)} cannot be printed");
        }
        if (value is not (TemplateMap or TemplateNamespace)) context.Work(written.Length - before, place);
    }

    private static void Map<T>(
        IEnumerable<KeyValuePair<T, object?>> entries, StringBuilder written,
        RenderContext context, Place place, int depth) where T : class
    {
        written.Append('{');
        bool first = true;
        foreach ((T key, object? value) in entries)
        {
            if (!first) written.Append(", ");
            first = false;
            Represent(key, written, context, place, depth + 1);
            written.Append(": ");
            Represent(value, written, context, place, depth + 1);
        }
        written.Append('}');
    }

    private static void Quote(string text, StringBuilder written)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        written.Append(quote);
        foreach (char c in text)
        {
            if (c == quote || c == '\\') written.Append('\\').Append(c);
            else if (c is '\n' or '\r' or '\t')
                written.Append('\\').Append(c switch { '\n' => 'n', '\r' => 'r', _ => 't' });
            else if (c is < ' ' or (>= '\x7f' and <= '\xa0') or '\xad') written.Append($"\\x{(int)c:x2}");
            else written.Append(c);
        }
        written.Append(quote);
    }

    private static int Offset(string text, int at, int characters)
    {
        for (; characters > 0; characters--)
            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        return at;
    }
}
