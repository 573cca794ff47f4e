namespace Edge.Text;

// A template's values are null (none), bool, long, double, string and the types of this file.

/// <summary>A list or a tuple.</summary>
internal sealed record TemplateList(List<object?> Items, bool IsTuple = false);

/// <summary>A dict in order of insertion. Keys are strings, numbers and truth values.</summary>
internal sealed class TemplateMap
{
    public OrderedDictionary<object, object?> Items { get; } = new(PythonKeys.Equality);

    /// <summary>False where <paramref name="key"/> is none of a dict's keys, or can be none.</summary>
    public bool TryFind(object? key, RenderContext context, Place place, out object? value)
    {
        value = null;
        if (key is string text) context.Scan(text, place);
        return PythonKeys.IsKey(key) && Items.TryGetValue(key!, out value);
    }
}

/// <summary>What <c>namespace()</c> makes: a map whose entries may be set from inside a loop.</summary>
internal sealed record TemplateNamespace(Dictionary<string, object?> Items);

/// <summary>A name or item that does not exist; prints as nothing, and says why when it is used otherwise.</summary>
internal sealed record Undefined(string Why);

/// <summary>Something that can be called.</summary>
internal sealed record TemplateFunction(string Name, Func<RenderContext, Arguments, object?> Body);

/// <summary>The <c>loop</c> of a for statement.</summary>
internal sealed class TemplateLoop(IReadOnlyList<object?> items)
{
    public int Index0 { get; set; }

    public object? Find(string name) => name switch
    {
        "index" => Index0 + 1L,
        "index0" => (long)Index0,
        "revindex" => (long)items.Count - Index0,
        "revindex0" => (long)items.Count - Index0 - 1,
        "first" => Index0 == 0,
        "last" => Index0 == items.Count - 1,
        "length" => (long)items.Count,
        "previtem" => Index0 > 0 ? items[Index0 - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index0 + 1 < items.Count ? items[Index0 + 1] : new Undefined("there is no next item"),
        "cycle" => new TemplateFunction("loop.cycle", (_, arguments) => arguments.Positional.Count > 0
            ? arguments.Positional[Index0 % arguments.Positional.Count]
            : throw arguments.Place.Error("loop.cycle needs arguments")),
        _ => new Undefined($"'loop.{name}' is not supported"),
    };
}
