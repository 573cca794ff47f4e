namespace Edge.Text;

/// <summary>Why a schema cannot be used: the keyword, where it stands as a JSON pointer, and what to do
/// instead.</summary>
public sealed record SchemaError(string Keyword, string Pointer, string Message)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => $"{Keyword} at {(Pointer.Length == 0 ? "the root" : Pointer)}: {Message}";
}
