namespace Edge.Text;

/// <summary>Truth, equality, order, attributes, items and slices with Python's and Jinja's meaning.</summary>
internal static class Python
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool b => b,
        long n => n != 0,
        double number => number != 0,
        string text => text.Length > 0,
        TemplateList list => list.Items.Count > 0,
        TemplateMap map => map.Items.Count > 0,
        _ => true,
    };

    public static string TypeName(object? value) => value switch
    {
        null => "none",
        bool => "bool",
        long => "int",
        double => "float",
        string => "string",
        TemplateList { IsTuple: true } => "tuple",
        TemplateList => "list",
        TemplateMap => "dict",
        TemplateNamespace => "namespace",
        TemplateFunction => "function",
        TemplateLoop => "loop",
        _ => "undefined value",
    };

    public static void MustBeDefined(object? value, Place place)
    {
        if (value is Undefined missing) throw place.Error(missing.Why);
    }

    public static bool AreEqual(object? left, object? right, RenderContext context, Place place, int depth = 0)
    {
        context.Step(place);
        if (depth > TemplateLimits.ValueDepthMax) throw TooDeep(place);
        if (Arithmetic.Integer(left) is { } x && Arithmetic.Integer(right) is { } y) return x == y;
        if (Arithmetic.Real(left) is { } p && Arithmetic.Real(right) is { } q) return p == q;
        return (left, right) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (string a, string b) => Scanned(a, context, place) == b,
            (TemplateList a, TemplateList b) => a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => AreEqual(pair.First, pair.Second, context, place, depth + 1)),
            (TemplateMap a, TemplateMap b) => a.Items.Count == b.Items.Count && a.Items.All(entry =>
                b.Items.TryGetValue(entry.Key, out object? other)
                    && AreEqual(entry.Value, other, context, place, depth + 1)),
            _ => left is not null && ReferenceEquals(left, right),
        };
    }

    public static bool Compare(string sign, object? left, object? right, RenderContext context, Place place)
    {
        switch (sign)
        {
            case "==": return AreEqual(left, right, context, place);
            case "!=": return !AreEqual(left, right, context, place);
            case "in": return Contains(right, left, context, place);
            case "not in": return !Contains(right, left, context, place);
        }
        MustBeDefined(left, place);
        MustBeDefined(right, place);
        int order;
        if (left is string a && right is string b) order = string.CompareOrdinal(Scanned(a, context, place), b);
        else if (Arithmetic.Integer(left) is { } x && Arithmetic.Integer(right) is { } y) order = x.CompareTo(y);
        else if (Arithmetic.Real(left) is { } p && Arithmetic.Real(right) is { } q) order = p.CompareTo(q);
        else throw place.Error($"'{sign}' cannot compare a {TypeName(left)} with a {TypeName(right)}");
        return sign switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    }

    /// <summary>What a loop goes through: items, keys, characters; nothing for an undefined value.</summary>
    public static IReadOnlyList<object?> Items(object? value, RenderContext context, Place place)
    {
        switch (value)
        {
            case TemplateList list: return list.Items;
            case Undefined: return [];
            case TemplateMap map:
                context.Work(TemplateLimits.ListCost + (map.Items.Count * (long)TemplateLimits.ItemCost), place);
                return [.. map.Items.Keys];
            case string text:
                context.Work(text.Length * (long)TemplateLimits.MadeItemCost, place);
                return [.. PythonText.Characters(text)];
            default: throw place.Error($"a {TypeName(value)} cannot be looped over");
        }
    }

    public static void Assign(TemplateScope scope, IReadOnlyList<string> targets, object? value, Place place)
    {
        if (targets.Count == 1)
        {
            scope[targets[0]] = value;
            return;
        }
        int count = value is TemplateList list ? list.Items.Count : -1;
        if (count != targets.Count)
            throw place.Error($"a {TypeName(value)} does not unpack into {targets.Count} variables");
        for (int i = 0; i < count; i++) scope[targets[i]] = ((TemplateList)value!).Items[i];
    }

    public static object? Attribute(object? target, string name, Place place) => target switch
    {
        Undefined missing => throw place.Error(missing.Why),
        TemplateMap map => (object?)Methods.Find(map, name)
            ?? (map.Items.TryGetValue(name, out object? value)
                ? value : new Undefined($"the dict has no entry '{name}'")),
        TemplateNamespace space => space.Items.TryGetValue(name, out object? value)
            ? value : new Undefined($"the namespace has no entry '{name}'"),
        TemplateLoop loop => loop.Find(name),
        string text => (object?)Methods.Find(text, name)
            ?? new Undefined($"the string method '{name}' is not supported"),
        _ => new Undefined($"a {TypeName(target)} has no attribute '{name}'"),
    };

    public static object? Item(object? target, object? index, RenderContext context, Place place)
    {
        switch (target, index)
        {
            case (Undefined missing, _): throw place.Error(missing.Why);
            case (TemplateMap map, _) when map.TryFind(index, context, place, out object? value): return value;
            case (TemplateList list, long at):
                return At(list.Items.Count, at) is { } i ? list.Items[i] : new Undefined($"the list has no item {at}");
            case (string text, long at):
                return At(PythonText.CharacterCount(text, context, place), at) is { } c
                    ? PythonText.Part(text, c, c + 1) : new Undefined($"the string has no character {at}");
            case (_, string name): return Attribute(target, name, place);
            default: return new Undefined($"a {TypeName(target)} has no item of type {TypeName(index)}");
        }
    }

    public static object? Slice(object? target, object? from, object? to, object? step,
        RenderContext context, Place place)
    {
        MustBeDefined(target, place);
        long by = Bound(step, 1, place);
        if (by == 0) throw place.Error("the step of a slice is zero");
        int count = target is TemplateList list ? list.Items.Count : target is string counted
            ? PythonText.CharacterCount(counted, context, place)
            : throw place.Error($"a {TypeName(target)} cannot be sliced");
        long low = by > 0 ? 0 : -1, high = by > 0 ? count : count - 1;
        long start = Clamp(from, by > 0 ? low : high), end = Clamp(to, by > 0 ? high : low);
        if (target is string text && by == 1)
            return context.Made(PythonText.Part(text, (int)start, (int)Math.Max(start, end)), place);
        IReadOnlyList<object?> items = Items(target, context, place);
        context.Work(TemplateLimits.ListCost + (count * (long)TemplateLimits.ItemCost), place);
        List<object?> kept = [];
        for (long i = start; by > 0 ? i < end : i > end; i += by)
        {
            kept.Add(items[(int)i]);
            // A step beyond the list ends the slice; adding it could overflow.
            if (Math.Abs((double)by) > count) break;
        }
        return target is TemplateList { IsTuple: var tuple } ? new TemplateList(kept, tuple) : string.Concat(kept);

        long Clamp(object? bound, long otherwise)
        {
            if (bound is null) return otherwise;
            long value = Bound(bound, 0, place);
            return Math.Clamp(value < 0 ? Math.Max(value, -count - 1L) + count : value, low, high);
        }
    }

    public static TemplateException TooDeep(Place place) =>
        place.Error($"the value exceeds the limit of {TemplateLimits.ValueDepthMax} nested lists and dicts");

    private static bool Contains(object? container, object? item, RenderContext context, Place place) =>
        (container, item) switch
    {
        (string text, string part) => Scanned(text, context, place).Contains(part, StringComparison.Ordinal),
        (string, _) => throw place.Error($"'in <string>' needs a string, not a {TypeName(item)}"),
        (TemplateMap map, _) => map.TryFind(item, context, place, out _),
        _ => Items(container, context, place).Any(other => AreEqual(other, item, context, place)),
    };

    private static string Scanned(string text, RenderContext context, Place place)
    {
        context.Scan(text, place);
        return text;
    }

    private static int? At(int count, long index)
    {
        if (index < 0) index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static long Bound(object? value, long otherwise, Place place) => value is null ? otherwise
        : Arithmetic.Integer(value) ?? throw place.Error($"a slice needs integers, not a {TypeName(value)}");
}
