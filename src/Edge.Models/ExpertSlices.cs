using Edge.Gguf;
using Edge.Weights.Policies;

namespace Edge.Models;

/// <summary>How many bytes an expert's slices have, layer by layer, from a file's header.</summary>
internal static class ExpertSlices
{
    /// <summary>Null when no layer has experts.</summary>
    public static CacheShape? Find(GgufFile file, ModelConfig config)
    {
        if (CacheShape.Problem(config.LayerCount, config.ExpertCount, config.ExpertUsedCount) is not null) return null;
        long[] hi = new long[config.LayerCount], lo = new long[config.LayerCount];
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (LayerOf(tensor.Name) is not { } layer || layer >= hi.Length) continue;
            long bytes = tensor.Bytes / config.ExpertCount;
            if (tensor.Type is QuantType.NESTED4_HI or QuantType.NESTED4_LO)
            {
                // In the file as it is streamed.
                (tensor.Type == QuantType.NESTED4_LO ? lo : hi)[layer] += bytes;
                continue;
            }
            long weights = tensor.Rows * tensor.Columns / config.ExpertCount;
            long low = weights * LowBits(QuantTypes.Of(tensor.Type)) / 8;
            lo[layer] += low;
            hi[layer] += bytes - low;
        }
        return hi.Any(bytes => bytes > 0)
            ? new CacheShape(config.ExpertCount, config.ExpertUsedCount, hi, lo)
            : null;
    }

    /// <summary>Bits of a weight beyond the most significant: two of up to four, four of eight. Types that are not made
    /// of digits are not split; scales stay with HI.</summary>
    private static int LowBits(QuantTypeRow type) =>
        (8 * type.BlockBytes / (type.BlockElements * type.TileRows)) switch
        {
            3 => 1,
            4 => 2,
            8 => 4,
            _ => 0,
        };

    /// <summary>"blk.3.ffn_up_exps.weight", its second plane, "blk.3.ffn_up.0.weight", and the outliers of both → 3;
    /// null for a tensor that belongs to no expert.</summary>
    private static int? LayerOf(string name)
    {
        string[] parts = name.Split('.');
        bool isStack = (parts is [_, _, _, "weight"] or [_, _, _, "weight", "lo" or "outliers"])
            && parts[2].EndsWith("_exps", StringComparison.Ordinal);
        isStack |= parts is ["blk", _, _, { } expert, "weight", .. { Length: 0 } or ["outliers"]]
            && int.TryParse(expert, out _);
        return isStack && int.TryParse(parts[1], out int layer) && layer >= 0 ? layer : null;
    }
}
