using System.Globalization;
using System.Text;

namespace Edge.Text;

/// <summary>Python's str.format as templates use it: <c>{}</c>, <c>{0}</c> and <c>{name}</c>, each written as it
/// prints.</summary>
internal static class Formatting
{
    /// <summary>Errors: TemplateException for a field that asks for more, or for an argument that is not
    /// there.</summary>
    public static string Format(string text, Arguments arguments, RenderContext context)
    {
        Place place = arguments.Place;
        List<object?> positional = arguments.Positional;
        Dictionary<string, object?> named = arguments.Named;
        var made = new StringBuilder();
        int counted = 0;
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            bool isBrace = c is '{' or '}';
            if (!isBrace || (at + 1 < text.Length && text[at + 1] == c))
            {
                made.Append(c);
                if (isBrace) at++;
                continue;
            }
            int end = c == '{' ? text.IndexOf('}', at) : -1;
            if (end < 0) throw place.Error($"format: '{c}' stands alone");
            string field = text[(at + 1)..end];
            object? value = Find(field, counted, positional, named, place);
            if (field.Length == 0) counted++;
            made.Append(context.Made(PythonText.Display(value, context, place), place));
            at = end;
        }
        return context.Made(made.ToString(), place);
    }

    private static object? Find(
        string field, int counted, List<object?> positional, Dictionary<string, object?> named, Place place)
    {
        if (field.AsSpan().IndexOfAny(":!.[") >= 0)
            throw place.Error($"format: the field '{{{field}}}' is not supported; name the value alone");
        bool isNumber = int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out int index);
        if (field.Length == 0) (isNumber, index) = (true, counted);
        if (isNumber && index < positional.Count) return positional[index];
        return !isNumber && named.TryGetValue(field, out object? value) ? value
            : throw place.Error($"format: there is no argument for '{{{field}}}'");
    }
}
