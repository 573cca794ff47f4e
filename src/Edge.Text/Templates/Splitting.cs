using System.Text;

namespace Edge.Text;

/// <summary>String methods that make lists or longer strings, so that each charges for what it makes.</summary>
internal static class Splitting
{
    public static TemplateList Split(string text, Arguments arguments, RenderContext context)
    {
        string? separator = arguments.FindText(0, "sep");
        long max = arguments.TakeInteger(1, "maxsplit", -1);
        context.Work(text.Length * 2L, arguments.Place);
        if (separator?.Length == 0) throw arguments.Place.Error("split needs a separator that is not empty");
        List<object?> parts = [];
        int at = separator is null ? SkipSpaces(text, 0) : 0;
        for (; max != 0; max--)
        {
            int end = separator is null ? FirstSpace(text, at) : text.IndexOf(separator, at, StringComparison.Ordinal);
            if (end < 0) break;
            parts.Add(text[at..end]);
            at = separator is null ? SkipSpaces(text, end) : end + separator.Length;
        }
        if (separator is not null || at < text.Length) parts.Add(text[at..]);
        context.Work(parts.Count * (long)TemplateLimits.MadeItemCost, arguments.Place);
        return new(parts);
    }

    public static TemplateList Lines(string text, Arguments arguments, RenderContext context)
    {
        context.Work(text.Length * 2L, arguments.Place);
        List<object?> lines = [.. text.Replace("\r\n", "\n").Replace('\r', '\n').Split('\n')];
        if (lines[^1] is "") lines.RemoveAt(lines.Count - 1);
        context.Work(lines.Count * (long)TemplateLimits.MadeItemCost, arguments.Place);
        return new(lines);
    }

    public static string Replace(string text, Arguments arguments, RenderContext context)
    {
        string old = arguments.TakeText(0, "old"), replacement = arguments.TakeText(1, "new");
        long max = arguments.TakeInteger(2, "count", -1);
        if (old.Length == 0) throw arguments.Place.Error("replace needs a text to find that is not empty");
        long found = 0;
        for (int at = 0; found != max; at += old.Length, found++)
        {
            at = text.IndexOf(old, at, StringComparison.Ordinal);
            if (at < 0) break;
        }
        context.Work(text.Length + (found * replacement.Length), arguments.Place);
        if (max < 0) return text.Replace(old, replacement, StringComparison.Ordinal);
        var made = new StringBuilder();
        int from = 0;
        for (; found > 0; found--)
        {
            int at = text.IndexOf(old, from, StringComparison.Ordinal);
            made.Append(text, from, at - from).Append(replacement);
            from = at + old.Length;
        }
        return made.Append(text, from, text.Length - from).ToString();
    }

    public static object Count(string text, Arguments arguments, RenderContext context)
    {
        string part = arguments.TakeText(0, "sub");
        context.Work(text.Length, arguments.Place);
        if (part.Length == 0) return PythonText.CharacterCount(text, context, arguments.Place) + 1L;
        long count = 0;
        for (int at = 0; (at = text.IndexOf(part, at, StringComparison.Ordinal)) >= 0; at += part.Length) count++;
        return count;
    }

    private static int FirstSpace(string text, int at)
    {
        for (; at < text.Length; at++)
        {
            if (char.IsWhiteSpace(text[at])) return at;
        }
        return -1;
    }

    private static int SkipSpaces(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
        return at;
    }
}
