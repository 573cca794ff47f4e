namespace Edge.Gguf;

/// <summary>Recognises one part of a model that was split over several files.</summary>
internal static class SplitFile
{
    private const string CountKey = "split.count";

    /// <summary>Errors: GgufException that says how to merge the parts.</summary>
    public static void Refuse(string path, GgufMetadata metadata)
    {
        long count = metadata.FindInteger(CountKey) ?? CountInName(Path.GetFileNameWithoutExtension(path));
        if (count <= 1) return;
        string name = Path.GetFileName(path);
        throw new GgufException($"this is one part of a model split over {count} files; put all parts in one folder " +
            $"and merge them: llama-gguf-split --merge {FirstPart(name)} merged.gguf", metadata.OffsetOf(CountKey));
    }

    /// <summary>3 for "model-00001-of-00003", 0 for a name without such an ending.</summary>
    private static int CountInName(string name)
    {
        int dash = name.LastIndexOf("-of-", StringComparison.Ordinal);
        return dash >= 6 && name[dash - 6] == '-' && int.TryParse(name.AsSpan(dash - 5, 5), out _)
            && name.Length - dash - 4 == 5 && int.TryParse(name.AsSpan(dash + 4), out int count) ? count : 0;
    }

    private static string FirstPart(string name)
    {
        if (CountInName(Path.GetFileNameWithoutExtension(name)) == 0) return "FIRST-PART.gguf";
        int dash = name.LastIndexOf("-of-", StringComparison.Ordinal);
        return $"{name[..(dash - 5)]}00001{name[dash..]}";
    }
}
