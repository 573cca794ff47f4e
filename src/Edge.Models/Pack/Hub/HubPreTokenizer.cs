using System.Text.Json;

namespace Edge.Models.Pack.Hub;

/// <summary>Which of the known ways to cut a text tokenizer.json describes.</summary>
internal static class HubPreTokenizer
{
    private const string Cased = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    // DeepSeek's: Chinese with kana, or with everything below it.
    private const string Kana = "\u4E00-\u9FA5\u3040-\u309F", East = "\u4E00-\u9FA5\u0800-\u4E00";

    /// <summary>The value of tokenizer.ggml.pre. Errors: ModelFolderException for one that is not recognised.</summary>
    public static string Name(HubJson json)
    {
        HubJson before = json.FindObject("pre_tokenizer")
            ?? throw json.Wrong("pre_tokenizer", "is missing; take a GGUF file of the model");
        string? regex = null;
        bool hasDigits = false, cuts = false;
        foreach (JsonElement part in Parts(before))
        {
            string? type = Text(part, "type");
            if (type == "Digits") hasDigits = true;
            else if (type == "ByteLevel") cuts = !Is(part, "use_regex", JsonValueKind.False);
            else if (type == "Split" && part.TryGetProperty("pattern", out JsonElement pattern))
                regex = (regex ?? "") + (pattern.ValueKind == JsonValueKind.Object ? Text(pattern, "Regex") : null);
        }
        bool byThree = regex?.Contains("\\p{N}{1,3}", StringComparison.Ordinal) == true;
        string? name = regex switch
        {
            null when !cuts => null,
            null => hasDigits ? "starcoder" : "gpt-2",
            _ when regex.Contains(Kana, StringComparison.Ordinal) => "deepseek-v3",
            _ when regex.Contains(East, StringComparison.Ordinal) =>
                regex.Contains("\\s?\\p{L}+", StringComparison.Ordinal) ? "deepseek-coder" : "deepseek-llm",
            _ when regex.Contains(Cased, StringComparison.Ordinal) => byThree ? "gpt-4o" : "tekken",
            _ when !regex.Contains("\\r\\n\\p{L}\\p{N}", StringComparison.Ordinal) => null,
            _ => byThree ? "llama-bpe" : "qwen2",
        };
        return name ?? throw json.Wrong("pre_tokenizer", "is none of those known here; take a GGUF file of the model");
    }

    /// <summary>Of SentencePiece: a text begins with a space.</summary>
    public static bool AddsSpace(HubJson json)
    {
        foreach (string key in (string[])["normalizer", "pre_tokenizer"])
        {
            if (json.FindObject(key) is not { } stage) continue;
            foreach (JsonElement part in Parts(stage))
            {
                string? type = Text(part, "type");
                if (type == "Prepend") return true;
                if (type == "Metaspace")
                    return Text(part, "prepend_scheme") is { } scheme ? scheme != "never"
                        : !Is(part, "add_prefix_space", JsonValueKind.False);
            }
        }
        return false;
    }

    /// <summary>The stage itself, or those of a sequence.</summary>
    private static JsonElement[] Parts(HubJson stage)
    {
        foreach (string key in (string[])["pretokenizers", "normalizers"])
        {
            if (stage.FindArray(key, 64) is not { } parts) continue;
            foreach (JsonElement part in parts)
                if (part.ValueKind != JsonValueKind.Object) throw stage.Wrong(key, "has a part that is no object");
            return parts;
        }
        return [stage.Root];
    }

    private static string? Text(JsonElement of, string key)
    {
        if (!of.TryGetProperty(key, out JsonElement value) || value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair: no name that is known
        }
    }

    private static bool Is(JsonElement of, string key, JsonValueKind kind) =>
        of.TryGetProperty(key, out JsonElement value) && value.ValueKind == kind;
}
