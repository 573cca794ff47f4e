namespace Edge.Models;

/// <summary>Biases of a layer of llama's kind, which few of these models have (attention_bias, mlp_bias); null: the
/// file has none.</summary>
internal sealed unsafe class Biases(Tensors t, ModelConfig c, int l, bool dense = true)
{
    public readonly float* Q = t.FindVector($"blk.{l}.attn_q.bias", c.QueryLength);
    public readonly float* K = t.FindVector($"blk.{l}.attn_k.bias", c.KvLength);
    public readonly float* V = t.FindVector($"blk.{l}.attn_v.bias", c.KvLength);
    public readonly float* O = t.FindVector($"blk.{l}.attn_output.bias", c.EmbeddingLength);
    public readonly float* Gate = dense ? t.FindVector($"blk.{l}.ffn_gate.bias", c.FeedForwardLength) : null;
    public readonly float* Up = dense ? t.FindVector($"blk.{l}.ffn_up.bias", c.FeedForwardLength) : null;
    public readonly float* Down = dense ? t.FindVector($"blk.{l}.ffn_down.bias", c.EmbeddingLength) : null;
}
