using System.Text.Json;

namespace Edge.Agent;

/// <summary>Counts of exact matches: of whole replies, and of each field where the expected reply is a JSON
/// object.</summary>
internal sealed class EvalScore(JsonElement? schema)
{
    private readonly SortedDictionary<string, (int Right, int Rows)> _fields = new(StringComparer.Ordinal);

    public int Rows { get; private set; }
    public int Exact { get; private set; }
    public int Valid { get; private set; }
    public IEnumerable<(string Name, double Share)> Fields
    {
        get
        {
            foreach ((string name, (int right, int rows)) in _fields) yield return (name, (double)right / rows);
        }
    }

    /// <summary>Returns whether the reply is exactly the expected one.</summary>
    public bool Add(string expected, string reply)
    {
        Rows++;
        bool exact = reply == expected;
        if (exact) Exact++;
        if (schema is { } form && SchemaCheck.Violation(form, reply) is null) Valid++;
        using var wanted = TryParseObject(expected);
        if (wanted is null) return exact;
        using var given = TryParseObject(reply);
        foreach (var field in wanted.RootElement.EnumerateObject())
        {
            (int right, int rows) = _fields.GetValueOrDefault(field.Name);
            bool same = given is not null && given.RootElement.TryGetProperty(field.Name, out var value)
                && JsonElement.DeepEquals(value, field.Value);
            _fields[field.Name] = (right + (same ? 1 : 0), rows + 1);
        }
        return exact;
    }

    private static JsonDocument? TryParseObject(string text)
    {
        try
        {
            var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null; // Plain text is compared as a whole.
        }
    }
}
