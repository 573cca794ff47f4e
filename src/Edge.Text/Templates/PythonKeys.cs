namespace Edge.Text;

/// <summary>Keys of dicts, equal and ordered as in Python: 1, 1.0 and true are one key.</summary>
internal sealed class PythonKeys : IEqualityComparer<object>
{
    public static PythonKeys Equality { get; } = new();

    /// <summary>Others, such as tuples, are not supported.</summary>
    public static bool IsKey(object? value) => value is string or long or double or bool;

    /// <summary>Errors: TemplateException where strings and numbers are mixed.</summary>
    public static Comparer<object> Order(Place place) => Comparer<object>.Create((left, right) =>
    {
        if (left is string a && right is string b) return string.CompareOrdinal(a, b);
        if (Arithmetic.Real(left) is { } x && Arithmetic.Real(right) is { } y) return x.CompareTo(y);
        throw place.Error($"a {Python.TypeName(left)} and a {Python.TypeName(right)} have no order");
    });

    bool IEqualityComparer<object>.Equals(object? left, object? right) =>
        left is string text ? text.Equals(right as string, StringComparison.Ordinal)
        : Arithmetic.Integer(left) is { } a && Arithmetic.Integer(right) is { } b ? a == b
        : Arithmetic.Real(left) is { } x && Arithmetic.Real(right) is { } y && x == y;

    int IEqualityComparer<object>.GetHashCode(object key) =>
        key is string text ? text.GetHashCode() : (Arithmetic.Real(key) ?? 0).GetHashCode();
}
