using System.Globalization;

namespace Edge.Text;

/// <summary>The filters, one row each.</summary>
internal static class Filters
{
    private delegate object? Filter(object? value, Arguments arguments, RenderContext context);

    private static readonly Dictionary<string, Filter> Rows = new()
    {
        ["trim"] = (v, a, c) =>
            c.Made(Methods.Strip(Text(v, a, c), a.FindText(0, "chars"), left: true, right: true), a.Place),
        ["upper"] = (v, a, c) => c.Made(Text(v, a, c).ToUpperInvariant(), a.Place),
        ["lower"] = (v, a, c) => c.Made(Text(v, a, c).ToLowerInvariant(), a.Place),
        ["title"] = (v, a, c) => c.Made(Methods.Title(Text(v, a, c)), a.Place),
        ["capitalize"] = (v, a, c) => c.Made(Methods.Capitalize(Text(v, a, c)), a.Place),
        ["string"] = (v, a, c) => c.Made(Text(v, a, c), a.Place),
        ["safe"] = (v, _, _) => v,
        ["replace"] = (v, a, c) => Splitting.Replace(Text(v, a, c), a, c),
        ["length"] = (v, a, c) => Length(v, a, c),
        ["count"] = (v, a, c) => Length(v, a, c),
        ["default"] = Default,
        ["d"] = Default,
        ["first"] = (v, a, c) => Python.Items(v, c, a.Place) is [var first, ..]
            ? first : new Undefined("there is no first item"),
        ["last"] = (v, a, c) => Python.Items(v, c, a.Place) is [.., var last]
            ? last : new Undefined("there is no last item"),
        ["join"] = Join,
        ["list"] = (v, a, c) => Made(Python.Items(v, c, a.Place), a, c),
        ["reverse"] = (v, a, c) => v is string
            ? string.Concat(Python.Items(v, c, a.Place).Reverse())
            : Made([.. Python.Items(v, c, a.Place).Reverse()], a, c),
        ["unique"] = (v, a, c) => Unique(Python.Items(v, c, a.Place), a, c),
        ["items"] = (v, a, c) => v is TemplateMap map ? Methods.Pairs(map, c, a.Place)
            : v is Undefined ? new TemplateList([])
            : throw a.Place.Error($"'items' needs a dict, not a {Python.TypeName(v)}"),
        ["dictsort"] = (v, a, c) =>
            v is not TemplateMap map ? throw a.Place.Error($"'dictsort' needs a dict, not a {Python.TypeName(v)}")
            : new TemplateList([.. Methods.Pairs(map, c, a.Place).Items.OrderBy(
                pair => Folded(((TemplateList)pair!).Items[0])!, PythonKeys.Order(map.Items.Keys, a.Place))]),
        ["tojson"] = (v, a, c) => TemplateJson.Write(v, a, c),
        ["indent"] = Indent,
        ["int"] = (v, a, _) => Whole(v) ?? a.TakeInteger(0, "default", 0),
        ["float"] = (v, _, _) => Arithmetic.Real(v) ?? (v is string text && Parsed(text) is { } number ? number : 0.0),
        ["abs"] = (v, a, _) => v is double number ? (object)Math.Abs(number)
            : Arithmetic.Integer(v) is { } n and > long.MinValue
                ? Math.Abs(n) : throw a.Place.Error("'abs' needs a number"),
        ["round"] = (v, a, _) => Rounding.Round(
            Arithmetic.Real(v) ?? throw a.Place.Error("'round' needs a number"), a.TakeInteger(0, "precision", 0),
            a.Place),
        ["map"] = Map,
        ["select"] = (v, a, c) => Select(v, a, c, attribute: false, keep: true),
        ["reject"] = (v, a, c) => Select(v, a, c, attribute: false, keep: false),
        ["selectattr"] = (v, a, c) => Select(v, a, c, attribute: true, keep: true),
        ["rejectattr"] = (v, a, c) => Select(v, a, c, attribute: true, keep: false),
    };

    /// <summary>Errors: TemplateException for an unknown filter or argument.</summary>
    public static object? Apply(string name, object? value, Arguments arguments, RenderContext context)
    {
        if (!Rows.TryGetValue(name, out Filter? filter))
            throw arguments.Place.Error($"the filter '{name}' is not supported");
        context.Step(arguments.Place);
        object? result = filter(value, arguments, context);
        arguments.Finish(name);
        return result;
    }

    private static string Text(object? value, Arguments arguments, RenderContext context) =>
        PythonText.Display(value, context, arguments.Place);

    private static TemplateList Made(IReadOnlyList<object?> items, Arguments arguments, RenderContext context)
    {
        context.Work(TemplateLimits.ListCost + (items.Count * (long)TemplateLimits.ItemCost), arguments.Place);
        return new([.. items]);
    }

