namespace Edge.Fuzz;

/// <summary>Files inside the assembly: seeds, and the golden files that are damaged.</summary>
internal static class EmbeddedFiles
{
    /// <summary>Those whose name begins with <paramref name="folder"/> and a slash, in the order of their
    /// names.</summary>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Of(string folder)
    {
        var assembly = typeof(EmbeddedFiles).Assembly;
        var files = new List<(string, byte[])>();
        foreach (string name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (!name.StartsWith($"{folder}/", StringComparison.Ordinal)) continue;
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            files.Add((name[(folder.Length + 1)..], bytes));
        }
        return files;
    }
}
