namespace Edge.Text;

/// <summary>Arguments of one call; what nobody takes is an error, so that no option is silently ignored.</summary>
internal sealed class Arguments(Place place, List<object?> positional, Dictionary<string, object?>? named)
{
    private int _taken, _namedTaken;

    public Place Place => place;
    public List<object?> Positional { get { _taken = positional.Count; return positional; } }
    public Dictionary<string, object?> Named { get { _namedTaken = named?.Count ?? 0; return named ?? []; } }

    /// <summary>The argument at <paramref name="index"/> or of that name; false when not given.</summary>
    public bool TryTake(int index, string name, out object? value)
    {
        if (index < positional.Count)
        {
            _taken = Math.Max(_taken, index + 1);
            value = positional[index];
            return true;
        }
        value = null;
        if (named is null || !named.TryGetValue(name, out value)) return false;
        _namedTaken++;
        return true;
    }

    public object? Take(int index, string name) =>
        TryTake(index, name, out object? value) ? value : throw place.Error($"argument '{name}' is missing");

    public string TakeText(int index, string name) => Take(index, name) as string
        ?? throw place.Error($"argument '{name}' must be a string");

    public string? FindText(int index, string name) => TryTake(index, name, out object? value) && value is not null
        ? value as string ?? throw place.Error($"argument '{name}' must be a string") : null;

    public long TakeInteger(int index, string name, long otherwise) =>
        !TryTake(index, name, out object? value) ? otherwise
        : Arithmetic.Integer(value) ?? throw place.Error($"argument '{name}' must be an integer");

    /// <summary>Errors: TemplateException when <paramref name="callee"/> left an argument unused.</summary>
    public void Finish(string callee)
    {
        if (_taken < positional.Count)
            throw place.Error($"'{callee}' takes {_taken} arguments, not {positional.Count}");
        if (_namedTaken < (named?.Count ?? 0))
        {
            throw place.Error($"'{callee}' has an unsupported argument among {string.Join(", ", named!.Keys)}");
        }
    }
}
