namespace Edge.Tests.House;

/// <summary>The repository as files: what the house rules are checked against.</summary>
internal static class Repository
{
    private static readonly string[] Skipped = ["bin", "obj", ".git", "artifacts", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths below the root with one of the endings, '/'-separated and sorted.</summary>
    public static IReadOnlyList<string> Files(params string[] endings) =>
        [.. Walk(Root).Where(f => endings.Any(e => f.EndsWith(e, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> Sources(params string[] folders) =>
        [.. Files(".cs").Where(f => folders.Any(d => f.StartsWith(d + "/", StringComparison.Ordinal)))];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool Exists(string path) =>
        File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            if (Skipped.Contains(Path.GetFileName(child))) continue;
            foreach (string file in Walk(child)) yield return file;
        }
    }

    private static string FindRoot()
    {
        for (string? d = AppContext.BaseDirectory; d is not null; d = Path.GetDirectoryName(d))
            if (File.Exists(Path.Combine(d, "Edge.sln"))) return d;
        throw new InvalidOperationException("Edge.sln is not above the test binary");
    }
}
