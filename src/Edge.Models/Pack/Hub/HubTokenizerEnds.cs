using System.Text.Json;
using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>What stands around a text, and what ends a reply.</summary>
internal sealed partial class HubTokenizer
{
    private const int EndsMax = 64;

    private HubEnds Ends(HubJson json)
    {
        HubEnds ends = HubStages.Ends(json, _family == Family.ByteLevel);
        foreach (string? end in (string?[])[ends.Before, ends.After])
            if (end is not null && !_ids.ContainsKey(end))
                throw json.Wrong("post_processor", $"{Printable.Quote(end)} is no token of the vocabulary");
        return ends;
    }

    /// <summary>The tokens of generation_config.json that end a reply, else those of config.json; ids beyond the
    /// vocabulary are never produced.</summary>
    private int[] EndIds(string folder)
    {
        const string Key = "eos_token_id";
        var ids = new List<int>();
        using HubJson? generation = HubJson.Find(folder, "generation_config.json", ConfigBytesMax);
        using HubJson? model = generation?.Has(Key) == true ? null
            : HubJson.Find(folder, "config.json", ConfigBytesMax);
        HubJson? from = model is null ? generation : model.Has(Key) ? model : model.FindObject("text_config");
        if (from is null || !from.Has(Key)) return [];
        JsonElement[] all = from.IsArray(Key) ? from.FindArray(Key, EndsMax)! : [from.Root.GetProperty(Key)];
        foreach (JsonElement one in all)
        {
            if (one.ValueKind != JsonValueKind.Number || !one.TryGetInt64(out long id) || id < 0)
                throw from.Wrong(Key, "holds something that is no token's id");
            if (id < _tokens.Length && !ids.Contains((int)id)) ids.Add((int)id);
        }
        return [.. ids];
    }

    /// <summary>Of merged tokens: what tokenizer_config.json says wins over the post-processor, which its publisher's
    /// library then makes anew.</summary>
    private void WriteEndsOfMerged(GgufWriter writer)
    {
        int? bos = _ends.Before is { } before ? _ids[before] : _bos;
        int? eos = _ends.After is { } after ? _ids[after] : _eos ?? (_endIds.Length > 0 ? _endIds[0] : null);
        if (bos is { } first) writer.Set("tokenizer.ggml.bos_token_id", (uint)first);
        if (eos is { } last) writer.Set("tokenizer.ggml.eos_token_id", (uint)last);
        bool? adds = _addBos ?? (_ends.Before is not null ? true : _family == Family.ByteLevel ? false : null);
        if (adds is { } begin) writer.Set("tokenizer.ggml.add_bos_token", begin && bos is not null);
        if ((_addEos ?? _ends.After is not null) && eos is not null) writer.Set("tokenizer.ggml.add_eos_token", true);
        var others = new List<int>(_endIds);
        if (_eos is { } own && !others.Contains(own)) others.Add(own);
        others.Remove(eos ?? -1);
        if (others.Count == 0) return;
        writer.Set("tokenizer.ggml.eot_token_id", (uint)others[0]); // what other readers know
        if (others.Count > 1) writer.SetArray<int>("edge.tokenizer.end_token_ids", [.. others]);
    }
}
