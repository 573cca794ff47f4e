using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>What tokenizer.json does to a text before a unigram model cuts it.</summary>
/// <param name="AddsSpace">A space comes before it.</param>
/// <param name="MergesSpaces">Runs of spaces become one; those at its ends fall away.</param>
/// <param name="CutsAtSpaces">No piece goes over the begin of a word.</param>
/// <param name="CharsMap">SentencePiece's precompiled map; empty: none.</param>
internal sealed record HubPieceText(bool AddsSpace, bool MergesSpaces, bool CutsAtSpaces, byte[] CharsMap);

/// <summary>The token before every text and the one behind it; null: none.</summary>
internal sealed record HubEnds(string? Before, string? After);

/// <summary>The stages that tokenizer.json names, as far as a GGUF file can say them. Errors: ModelFolderException for
/// one that it cannot.</summary>
/// <remarks>Source: the stages of huggingface/tokenizers (tokenizers/src/normalizers, pre_tokenizers, decoders,
/// processors).</remarks>
internal static class HubStages
{
    private const int StagesMax = 64;
    public const string Mark = "\u2581";
    private const string Take = "take a GGUF file of the model";

    /// <summary>Of a unigram model.</summary>
    public static HubPieceText Unigram(HubJson json)
    {
        byte[] map = [];
        bool strips = false, merges = false, marks = false, prepends = false;
        foreach (HubJson stage in Of(json, "normalizer", "normalizers"))
        {
            string type = stage.FindText("type") ?? "";
            HubJson? pattern = type == "Replace" ? stage.FindObject("pattern") : null;
            bool isFirst = map.Length == 0 && !strips && !merges && !marks && !prepends;
            if (type == "Precompiled" && isFirst) map = Map(stage);
            else if (type == "Strip" && stage.FindBool("strip_right") == true && !merges) strips = true;
            else if (pattern?.FindText("Regex") == " {2,}" && stage.FindText("content") is Mark or " ") merges = true;
            else if (pattern?.FindText("String") == " " && stage.FindText("content") == Mark) marks = true;
            else if (type == "Prepend" && stage.FindText("prepend") == Mark) prepends = true;
            else throw Unknown(json, "normalizer", type);
        }
        if (strips != merges)
            throw json.Wrong("normalizer",
                $"merges spaces or strips them, and not both, which no GGUF file can say; {Take}");
        HubPieceText text = Words(json, marks, prepends, merges) with { CharsMap = map };
        foreach (HubJson stage in Of(json, "decoder", "decoders"))
        {
            string type = stage.FindText("type") ?? "";
            if (type is not ("Metaspace" or "ByteFallback" or "Fuse" or "Replace" or "Strip"))
                throw Unknown(json, "decoder", type);
        }
        return text;
    }

    /// <summary>Of WordPiece: whether capitals become small, and accents fall off.</summary>
    public static (bool Lowercase, bool StripsAccents) WordPiece(HubJson json)
    {
        if (Of(json, "normalizer", "normalizers") is not [var normalizer]
            || normalizer.FindText("type") is not "BertNormalizer")
            throw json.Wrong("normalizer", $"is not BertNormalizer, the only one known with WordPiece; {Take}");
        foreach (string key in (string[])["clean_text", "handle_chinese_chars"])
            if (normalizer.FindBool(key) == false)
                throw normalizer.Wrong(key, $"'false' is not supported; {Take}");
        if (Of(json, "pre_tokenizer", "pretokenizers") is not [var before]
            || before.FindText("type") is not "BertPreTokenizer")
            throw json.Wrong("pre_tokenizer", $"is not BertPreTokenizer, the only one known with WordPiece; {Take}");
        if (Of(json, "decoder", "decoders") is { Count: > 0 } decoders && (decoders.Count > 1
            || decoders[0].FindText("type") != "WordPiece" || decoders[0].FindText("prefix") is not (null or "##")))
            throw json.Wrong("decoder", $"is not WordPiece with '##'; {Take}");
        bool lowercase = normalizer.FindBool("lowercase") ?? true;
        return (lowercase, normalizer.FindBool("strip_accents") ?? lowercase);
    }

