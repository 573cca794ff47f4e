namespace Edge.Models;

/// <summary>What latent attention brings queries into the latent space with, and values out of it, of one layer: a
/// matrix per head each.</summary>
internal readonly struct LatentHeads
{
    private LatentHeads(Matrix keys, Matrix values) => (Keys, Values) = (keys, values);

    /// <summary>Per head: latent × unrotated part of a key.</summary>
    public Matrix Keys { get; }
    /// <summary>Per head: value × latent.</summary>
    public Matrix Values { get; }

    /// <summary>From attn_k_b and attn_v_b, or from the attn_kv_b of older files.</summary>
    public static LatentHeads Of(Tensors t, ModelConfig c, int l)
    {
        int plain = c.KeyLengthMla - c.RopeDimensionCount;
        if (t.File.Find($"blk.{l}.attn_kv_b.weight") is null)
            return new(t.Stack($"blk.{l}.attn_k_b.weight", c.KvLoraRank, plain, c.HeadCount),
                t.Stack($"blk.{l}.attn_v_b.weight", c.ValueLengthMla, c.KvLoraRank, c.HeadCount));
        (Matrix keys, Matrix values) = t.Decompression(
            $"blk.{l}.attn_kv_b.weight", c.HeadCount, plain, c.ValueLengthMla, c.KvLoraRank);
        return new(keys, values);
    }

    public long BytesOf(int heads) => heads * (Keys.Bytes + Values.Bytes);
}
