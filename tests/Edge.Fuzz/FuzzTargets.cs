namespace Edge.Fuzz;

/// <summary>The target table: a new target is a line here, a file with its FuzzInput, and
/// seeds/&lt;name&gt;/.</summary>
public static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> Rows { get; } =
    [
        GgufTarget.Row,
        TokenizerTarget.Row,
        TemplateTarget.Row,
        SchemaTarget.Row,
        RequestTarget.Row,
        ModelTarget.Row,
        FolderTarget.Row,
    ];

    public static FuzzTarget? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);

    /// <summary>The target's kept seeds, in the order of their names.</summary>
    public static IReadOnlyList<byte[]> SeedsOf(FuzzTarget target) =>
        [.. EmbeddedFiles.Of($"seeds/{target.Name}").Select(file => file.Bytes)];
}
