using Edge.Gguf;

namespace Edge.Models.Pack.Hub;

/// <summary>What of an entry each matrix of a tensor is. Errors: ModelFolderException for a shape that cannot be
/// that.</summary>
internal sealed class HubCuts(HubConfig config)
{
    /// <summary>The matrices of a place, in order, without what belongs to quantised ones.</summary>
    public HubPart[] Of(SafetensorsEntry entry, HubForm form, HubPlace place)
    {
        long[] shape = Shape(entry, form, place);
        return place.Cut switch
        {
            HubCut.Whole or HubCut.Taps => [new(entry, 0, shape[0], shape.Length > 1 ? shape[1] : 1)],
            HubCut.Stack => Each(entry, shape, place, _ => (0, Rows(shape))),
            HubCut.FirstHalf => Each(entry, shape, place, half => (0, half)),
            HubCut.SecondHalf => Each(entry, shape, place, half => (half, half)),
            HubCut.Evens or HubCut.Odds => Alternate(entry, shape, place),
            _ => Heads(entry, shape, place.Cut == HubCut.Keys),
        };
    }

    /// <summary>The tensor's dimensions, the innermost first.</summary>
    public static long[] ShapeOf(HubPart[] parts, HubPlace place, int stack)
    {
        HubPart part = parts[0];
        if (place.Expert >= 0 || place.Cut is HubCut.Keys or HubCut.Values || part.Weights.Shape.Count > 2
            && place.Cut != HubCut.Taps) return [part.ColumnsMade, part.RowsMade, stack];
        bool isBiasStack = place.Cut is HubCut.Evens or HubCut.Odds; // one number a row
        return isBiasStack ? [part.RowsMade / stack, stack]
            : part.Weights.Shape.Count == 1 ? [part.RowsMade] : [part.ColumnsMade, part.RowsMade];
    }

    private static long Rows(long[] shape) => shape[^2];

    /// <summary>The entry's dimensions once its weights are single numbers.</summary>
    private static long[] Shape(SafetensorsEntry entry, HubForm form, HubPlace place)
    {
        IReadOnlyList<long> s = entry.Shape;
        (int least, int most) = place switch
        {
            _ when form == HubForm.Mxfp4 => (3, 3),
            { Expert: >= 0 } => (2, 2),
            { Cut: HubCut.Whole } => form == HubForm.Float ? (1, 2) : (2, 2),
            { Cut: HubCut.FirstHalf or HubCut.SecondHalf or HubCut.Evens or HubCut.Odds } => (2, 3),
            { Cut: HubCut.Keys or HubCut.Values } => (2, 2),
            _ => (3, 3),
        };
        int dimensions = form == HubForm.Mxfp4 ? s.Count - 1 : s.Count;
        if (dimensions < least || dimensions > most) throw entry.Wrong($"has {s.Count} dimensions");
        if (form is HubForm.Gptq or HubForm.Awq && entry.Type != "I32")
            throw entry.Wrong($"is {entry.Type} and should be I32");
        if (form == HubForm.Gptq && s[1] % 8 != 0) throw entry.Wrong($"has {s[1]} rows, no multiple of 8");
        if (place.Cut == HubCut.Taps && s[1] != 1) throw entry.Wrong($"has {s[1]} channels a row and should have one");
        if (form == HubForm.Mxfp4 && (entry.Type != "U8" || s[^1] != HubBlocks.Mxfp4Bytes))
            throw entry.Wrong($"is {entry.Type} in blocks of {s[^1]} and should be U8 in blocks of " +
                $"{HubBlocks.Mxfp4Bytes}");
        return form switch
        {
            HubForm.Gptq => [s[1], s[0] * 8],
            HubForm.Awq => [s[1] * 8, s[0]],
            HubForm.BitNet => [s[0] * 4, s[1]],
            HubForm.Mxfp4 => [.. s.Take(s.Count - 2), s[^2] * 2 * HubBlocks.Mxfp4Bytes],
            _ => place.Cut == HubCut.Taps ? [s[0], s[2]] : [.. s],
        };
    }

    /// <summary>Rows of the only matrix, or of each of a stack; <paramref name="rows"/> is asked with half of
    /// them.</summary>
    private HubPart[] Each(SafetensorsEntry entry, long[] shape, HubPlace place, Func<long, (long, long)> rows)
    {
        if (place.Cut != HubCut.Stack && Rows(shape) % 2 != 0)
            throw entry.Wrong($"has {Rows(shape)} rows, which have no halves");
        (long first, long count) = rows(Rows(shape) / 2);
        var parts = new HubPart[Count(entry, shape)];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new HubPart(entry, i * Rows(shape) + first, count, shape[^1])
            {
                IsTransposed = place.IsTransposed,
            };
        return parts;
    }

    private HubPart[] Alternate(SafetensorsEntry entry, long[] shape, HubPlace place)
    {
        long select = place.Cut == HubCut.Odds ? 1 : 0;
        long rows = place.IsTransposed || shape.Length == 2 ? shape[^1] : Rows(shape);
        if (rows % 2 != 0) throw entry.Wrong($"has {rows} rows for gate and up, which are no pairs");
        if (shape.Length == 2)
        {
            if (shape[0] != config.Experts) throw entry.Wrong($"is for {shape[0]} experts of {config.Experts}");
            return [new(entry, 0, shape[0] * shape[1], 1) { Select = select, Step = 2 }];
        }
        var parts = new HubPart[Count(entry, shape)];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new HubPart(entry, i * Rows(shape), Rows(shape), shape[^1])
            {
                IsTransposed = place.IsTransposed, Select = select, Step = 2,
            };
        return parts;
    }

    private int Count(SafetensorsEntry entry, long[] shape) => shape.Length == 2 ? 1
        : shape[0] == config.Experts ? config.Experts
        : throw entry.Wrong($"has {shape[0]} experts of {config.Experts}");

    private HubPart[] Heads(SafetensorsEntry entry, long[] shape, bool isKeys)
    {
        (int heads, int keys, int values) = (config.Heads, config.PlainKeyLength, config.ValueLength);
        if (shape[0] != (long)heads * (keys + values) || shape[1] != config.LatentLength)
            throw entry.Wrong($"is {shape[0]} × {shape[1]}, config.json means " +
                $"{(long)heads * (keys + values)} × {config.LatentLength}");
        var parts = new HubPart[heads];
        for (int h = 0; h < heads; h++)
            parts[h] = isKeys
                ? new HubPart(entry, (long)h * (keys + values), keys, shape[1]) { IsTransposed = true }
                : new HubPart(entry, (long)h * (keys + values) + keys, values, shape[1]);
        return parts;
    }
}
