namespace Edge.Models;

/// <summary>The expert that every row uses beside the chosen ones, of one layer.</summary>
internal sealed class SharedExpert(Tensors t, ModelConfig c, int l, int width)
{
    public readonly Matrix Gate = t.Matrix($"blk.{l}.ffn_gate_shexp.weight", width, c.EmbeddingLength);
    public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up_shexp.weight", width, c.EmbeddingLength);
    public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down_shexp.weight", c.EmbeddingLength, width);

    public long Bytes => Gate.Bytes + Up.Bytes + Down.Bytes;
}
