namespace Edge.Gguf;

/// <summary>A model that was split over several files, as publishers split large ones: NAME-00001-of-00003.gguf and its
/// neighbours.</summary>
internal static class SplitFile
{
    private const string CountKey = "split.count", NumberKey = "split.no", TensorsKey = "split.tensors.count";
    private const string Vocabulary = "tokenizer.ggml.tokens", Architecture = "general.architecture";
    private const int DigitCount = 5, PartsMax = 1024;

    /// <summary>Errors: GgufException that says how to join the parts.</summary>
    public static void Refuse(string path, GgufMetadata metadata)
    {
        long count = CountOf(path, metadata);
        if (count <= 1) return;
        string name = Path.GetFileName(path);
        throw new GgufException($"this is one part of a model split over {count} files; put all parts in one folder " +
            $"and join them: edge pack -m {FirstPart(name)} --type keep -o joined.gguf", metadata.OffsetOf(CountKey));
    }

    /// <summary>All parts of the model that <paramref name="first"/> is a part of, in their order; itself alone where
    /// it is whole. Errors: GgufException for a part that is missing or is of another model.</summary>
    public static IReadOnlyList<GgufFile> PartsOf(string first, Func<string, GgufFile> open)
    {
        GgufFile file = open(first);
        long count = CountOf(first, file.Metadata);
        if (count <= 1) return [file];
        string name = Path.GetFileName(first);
        if (CountInName(Path.GetFileNameWithoutExtension(first)) != count || count > PartsMax)
            throw new GgufException($"this is one of {count} parts of a model, and its name does not end in " +
                $"-00001-of-{count:D5}.gguf, by which the others are found; give all parts the names they were " +
                "published under", file.Metadata.OffsetOf(CountKey));
        var parts = new GgufFile[count];
        var tensors = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < parts.Length; i++)
        {
            string path = Path.Combine(Path.GetDirectoryName(first) ?? "", Part(name, i + 1));
            if (!File.Exists(path))
                throw new GgufException($"part {Printable.Quote(Part(name, i + 1))} of {count} is missing; download " +
                    "it into the same folder", file.Metadata.OffsetOf(CountKey));
            parts[i] = open(path);
            RequireFits(parts[i], parts[0], i, count, Part(name, i + 1));
            foreach (GgufTensor tensor in parts[i].Tensors)
                if (!tensors.Add(tensor.Name))
                    throw new GgufException($"tensor {Printable.Quote(tensor.Name)} stands in two parts of the " +
                        "model; download them again", tensor.EntryOffset);
        }
        GgufMetadata head = parts[0].Metadata;
        return head.FindInteger(TensorsKey) is not { } all || all == tensors.Count ? parts
            : throw new GgufException($"{TensorsKey} is {all}, the parts have {tensors.Count} tensors; " +
                "download them again", head.OffsetOf(TensorsKey));
    }

    /// <summary>Keys that say nothing of the model itself.</summary>
    public static bool IsKeyOfParts(string key) => key.StartsWith("split.", StringComparison.Ordinal);

    private static void RequireFits(GgufFile part, GgufFile first, int index, long count, string name)
    {
        GgufMetadata mine = part.Metadata, its = first.Metadata;
        string quoted = Printable.Quote(name);
        if (mine.FindInteger(CountKey) is { } counted && counted != count)
            throw new GgufException($"part {quoted} is of {counted} parts, not of {count}; download it again",
                mine.OffsetOf(CountKey));
        if (mine.FindInteger(NumberKey) is { } number && number != index)
            throw new GgufException($"part {quoted} says that it is part {number + 1}; download it again",
                mine.OffsetOf(NumberKey));
        // Parts behind the first need not say anything of the model; what they say must be the same.
        if (mine.FindString(Architecture) is { } arch && arch != its.FindString(Architecture))
            throw new GgufException($"part {quoted} is of another model: {Architecture} is {Printable.Quote(arch)}",
                mine.OffsetOf(Architecture));
        if (mine.FindStrings(Vocabulary) is { } tokens && !tokens.SequenceEqual(its.FindStrings(Vocabulary) ?? []))
            throw new GgufException($"part {quoted} is of another model: its vocabulary differs from the first part's",
                mine.OffsetOf(Vocabulary));
    }

    private static long CountOf(string path, GgufMetadata metadata) =>
        metadata.FindInteger(CountKey) ?? CountInName(Path.GetFileNameWithoutExtension(path));

    /// <summary>3 for "model-00001-of-00003", 0 for a name without such an ending.</summary>
    private static int CountInName(string name)
    {
        int dash = name.LastIndexOf("-of-", StringComparison.Ordinal);
        return dash >= DigitCount + 1 && name[dash - DigitCount - 1] == '-'
            && int.TryParse(name.AsSpan(dash - DigitCount, DigitCount), out _)
            && name.Length - dash - 4 == DigitCount && int.TryParse(name.AsSpan(dash + 4), out int count) ? count : 0;
    }

    private static string FirstPart(string name) =>
        CountInName(Path.GetFileNameWithoutExtension(name)) == 0 ? "FIRST-PART.gguf" : Part(name, 1);

    private static string Part(string name, int number)
    {
        int dash = name.LastIndexOf("-of-", StringComparison.Ordinal);
        return $"{name[..(dash - DigitCount)]}{number:D5}{name[dash..]}";
    }
}
