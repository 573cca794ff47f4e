using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>Finds every tensor of a folder its place: names, shapes and the parts of quantised matrices are checked
/// here, before anything is read but what belongs to 4-bit weights.</summary>
internal sealed class HubTensors(HubModel model, HubConfig config, HubForm form, int zeroOffset)
{
    private sealed record Draft(string Name, long[] Shape, HubForm Form, QuantType? Type, HubPart?[] Parts);

    private readonly Dictionary<string, Draft> _drafts = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private readonly HubCuts _cuts = new(config);
    private readonly HubLeftOut _leftOut = new();

    /// <summary>What of the folder is not packed, a sentence each.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut.Sentences;

    /// <summary>The tensors of the packed file. Errors: ModelFolderException.</summary>
    public List<HubTensor> All(SortedDictionary<string, SafetensorsEntry> entries)
    {
        foreach (SafetensorsEntry entry in entries.Values) Add(entry, entries);
        foreach (string name in (string[])["token_embd.weight", model.OutputNorm])
            if (!_drafts.ContainsKey(name))
                throw new ModelFolderException("model.safetensors", "header",
                    $"nothing in the files is {name}; download the whole model");
        if (_drafts["token_embd.weight"].Shape is var table && (table.Length != 2 || table[1] != config.Vocabulary))
            throw new ModelFolderException("config.json", "key 'vocab_size'",
                $"is {config.Vocabulary}, the embedding has {table[^1]} rows; download the model again");
        if (_drafts.Count > GgufLimits.TensorCountMax - 2)
            throw new ModelFolderException("config.json", "key 'num_hidden_layers'", "the model has too many tensors");
        var tensors = new List<HubTensor>();
        foreach (string name in _order) tensors.Add(Made(_drafts[name]));
        if (config.LongRope() is { } factors)
        {
            tensors.Add(Made("rope_factors_long.weight", factors.Long));
            tensors.Add(Made("rope_factors_short.weight", factors.Short));
        }
        return tensors;
    }

    private static HubTensor Made(string name, float[] values) =>
        new(new GgufTensor(name, QuantType.F32, [values.Length], 0, 4L * values.Length), HubForm.Made, [])
        {
            Values = values,
        };

    private HubTensor Made(Draft draft)
    {
        for (int i = 0; i < draft.Parts.Length; i++)
            if (draft.Parts[i] is null)
                throw new ModelFolderException("config.json", "num_experts",
                    $"{draft.Name} has no expert {i} of {draft.Parts.Length} in the files; " +
                    "download the whole model");
        HubPart[] parts = [.. draft.Parts.OfType<HubPart>()];
        string? note = null;
        QuantType type = draft.Type ?? HubExactness.TypeOf(parts, draft.Form, zeroOffset, out note);
        var tensor = new GgufTensor(draft.Name, type, draft.Shape, 0, QuantTypes.Bytes(type, draft.Shape));
        return new HubTensor(tensor, draft.Form, parts)
        {
            PermutedHeads = Heads(draft, parts[0].Weights),
            Note = note,
            IsNormLessOne = model.IsGemma && draft.Name.EndsWith("norm.weight", StringComparison.Ordinal),
        };
    }

