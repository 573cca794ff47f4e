namespace Edge.Text;

/// <summary>Unwinds the compiler at the first refusal; caught in <see cref="Grammar.TryFromJsonSchema"/> and never
/// seen outside.</summary>
internal sealed class SchemaRefusedException(SchemaError error) : Exception(error.Message)
{
    public SchemaError Error { get; } = error;

    public static SchemaRefusedException At(string keyword, string pointer, string message) =>
        new(new SchemaError(keyword, pointer, message));
}
