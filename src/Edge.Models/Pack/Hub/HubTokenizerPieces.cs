using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>The families whose vocabulary needs no merges: SentencePiece's unigram model and WordPiece.</summary>
internal sealed partial class HubTokenizer
{
    private enum Family { ByteLevel, SentencePiece, Unigram, WordPiece }

    private const char Mark = '\u2581';
    private const string Prefix = "##";

    private int? _unknown;
    private HubPieceText? _text;
    private bool _lowercase, _stripsAccents;

    private static Family FamilyOf(HubJson model, bool hasBytes) => model.FindText("type") switch
    {
        null or "BPE" => hasBytes ? Family.SentencePiece : Family.ByteLevel,
        "Unigram" => Family.Unigram,
        "WordPiece" => Family.WordPiece,
        var other => throw model.Wrong("type", $"{Printable.Quote(other)} is not supported here; known are BPE, " +
            "Unigram, WordPiece; take a GGUF file"),
    };

    /// <summary>Pieces and their scores, in the order of their ids.</summary>
    private double[] ReadPieces(HubJson model)
    {
        JsonElement[] pieces = model.FindArray("vocab", GgufLimits.ArrayCountMax)
            ?? throw model.Wrong("vocab", "is missing");
        _unknown = (int?)model.FindInteger("unk_id", 0, pieces.Length - 1);
        var scores = new double[_tokens.Length];
        for (int id = 0; id < pieces.Length; id++)
        {
            if (pieces[id].ValueKind != JsonValueKind.Array || pieces[id].GetArrayLength() != 2
                || pieces[id][1].ValueKind != JsonValueKind.Number || !pieces[id][1].TryGetDouble(out double score)
                || !double.IsFinite(score)) throw model.Wrong("vocab", $"entry {id} is not a piece and its score");
            string piece = model.Text("vocab", pieces[id][0]);
            Add(model, "vocab", piece, id, id == _unknown ? Unknown : TypeOf(piece));
            scores[id] = score;
        }
        return scores;
    }

    private void ReadStages(HubJson json, HubJson model)
    {
        if (_family == Family.WordPiece)
        {
            (_lowercase, _stripsAccents) = HubStages.WordPiece(json);
            string unknown = model.FindText("unk_token") ?? "[UNK]";
            _unknown = _ids.TryGetValue(unknown, out int id) ? id
                : throw model.Wrong("unk_token", $"{Printable.Quote(unknown)} is no token of the vocabulary");
            if (model.FindText("continuing_subword_prefix") is { } prefix and not Prefix)
                throw model.Wrong("continuing_subword_prefix", $"{Printable.Quote(prefix)} is not '{Prefix}'; take a " +
                    "GGUF file of the model");
            if (model.FindInteger("max_input_chars_per_word", 0, int.MaxValue) is { } most and not 100)
                throw model.Wrong("max_input_chars_per_word", $"{most} is not 100; take a GGUF file of the model");
        }
        else
        {
            _text = HubStages.Unigram(json);
            // What goes over the begin of a word is never found where words are cut there first.
            for (int i = 0; _text.CutsAtSpaces && i < _tokens.Length; i++)
                if (_types[i] == Normal && _tokens[i].LastIndexOf(Mark) > 0) _types[i] = Unused;
        }
    }

    private void WriteUnigram(GgufWriter writer)
    {
        // Half the bytes, where they say the same.
        if (_scores.All(score => (float)score == score))
            writer.SetArray<float>("tokenizer.ggml.scores", Array.ConvertAll(_scores, score => (float)score));
        else writer.SetArray<double>("tokenizer.ggml.scores", _scores);
        writer.Set("tokenizer.ggml.add_space_prefix", _text!.AddsSpace);
        writer.Set("tokenizer.ggml.remove_extra_whitespaces", _text.MergesSpaces);
        if (_text.CharsMap.Length > 0) writer.SetArray<byte>("tokenizer.ggml.precompiled_charsmap", _text.CharsMap);
        WriteEnds(writer, "bos_token_id", "eos_token_id", "add_eos_token");
    }

    private void WriteWordPiece(GgufWriter writer)
    {
        writer.Set("tokenizer.ggml.normalizer.lowercase", _lowercase);
        writer.Set("tokenizer.ggml.normalizer.strip_accents", _stripsAccents);
        // The format's own spelling.
        WriteEnds(writer, "cls_token_id", "seperator_token_id", "add_sep_token");
    }

    private void WriteEnds(GgufWriter writer, string before, string after, string addsAfter)
    {
        if (_unknown is { } unknown) writer.Set("tokenizer.ggml.unknown_token_id", (uint)unknown);
        if (_ends.Before is { } first) writer.Set($"tokenizer.ggml.{before}", (uint)_ids[first]);
        if (_ends.After is { } last) writer.Set($"tokenizer.ggml.{after}", (uint)_ids[last]);
        writer.Set("tokenizer.ggml.add_bos_token", _ends.Before is not null);
        writer.Set($"tokenizer.ggml.{addsAfter}", _ends.After is not null);
    }

    /// <summary>GGUF marks what begins a word, not what goes on.</summary>
    private string[] WordsMarked()
    {
        var words = new string[_tokens.Length];
        for (int i = 0; i < words.Length; i++)
            words[i] = _types[i] != Normal ? _tokens[i]
                : _tokens[i].StartsWith(Prefix, StringComparison.Ordinal) && _tokens[i].Length > Prefix.Length
                    ? _tokens[i][Prefix.Length..] : Mark + _tokens[i];
        return words;
    }
}
