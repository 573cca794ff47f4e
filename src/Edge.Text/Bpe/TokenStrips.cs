using Edge.Gguf;

namespace Edge.Text;

/// <summary>Special tokens that swallow the blanks beside them, by id.</summary>
/// <remarks>Source: lstrip and rstrip of the added tokens of a tokenizer.json, which `edge pack` keeps in keys of ours.
/// Other files do not say; for those the models are known by name, as llama.cpp does it.</remarks>
internal sealed record TokenStrips(IReadOnlySet<int> Left, IReadOnlySet<int> Right)
{
    public const string LeftKey = "edge.tokenizer.lstrip", RightKey = "edge.tokenizer.rstrip";

    public static TokenStrips None { get; } = new(new HashSet<int>(), new HashSet<int>());

    private static readonly string[] PhiNames = ["phi-3", "phi3", "phi 3"];
    private static readonly string[] PhiKeeps = ["<unk>", "<s>", "<|endoftext|>"];
    private static readonly string[] JinaPres = ["jina-v2-de", "jina-v2-es", "jina-v2-code"];
    private static readonly string[] MaskArchitectures = ["nomic-bert-moe", "jina-bert-v3"];

    public static TokenStrips Of(GgufMetadata file, IReadOnlyList<string> tokens)
    {
        if (file.FindIntegers(LeftKey) is not null || file.FindIntegers(RightKey) is not null)
            return new(Ids(file, LeftKey), Ids(file, RightKey));
        string name = file.FindString("general.name")?.ToLowerInvariant() ?? "";
        string architecture = file.FindString("general.architecture") ?? "";
        string pre = file.FindString(TokenizerMetadata.PreKey) ?? "";
        if (HasAny(pre, JinaPres) || HasAny(architecture, MaskArchitectures)) return LeftOf(tokens, "<mask>");
        if (HasAny(name, PhiNames)) return new(None.Left, SpecialsOfPhi(file, tokens));
        return name.Contains("modern-bert", StringComparison.Ordinal) ? LeftOf(tokens, "[MASK]") : None;
    }

    private static HashSet<int> SpecialsOfPhi(GgufMetadata file, IReadOnlyList<string> tokens)
    {
        IReadOnlyList<long> types = file.FindIntegers(TokenizerMetadata.TypesKey) ?? [];
        var ids = new HashSet<int>();
        for (int id = 0; id < tokens.Count && id < types.Count; id++)
        {
            bool special = types[id] is (long)TokenType.Control or (long)TokenType.UserDefined
                || tokens[id].StartsWith("<|", StringComparison.Ordinal);
            if (special && !PhiKeeps.Contains(tokens[id])) ids.Add(id);
        }
        return ids;
    }

    private static TokenStrips LeftOf(IReadOnlyList<string> tokens, string spelling)
    {
        for (int id = 0; id < tokens.Count; id++)
            if (tokens[id] == spelling) return None with { Left = new HashSet<int> { id } };
        return None;
    }

    private static HashSet<int> Ids(GgufMetadata file, string key)
    {
        var ids = new HashSet<int>();
        foreach (long id in file.FindIntegers(key) ?? [])
            if (id is >= 0 and <= int.MaxValue) ids.Add((int)id);
        return ids;
    }

    private static bool HasAny(string text, string[] parts)
    {
        foreach (string part in parts)
            if (text.Contains(part, StringComparison.Ordinal)) return true;
        return false;
    }
}
