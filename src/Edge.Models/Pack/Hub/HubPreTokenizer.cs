using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>Which of the known ways to cut a text tokenizer.json describes.</summary>
internal static class HubPreTokenizer
{
    private const string Take = "take a GGUF file of the model";

    /// <summary>Of byte-level BPE. Errors: ModelFolderException for a stage or a regular expression that is not
    /// known.</summary>
    public static HubSplits Of(HubJson json, bool ignoresMerges)
    {
        const string Key = "pre_tokenizer";
        var stages = new List<string>();
        bool isCut = false, isBytes = false;
        foreach (HubJson part in HubStages.Of(json, Key, "pretokenizers"))
        {
            string type = part.FindText("type") ?? "";
            if (isBytes) throw json.Wrong(Key, $"{Printable.Quote(type)} behind ByteLevel is not supported; {Take}");
            if (type == "Split") stages.Add(Pattern(part, ref isCut));
            else if (type == "Digits" && part.FindBool("individual_digits") == true) stages.Add(HubSplits.Digits);
            else if (type == "ByteLevel")
            {
                isBytes = true;
                if (part.FindBool("add_prefix_space") == true)
                    throw part.Wrong("add_prefix_space", $"'true' is not supported; {Take}");
                if (part.FindBool("use_regex") != false) stages.Add(HubSplits.Gpt2);
            }
            else throw json.Wrong(Key, $"{Printable.Quote(type)} is none of those known here; {Take}");
        }
        if (!isBytes) throw json.Wrong(Key, $"has no ByteLevel, which is needed here; {Take}");
        // Removing what does not match and cutting out what does are the same where everything matches.
        return HubSplits.Find(stages, ignoresMerges) is { } row && (!isCut || stages.Count == 1) ? row
            : throw json.Wrong(Key, "cuts text in a way that is none of those known here: " +
                $"{Printable.Line(string.Join(" then ", stages))}; {Take}");
    }

    private static string Pattern(HubJson part, ref bool isCut)
    {
        string behavior = part.FindText("behavior") ?? "Isolated";
        bool inverts = part.FindBool("invert") ?? false;
        isCut |= inverts;
        if (behavior != (inverts ? "Removed" : "Isolated"))
            throw part.Wrong("behavior", $"{Printable.Quote(behavior)} with invert '{inverts}' is not supported; " +
                Take);
        return part.FindObject("pattern")?.FindText("Regex") is { } regex ? HubSplits.Normal(regex)
            : throw part.Wrong("pattern", $"is no Regex; {Take}");
    }

    /// <summary>Of SentencePiece's BPE: a text begins with a space. Errors: ModelFolderException for stages that do
    /// anything but spell spaces.</summary>
    public static bool AddsSpace(HubJson json)
    {
        bool adds = false;
        foreach (HubJson stage in HubStages.Of(json, "normalizer", "normalizers"))
        {
            string type = stage.FindText("type") ?? "";
            if (type == "Prepend" && stage.FindText("prepend") == HubStages.Mark) adds = true;
            else if (type != "Replace" || !IsSpace(stage) || stage.FindText("content") != HubStages.Mark)
                throw HubStages.Unknown(json, "normalizer", type);
        }
        foreach (HubJson stage in HubStages.Of(json, "pre_tokenizer", "pretokenizers"))
        {
            string type = stage.FindText("type") ?? "";
            if (type == "Metaspace" && stage.FindText("replacement") is null or HubStages.Mark)
                adds = stage.FindText("prepend_scheme") is { } scheme ? scheme != "never"
                    : stage.FindBool("add_prefix_space") ?? true;
            // Gemma's: the normalizer has left no space to cut at.
            else if (type != "Split" || !IsSpace(stage)) throw HubStages.Unknown(json, "pre_tokenizer", type);
        }
        return adds;
    }

    private static bool IsSpace(HubJson stage) => stage.FindObject("pattern")?.FindText("String") == " ";
}
