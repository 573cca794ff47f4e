namespace Edge.Text;

/// <summary>Keys of dicts, equal and ordered as in Python: 1, 1.0 and true are one key.</summary>
internal sealed class PythonKeys : IEqualityComparer<object>
{
    public static PythonKeys Equality { get; } = new();

    // Of one kind: what a comparer throws, sorting wraps.
    private static readonly Comparer<object> Ordered = Comparer<object>.Create(static (left, right) =>
        left is string text ? string.CompareOrdinal(text, right as string)
        : (Arithmetic.Real(left) ?? 0).CompareTo(Arithmetic.Real(right) ?? 0));

    /// <summary>Others, such as tuples, are not supported.</summary>
    public static bool IsKey(object? value) => value is string or long or double or bool;

    /// <summary>Errors: TemplateException where strings and numbers are mixed, which have no order.</summary>
    public static IComparer<object> Order(IEnumerable<object> keys, Place place)
    {
        int texts = 0, count = 0;
        foreach (object key in keys)
        {
            count++;
            if (key is string) texts++;
        }
        if (texts > 0 && texts < count) throw place.Error("keys that are strings and numbers have no order");
        return Ordered;
    }

    bool IEqualityComparer<object>.Equals(object? left, object? right) =>
        left is string text ? text.Equals(right as string, StringComparison.Ordinal)
        : Arithmetic.Integer(left) is { } a && Arithmetic.Integer(right) is { } b ? a == b
        : Arithmetic.Real(left) is { } x && Arithmetic.Real(right) is { } y && x == y;

    int IEqualityComparer<object>.GetHashCode(object key) =>
        key is string text ? text.GetHashCode() : (Arithmetic.Real(key) ?? 0).GetHashCode();
}
