using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>Finds every tensor of a folder its place: names, shapes and the parts of quantised matrices are checked
/// here, before anything is read.</summary>
internal sealed class HubTensors(HubModel model, HubConfig config, HubForm form)
{
    private readonly Dictionary<string, HubTensor> _made = new(StringComparer.Ordinal);
    private readonly List<HubTensor> _order = [];

    /// <summary>The tensors of the packed file. Errors: ModelFolderException.</summary>
    public List<HubTensor> All(SortedDictionary<string, SafetensorsEntry> entries)
    {
        foreach (SafetensorsEntry entry in entries.Values) Add(entry, entries);
        foreach (HubTensor tensor in _order)
            for (int i = 0; i < tensor.Weights.Length; i++)
                if (tensor.Weights[i] is null)
                    throw new ModelFolderException("config.json", "num_experts",
                        $"{tensor.Tensor.Name} has no expert {i} of {tensor.Weights.Length} in the files; " +
                        "download the whole model");
        foreach (string name in (string[])["token_embd.weight", "output_norm.weight"])
            if (!_made.ContainsKey(name))
                throw new ModelFolderException("model.safetensors", "header",
                    $"nothing in the files is {name}; download the whole model");
        if (_made["token_embd.weight"].Tensor is var table
            && (table.Shape.Count != 2 || table.Rows != config.Vocabulary))
            throw new ModelFolderException("config.json", "key 'vocab_size'",
                $"is {config.Vocabulary}, the embedding has {table.Rows} rows; download the model again");
        if (_order.Count > GgufLimits.TensorCountMax - 2)
            throw new ModelFolderException("config.json", "key 'num_hidden_layers'", "the model has too many tensors");
        if (config.LongRope() is { } factors)
        {
            Make("rope_factors_long.weight", factors.Long);
            Make("rope_factors_short.weight", factors.Short);
        }
        return _order;
    }

    private void Make(string name, float[] values) =>
        _order.Add(new HubTensor(
            new GgufTensor(name, QuantType.F32, [values.Length], 0, 4L * values.Length), HubForm.Made, 0)
        { Values = values });