    /// <summary>Of byte-level BPE: whether characters are composed first (NFC); nothing else may be done.</summary>
    public static bool Composes(HubJson json, HubJson model)
    {
        bool composes = false;
        foreach (HubJson stage in Of(json, "normalizer", "normalizers"))
            composes |= stage.FindText("type") is "NFC" ? true
                : throw Unknown(json, "normalizer", stage.FindText("type") ?? "");
        foreach (HubJson stage in Of(json, "decoder", "decoders"))
            if (stage.FindText("type") is not ("ByteLevel" or "Fuse"))
                throw Unknown(json, "decoder", stage.FindText("type") ?? "");
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.FindText(key) is { Length: > 0 } text)
                throw model.Wrong(key, $"{Printable.Quote(text)} is not supported with bytes; {Take}");
        return model.FindReal("dropout") is null or 0 ? composes
            : throw model.Wrong("dropout", $"other than 0 is not supported; {Take}");
    }

    /// <summary>What the post-processor puts around one text.</summary>
    public static HubEnds Ends(HubJson json, bool isByteLevel = false)
    {
        List<HubJson> stages = Of(json, "post_processor", "processors");
        stages.RemoveAll(stage => isByteLevel && stage.FindText("type") == "ByteLevel"); // touches offsets alone
        if (stages.Count == 0) return new HubEnds(null, null);
        string type = stages[0].FindText("type") ?? "";
        if (stages.Count > 1) throw Unknown(json, "post_processor", stages[1].FindText("type") ?? "");
        if (type is "BertProcessing" or "RobertaProcessing")
            return new HubEnds(Pair(stages[0], "cls"), Pair(stages[0], "sep"));
        if (type != "TemplateProcessing") throw Unknown(json, "post_processor", type);
        string? before = null, after = null;
        bool isBehind = false;
        foreach (JsonElement element in stages[0].FindArray("single", StagesMax) ?? [])
        {
            HubJson item = stages[0].ObjectOf("single", element);
            if (item.FindObject("SpecialToken") is not { } special)
            {
                if (isBehind || !item.Has("Sequence"))
                    throw stages[0].Wrong("single", $"is not one text between tokens; {Take}");
                isBehind = true;
                continue;
            }
            string id = special.FindText("id") ?? throw stages[0].Wrong("single", "has a token without id");
            if ((isBehind ? after : before) is not null)
                throw stages[0].Wrong("single", $"has two tokens on one side of the text; {Take}");
            if (isBehind) after = id;
            else before = id;
        }
        return new HubEnds(before, after);
    }

    /// <summary>The stage of a key, or those of its sequence; none where there is no such key.</summary>
    public static List<HubJson> Of(HubJson json, string key, string list)
    {
        var stages = new List<HubJson>();
        if (json.FindObject(key) is not { } stage) return stages;
        if (stage.FindText("type") != "Sequence") stages.Add(stage);
        else
            foreach (JsonElement part in stage.FindArray(list, StagesMax) ?? throw stage.Wrong(list, "is missing"))
                stages.Add(stage.ObjectOf(list, part));
        return stages;
    }

    /// <summary>How spaces become marks, and where words begin.</summary>
    private static HubPieceText Words(HubJson json, bool marks, bool prepends, bool merges)
    {
        bool splits = false, isMeta = false, adds = prepends, cuts = false;
        foreach (HubJson stage in Of(json, "pre_tokenizer", "pretokenizers"))
        {
            string type = stage.FindText("type") ?? "";
            if (type == "WhitespaceSplit" && !isMeta && !marks) splits = true;
            else if (type == "Metaspace" && !isMeta && stage.FindText("replacement") is null or Mark)
            {
                isMeta = true;
                adds = stage.FindText("prepend_scheme") is { } scheme ? scheme != "never"
                    : stage.FindBool("add_prefix_space") ?? true;
                cuts = stage.FindBool("split") ?? true;
            }
            else throw Unknown(json, "pre_tokenizer", type);
        }
        if (!isMeta && !marks)
            throw json.Wrong("pre_tokenizer", $"does not say how spaces are spelled; {Take}");
        merges |= splits;
        // Without merging, one space at the front of a text is its own mark there and gets a second one here; without a
        // mark before the text, spaces at its front stay one there and fall away here.
        if (isMeta && (prepends || adds != merges))
            throw json.Wrong("pre_tokenizer", $"Metaspace {(adds ? "adds a space" : "adds no space")} while spaces " +
                $"{(merges ? "are" : "are not")} merged, which no GGUF file can say; {Take}");
        if (!isMeta && merges)
            throw json.Wrong("normalizer", $"merges spaces without Metaspace, which no GGUF file can say; {Take}");
        return new HubPieceText(adds, merges, cuts, []);
    }

    private static byte[] Map(HubJson stage)
    {
        string text = stage.FindText("precompiled_charsmap") ?? "";
        byte[] map = new byte[text.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(text, map, out int length) ? map[..length]
            : throw stage.Wrong("precompiled_charsmap", "is no base64; download the file again");
    }

    private static string Pair(HubJson stage, string key) =>
        stage.FindArray(key, 2) is [var token, _] ? stage.Text(key, token)
            : throw stage.Wrong(key, "is not a token and its id");

    public static ModelFolderException Unknown(HubJson json, string key, string type) =>
        json.Wrong(key, $"{Printable.Quote(type)} is not supported here; {Take}");
}
