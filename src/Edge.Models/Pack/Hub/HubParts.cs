using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>The scales, zeros and groups of a quantised matrix: entries beside its weights.</summary>
internal static class HubParts
{
    /// <summary>Errors: ModelFolderException for one that is missing or does not fit.</summary>
    public static void AddTo(HubPart[] parts, HubForm form, SafetensorsEntry weights,
        SortedDictionary<string, SafetensorsEntry> entries)
    {
        string name = weights.Name;
        int end = form == HubForm.Mxfp4 ? name.Length - "blocks".Length : name.LastIndexOf('.') + 1;
        string stem = name[..end];
        SafetensorsEntry scales = form switch
        {
            HubForm.BitNet => Part("weight_scale", null, entry => entry.Elements == 1),
            HubForm.Mxfp4 => Part("scales", "U8", entry => entry.Shape.SequenceEqual(weights.Shape.SkipLast(1))),
            HubForm.Gptq => Part("scales", null, entry => entry.Shape is [var groups, var r]
                && r == weights.Shape[1] && weights.Shape[0] * 8 % groups == 0),
            _ => Part("scales", null, entry => entry.Shape is [var groups, var r]
                && r == weights.Shape[1] * 8 && weights.Shape[0] % groups == 0),
        };
        SafetensorsEntry? zeros = null, groups = null;
        if (form is HubForm.Gptq or HubForm.Awq)
            zeros = Part("qzeros", "I32", entry => entry.Shape is [var count, var words]
                && count == scales.Shape[0] && words == scales.Shape[1] / 8);
        if (form == HubForm.Gptq && entries.ContainsKey(stem + "g_idx"))
            groups = Part("g_idx", "I32", entry => entry.Elements == weights.Shape[0] * 8);
        for (int i = 0; i < parts.Length; i++)
            parts[i] = parts[i] with { Scales = scales, Zeros = zeros, Groups = groups };

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