    private void Add(SafetensorsEntry entry, SortedDictionary<string, SafetensorsEntry> entries)
    {
        string name = entry.Name;
        if (name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)) return; // made of config.json
        if (name == "lm_head.weight" && config.IsTied) return;
        if (IsPart(name, entries)) return;
        HubForm own = name.EndsWith(".qweight", StringComparison.Ordinal) ? form
            : form == HubForm.BitNet && entry.Type == "U8" ? form : HubForm.Float;
        string weight = own is HubForm.Gptq or HubForm.Awq ? name[..^"qweight".Length] + "weight" : name;
        (string Name, int Expert) place = model.Place(weight)
            ?? throw entry.Wrong($"has no place in the architecture '{model.Architecture}' as it is known here; " +
                "take a GGUF file of the model");
        int count = place.Expert < 0 ? 1 : config.Experts;
        if (place.Expert >= count) throw entry.Wrong($"is expert {place.Expert} of {count}");
        long[] shape = Shape(entry, own, place.Expert < 0 ? 0 : count);
        QuantType type = own != HubForm.Float || shape.Length == 1 ? QuantType.F32
            : HubDecoder.TypeOf(entry.Type)
                ?? throw entry.Wrong($"is {entry.Type}; F32, F16 and BF16 are possible, and 4-bit or ternary weights " +
                    "where config.json says so");
        if (!_made.TryGetValue(place.Name, out HubTensor? tensor))
        {
            tensor = new HubTensor(
                new GgufTensor(place.Name, type, shape, 0, QuantTypes.Bytes(type, shape)), own, count)
            {
                PermutedHeads = Heads(place.Name, shape, entry),
                IsNormLessOne = model.IsGemma && place.Name.EndsWith("norm.weight", StringComparison.Ordinal),
            };
            _made.Add(place.Name, tensor);
            _order.Add(tensor);
        }
        int at = Math.Max(place.Expert, 0);
        if (tensor.Tensor.Type != type || tensor.Form != own || !SameShape(tensor.Tensor, shape)
            || tensor.Weights[at] is not null)
            throw entry.Wrong("has another shape or type than its neighbours, or stands twice");
        tensor.Weights[at] = entry;
        if (own != HubForm.Float) AddParts(tensor, at, entry, weight[..^"weight".Length], entries);
    }

    /// <summary>What belongs to a quantised matrix comes with it.</summary>
    private bool IsPart(string name, SortedDictionary<string, SafetensorsEntry> entries)
    {
        int dot = name.LastIndexOf('.');
        if (dot < 0 || form == HubForm.Float) return false;
        (string stem, string kind) = (name[..(dot + 1)], name[(dot + 1)..]);
        return form == HubForm.BitNet ? kind == "weight_scale" && entries.ContainsKey(stem + "weight")
            : kind is "qzeros" or "scales" or "g_idx" && entries.ContainsKey(stem + "qweight");
    }

    private static long[] Shape(SafetensorsEntry entry, HubForm own, int stack)
    {
        if (entry.Shape.Count is 0 or > 2 || own != HubForm.Float && entry.Shape.Count != 2
            || stack > 0 && entry.Shape.Count != 2)
            throw entry.Wrong($"has {entry.Shape.Count} dimensions");
        string type = own is HubForm.Gptq or HubForm.Awq ? "I32" : entry.Type;
        if (entry.Type != type) throw entry.Wrong($"is {entry.Type} and should be I32");
        if (entry.Shape.Count == 1) return [entry.Shape[0]];
        (long rows, long columns) = own switch
        {
            HubForm.Gptq => (entry.Shape[1], entry.Shape[0] * 8),
            HubForm.Awq => (entry.Shape[1] * 8, entry.Shape[0]),
            HubForm.BitNet => (entry.Shape[0] * 4, entry.Shape[1]),
            _ => (entry.Shape[0], entry.Shape[1]),
        };
        if (own == HubForm.Gptq && rows % 8 != 0) throw entry.Wrong($"has {rows} rows, no multiple of 8");
        if (Math.Max(1, stack) > GgufLimits.ElementsMax / (rows * columns))
            throw entry.Wrong("makes too large a stack");
        return stack > 0 ? [columns, rows, stack] : [columns, rows];
    }

    private static bool SameShape(GgufTensor tensor, long[] shape)
    {
        bool same = tensor.Shape.Count == shape.Length;
        for (int i = 0; same && i < shape.Length; i++) same = tensor.Shape[i] == shape[i];
        return same;
    }

    private int Heads(string name, long[] shape, SafetensorsEntry entry)
    {
        if (!model.IsPermuted) return 0;
        int heads = name.Contains(".attn_q.", StringComparison.Ordinal) ? config.Heads
            : name.Contains(".attn_k.", StringComparison.Ordinal) ? config.HeadsKv : 0;
        long rows = shape.Length > 1 ? shape[1] : shape[0];
        return heads == 0 || rows % (2 * heads) == 0
            ? heads : throw entry.Wrong($"has {rows} rows, which are not whole heads of even size, {heads} of them");
    }

    private static void AddParts(HubTensor tensor, int at, SafetensorsEntry weights, string stem,
        SortedDictionary<string, SafetensorsEntry> entries)
    {
        (long columns, long rows) = (tensor.Tensor.Columns, tensor.Tensor.Shape[1]);
        if (tensor.Form == HubForm.BitNet)
        {
            tensor.Scales[at] = Part("weight_scale", null, entry => entry.Elements == 1);
            return;
        }
        SafetensorsEntry scales = Part("scales", null, entry =>
            entry.Shape is [var groups, var r] && r == rows && columns % groups == 0);
        tensor.Scales[at] = scales;
        tensor.Zeros[at] = Part("qzeros", "I32", entry =>
            entry.Shape is [var groups, var r] && groups == scales.Shape[0] && r == rows / 8);
        if (tensor.Form == HubForm.Gptq && entries.ContainsKey(stem + "g_idx"))
            tensor.Groups[at] = Part("g_idx", "I32", entry => entry.Elements == columns);

        SafetensorsEntry Part(string kind, string? type, Predicate<SafetensorsEntry> fits)
        {
            if (!entries.TryGetValue(stem + kind, out SafetensorsEntry? entry))
                throw weights.Wrong($"lacks its {kind}; download the whole model");
            bool isRight = type is null ? HubDecoder.TypeOf(entry.Type) is not null : entry.Type == type;
            return isRight && fits(entry) ? entry
                : throw entry.Wrong($"is {entry.Type}, {string.Join(" × ", entry.Shape)}, which does not fit its " +
                    "weights");
        }
    }
}