    private static long Length(object? value, Arguments arguments, RenderContext context) => value switch
    {
        string text => PythonText.CharacterCount(text, context, arguments.Place),
        TemplateList list => (long)list.Items.Count,
        TemplateMap map => (long)map.Items.Count,
        Undefined => 0L,
        _ => throw arguments.Place.Error($"a {Python.TypeName(value)} has no length"),
    };

    private static object? Default(object? value, Arguments arguments, RenderContext context)
    {
        object? otherwise = arguments.TryTake(0, "default_value", out object? given) ? given : "";
        bool whenFalse = arguments.TryTake(1, "boolean", out object? flag) && Python.IsTrue(flag);
        return value is Undefined || (whenFalse && !Python.IsTrue(value)) ? otherwise : value;
    }

    private static string Join(object? value, Arguments arguments, RenderContext context)
    {
        string separator = arguments.FindText(0, "d") ?? "";
        if (arguments.FindText(1, "attribute") is not { } attribute)
            return Methods.Join(separator, value, context, arguments.Place);
        List<object?> items = [.. Python.Items(value, context, arguments.Place)
            .Select(item => Python.Item(item, attribute, context, arguments.Place))];
        return Methods.Join(separator, new TemplateList(items), context, arguments.Place);
    }

    private static TemplateList Unique(IReadOnlyList<object?> items, Arguments arguments, RenderContext context)
    {
        List<object?> kept = [];
        foreach (object? item in items)
        {
            // Without case, as Jinja's default has it.
            object? key = Folded(item);
            if (!kept.Any(other => Python.AreEqual(Folded(other), key, context, arguments.Place))) kept.Add(item);
        }
        return Made(kept, arguments, context);
    }

    private static object? Folded(object? item) => item is string text ? text.ToLowerInvariant() : item;

    /// <summary>Items of what map and select take: nothing of whatever counts as false, none too.</summary>
    private static IReadOnlyList<object?> ItemsIfAny(object? value, Arguments arguments, RenderContext context) =>
        Python.IsTrue(value) ? Python.Items(value, context, arguments.Place) : [];

    private static string Indent(object? value, Arguments arguments, RenderContext context)
    {
        string margin = arguments.TryTake(0, "width", out object? width) && width is string given ? given
            : new string(' ', (int)Math.Clamp(arguments.TakeInteger(0, "width", 4), 0, 256));
        bool first = arguments.TryTake(1, "first", out object? flag) && Python.IsTrue(flag);
        bool blank = arguments.TryTake(2, "blank", out flag) && Python.IsTrue(flag);
        string[] lines = Text(value, arguments, context).Split('\n');
        context.Work(lines.Sum(line => (long)line.Length) + ((long)lines.Length * (margin.Length + 1)),
            arguments.Place);
        return string.Join('\n', lines.Select((line, i) =>
            (i == 0 && first) || (i > 0 && (blank || line.Length > 0)) ? margin + line : line));
    }

    private static long? Whole(object? value) => value switch
    {
        double number when Math.Abs(number) < long.MaxValue => (long)number,
        string text when long.TryParse(text.Trim().Replace("_", ""), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out long n) => n,
        string text when Parsed(text) is { } number && Math.Abs(number) < long.MaxValue => (long)number,
        _ => Arithmetic.Integer(value),
    };

    private static double? Parsed(string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number : null;

    private static TemplateList Map(object? value, Arguments arguments, RenderContext context)
    {
        IReadOnlyList<object?> items = ItemsIfAny(value, arguments, context);
        Place place = arguments.Place;
        context.Work(items.Count * (long)TemplateLimits.MadeItemCost, place);
        if (arguments.TryTake(int.MaxValue, "attribute", out object? attribute))
        {
            bool hasDefault = arguments.TryTake(int.MaxValue, "default", out object? otherwise);
            return new([.. items.Select(item => Python.Item(item, attribute, context, place) is var found
                && found is Undefined && hasDefault ? otherwise : found)]);
        }
        string name = arguments.TakeText(0, "filter");
        List<object?> rest = arguments.Positional[1..];
        return new([.. items.Select(item => Apply(name, item, new(place, rest, null), context))]);
    }

    private static TemplateList Select(object? value, Arguments arguments, RenderContext context,
        bool attribute, bool keep)
    {
        IReadOnlyList<object?> items = ItemsIfAny(value, arguments, context);
        Place place = arguments.Place;
        object? name = attribute ? arguments.Take(0, "attribute") : null;
        List<object?> rest = arguments.Positional[(attribute ? 1 : 0)..];
        List<object?> kept = [];
        foreach (object? item in items)
        {
            context.Step(place);
            object? tested = attribute ? Python.Item(item, name, context, place) : item;
            bool holds = rest.Count == 0 ? Python.IsTrue(tested)
                : TemplateTests.Holds(rest[0] as string ?? throw place.Error("the name of the test must be a string"),
                    tested, new(place, rest[1..], null), context);
            if (holds == keep) kept.Add(item);
        }
        return Made(kept, arguments, context);
    }
}
