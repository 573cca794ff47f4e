namespace Edge.Text;

/// <summary>Methods of strings and dicts; null for a name that is not here.</summary>
internal static class Methods
{
    public static TemplateFunction? Find(TemplateMap map, string name)
    {
        Func<RenderContext, Arguments, object?>? body = name switch
        {
            "items" => (context, arguments) => Pairs(map, context, arguments.Place),
            "keys" => (context, arguments) => Listed(map.Items.Keys, map.Items.Count, context, arguments.Place),
            "values" => (context, arguments) => Listed(map.Items.Values, map.Items.Count, context, arguments.Place),
            "get" => (context, arguments) =>
            {
                object? key = arguments.Take(0, "key");
                arguments.TryTake(1, "default", out object? otherwise);
                return map.TryFind(key, context, arguments.Place, out object? value) ? value : otherwise;
            },
            _ => null,
        };
        return body is null ? null : new(name, body);
    }

    public static TemplateList Pairs(TemplateMap map, RenderContext context, Place place)
    {
        context.Work(map.Items.Count * (long)TemplateLimits.MapEntryCost, place);
        return new([.. map.Items.Select(entry => new TemplateList([entry.Key, entry.Value], IsTuple: true))]);
    }

    public static TemplateFunction? Find(string text, string name)
    {
        Func<Arguments, object?>? body = SimpleMethod(text, name);
        if (body is not null)
        {
            // Every one of these makes at most a copy of its text.
            return new(name, (context, arguments) =>
            {
                context.Work(text.Length + 1, arguments.Place);
                return body(arguments);
            });
        }
        return name switch
        {
            "split" => new(name, (context, arguments) => Splitting.Split(text, arguments, context)),
            "splitlines" => new(name, (context, arguments) => Splitting.Lines(text, arguments, context)),
            "format" => new(name, (context, arguments) => Formatting.Format(text, arguments, context)),
            "replace" => new(name, (context, arguments) => Splitting.Replace(text, arguments, context)),
            "join" => new(name, (context, arguments) =>
                Join(text, arguments.Take(0, "iterable"), context, arguments.Place)),
            "find" => new(name, (context, arguments) => Place(context, arguments,
                text.IndexOf(arguments.TakeText(0, "sub"), StringComparison.Ordinal))),
            "rfind" => new(name, (context, arguments) => Place(context, arguments,
                text.LastIndexOf(arguments.TakeText(0, "sub"), StringComparison.Ordinal))),
            "count" => new(name, (context, arguments) => Splitting.Count(text, arguments, context)),
            _ => null,
        };

        object Place(RenderContext context, Arguments arguments, int index)
        {
            context.Work(text.Length, arguments.Place);
            return index < 0 ? -1L : (long)PythonText.CharacterCount(text[..index], context, arguments.Place);
        }
    }

    private static Func<Arguments, object?>? SimpleMethod(string text, string name) => name switch
    {
        "strip" => arguments => Strip(text, arguments.FindText(0, "chars"), left: true, right: true),
        "lstrip" => arguments => Strip(text, arguments.FindText(0, "chars"), left: true, right: false),
        "rstrip" => arguments => Strip(text, arguments.FindText(0, "chars"), left: false, right: true),
        "upper" => _ => text.ToUpperInvariant(),
        "lower" => _ => text.ToLowerInvariant(),
        "title" => _ => Title(text),
        "capitalize" => _ => Capitalize(text),
        "startswith" => arguments => Affixes(arguments).Any(affix => text.StartsWith(affix, StringComparison.Ordinal)),
        "endswith" => arguments => Affixes(arguments).Any(affix => text.EndsWith(affix, StringComparison.Ordinal)),
        "removeprefix" => arguments => arguments.TakeText(0, "prefix") is var prefix
            && text.StartsWith(prefix, StringComparison.Ordinal)
            ? text[prefix.Length..] : text,
        "removesuffix" => arguments => arguments.TakeText(0, "suffix") is var suffix
            && text.EndsWith(suffix, StringComparison.Ordinal)
            ? text[..^suffix.Length] : text,
        "isdigit" => _ => text.Length > 0 && text.All(char.IsDigit),
        _ => null,
    };

    public static string Join(string separator, object? items, RenderContext context, Place place)
    {
        List<string> made = [];
        foreach (object? item in Python.Items(items, context, place))
        {
            context.Step(place);
            made.Add(context.Made(PythonText.Display(item, context, place), place));
        }
        context.Work((long)separator.Length * made.Count, place);
        return string.Join(separator, made);
    }

    public static string Strip(string text, string? chars, bool left, bool right)
    {
        ReadOnlySpan<char> kept = text;
        if (left) kept = chars is null ? kept.TrimStart() : kept.TrimStart(chars);
        if (right) kept = chars is null ? kept.TrimEnd() : kept.TrimEnd(chars);
        // Trimming by an empty set means spaces to .NET and nothing to Python.
        return chars?.Length == 0 ? text : kept.ToString();
    }

    public static string Title(string text)
    {
        char[] chars = text.ToCharArray();
        for (int i = 0; i < chars.Length; i++)
        {
            bool inWord = i > 0 && char.IsLetter(chars[i - 1]);
            chars[i] = inWord ? char.ToLowerInvariant(chars[i]) : char.ToUpperInvariant(chars[i]);
        }
        return new(chars);
    }

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    private static TemplateList Listed(IEnumerable<object?> values, int count, RenderContext context, Place place)
    {
        context.Work(TemplateLimits.ListCost + (count * (long)TemplateLimits.ItemCost), place);
        return new([.. values]);
    }

    private static IEnumerable<string> Affixes(Arguments arguments) => arguments.Take(0, "affix") switch
    {
        string one => [one],
        TemplateList { IsTuple: true } many => many.Items.OfType<string>(),
        _ => throw arguments.Place.Error("startswith and endswith need a string or a tuple of strings"),
    };
}
