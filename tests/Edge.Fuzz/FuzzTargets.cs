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
    ];

    public static FuzzTarget? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);

    /// <summary>The target's kept seeds, in the order of their names.</summary>
    public static IReadOnlyList<byte[]> SeedsOf(FuzzTarget target)
    {
        var assembly = typeof(FuzzTargets).Assembly;
        var seeds = new List<byte[]>();
        foreach (string name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith($"seeds/{target.Name}/", StringComparison.Ordinal)) continue;
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            seeds.Add(bytes);
        }
        return seeds;
    }
}