    private void Add(SafetensorsEntry entry, SortedDictionary<string, SafetensorsEntry> entries)
    {
        if (entry.Name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)) return; // made of config.json
        if (model.TextName(entry.Name) is not { } name)
        {
            _leftOut.AddPart(entry);
            return;
        }
        if (name == "lm_head.weight" && config.IsTied) return;
        if (HubNames.LayerOf(name, out _) is { } layer && layer >= config.Layers)
        {
            if (layer >= config.Layers + config.DraftLayers)
                throw entry.Wrong($"is of layer {layer}, config.json names {config.Layers}; download the model again");
            _leftOut.AddDraftLayer(entry);
            return;
        }
        if (IsPart(entry.Name, entries)) return;
        HubForm own = OwnForm(entry);
        string weight = own is HubForm.Gptq or HubForm.Awq ? name[..^"qweight".Length] + "weight" : name;
        IReadOnlyList<HubPlace> places = HubNames.PlacesOf(weight, model.HasMoreNorms);
        if (places.Count == 0)
            throw entry.Wrong($"has no place in the architecture '{model.Architecture}' as it is known here; " +
                "take a GGUF file of the model");
        foreach (HubPlace place in places) Add(entry, own, place, entries);
    }

    private HubForm OwnForm(SafetensorsEntry entry)
    {
        bool isQuantised = form switch
        {
            HubForm.BitNet => entry.Type == "U8",
            HubForm.Mxfp4 => entry.Name.EndsWith("_blocks", StringComparison.Ordinal),
            _ => entry.Name.EndsWith(".qweight", StringComparison.Ordinal),
        };
        return isQuantised ? form : HubForm.Float;
    }

    private void Add(SafetensorsEntry entry, HubForm own, HubPlace place,
        SortedDictionary<string, SafetensorsEntry> entries)
    {
        HubPart[] parts = _cuts.Of(entry, own, place);
        int stack = place.Expert >= 0 ? config.Experts : place.Cut is HubCut.Keys or HubCut.Values ? parts.Length
            : Math.Max(1, config.Experts);
        if (place.Expert >= stack) throw entry.Wrong($"is expert {place.Expert} of {stack}");
        long[] shape = HubCuts.ShapeOf(parts, place, stack);
        if (shape.Length > 2 && shape[2] > GgufLimits.ElementsMax / (shape[0] * shape[1]))
            throw entry.Wrong("makes too large a stack");
        QuantType? type = TypeOf(entry, own, place.Name, shape);
        if (!_drafts.TryGetValue(place.Name, out Draft? draft))
        {
            draft = new Draft(place.Name, shape, own, type, new HubPart?[place.Expert >= 0 ? stack : parts.Length]);
            _drafts.Add(place.Name, draft);
            _order.Add(place.Name);
        }
        int at = Math.Max(place.Expert, 0);
        if (draft.Type != type || draft.Form != own || !draft.Shape.AsSpan().SequenceEqual(shape)
            || draft.Parts.Length < at + parts.Length || draft.Parts[at] is not null)
            throw entry.Wrong("has another shape or type than its neighbours, or stands twice");
        if (own != HubForm.Float) HubParts.AddTo(parts, own, entry, entries);
        parts.CopyTo(draft.Parts, at);
    }

    /// <summary>The type in the packed file; null for 4-bit weights, which are looked at first.</summary>
    private static QuantType? TypeOf(SafetensorsEntry entry, HubForm own, string name, long[] shape)
    {
        if (own is HubForm.Gptq or HubForm.Awq) return null;
        if (own == HubForm.Mxfp4) return QuantType.MXFP4;
        QuantType type = own != HubForm.Float ? QuantType.F32 : HubDecoder.TypeOf(entry.Type)
            ?? throw entry.Wrong($"is {entry.Type}; F32, F16 and BF16 are possible, and 4-bit or ternary weights " +
                "where config.json says so");
        bool isMatrix = shape.Length > 1 && name.EndsWith(".weight", StringComparison.Ordinal)
            && !name.EndsWith(".conv.weight", StringComparison.Ordinal);
        return isMatrix ? type : QuantType.F32;
    }

    /// <summary>What belongs to a quantised matrix comes with it.</summary>
    private bool IsPart(string name, SortedDictionary<string, SafetensorsEntry> entries)
    {
        int dot = name.LastIndexOf('.');
        if (dot < 0 || form == HubForm.Float) return false;
        (string stem, string kind) = (name[..(dot + 1)], name[(dot + 1)..]);
        return form switch
        {
            HubForm.BitNet => kind == "weight_scale" && entries.ContainsKey(stem + "weight"),
            HubForm.Mxfp4 => kind.EndsWith("_scales", StringComparison.Ordinal)
                && entries.ContainsKey(stem + kind[..^"scales".Length] + "blocks"),
            _ => kind is "qzeros" or "scales" or "g_idx" && entries.ContainsKey(stem + "qweight"),
        };
    }

    private int Heads(Draft draft, SafetensorsEntry entry)
    {
        if (!model.IsPermuted) return 0;
        int heads = draft.Name.Contains(".attn_q.", StringComparison.Ordinal) ? config.Heads
            : draft.Name.Contains(".attn_k.", StringComparison.Ordinal) ? config.HeadsKv : 0;
        long rows = draft.Shape.Length > 1 ? draft.Shape[1] : draft.Shape[0];
        return heads == 0 || rows % (2 * heads) == 0
            ? heads : throw entry.Wrong($"has {rows} rows, which are not whole heads of even size, {heads} of them");
    }
}
