namespace Edge.Models.Architectures;

/// <summary>Llama 1 to 3 and their kin: pre-norm, grouped-query attention, neighbours rotated, SwiGLU.</summary>
internal sealed unsafe class Llama : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _gate, _up, _h;

    public Llama(ModelSource source) : base(source)
    {
        ModelConfig c = Config;
        _layers = new Layer[c.LayerCount];
        for (int l = 0; l < c.LayerCount; l++)
        {
            _layers[l] = new Layer(source.Tensors, c, l);
            LayerBytesPerToken += _layers[l].Bytes;
        }
        _gate = Take(c.FeedForwardLength);
        _up = Take(c.FeedForwardLength);
        _h = Take(c.FeedForwardLength);
    }

    protected override void Run()
    {
        for (int l = 0; l < _layers.Length; l++)
        {
            Layer w = _layers[l];

            Ops.RmsNorm(X, w.AttnNorm, Xb);
            Ops.MatMul(Xb, w.Q, Q, w.K, K, w.V, V);
            Ops.AddBias(Q, w.Bias.Q);
            Ops.AddBias(K, w.Bias.K);
            Ops.AddBias(V, w.Bias.V);
            Ops.Rope(Q, K, RopeOrder.Pairs);
            Ops.Remember(l, K, V);
            Ops.Attend(l, Q, Att);
            Ops.MatMul(Att, w.O, Xb);
            Ops.AddBias(Xb, w.Bias.O);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Gate, _gate, w.Up, _up);
            Ops.AddBias(_gate, w.Bias.Gate);
            Ops.AddBias(_up, w.Bias.Up);
            Ops.SwiGlu(_gate, _up, _h);
            Ops.MatMul(_h, w.Down, Xb);
            Ops.AddBias(Xb, w.Bias.Down);
            Ops.Add(X, Xb);
        }
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly Biases Bias = new(t, c, l);
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Q = t.Matrix($"blk.{l}.attn_q.weight", c.QueryLength, c.EmbeddingLength);
        public readonly Matrix K = t.Matrix($"blk.{l}.attn_k.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix V = t.Matrix($"blk.{l}.attn_v.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Gate = t.Matrix($"blk.{l}.ffn_gate.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);

        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes + Gate.Bytes + Up.Bytes + Down.Bytes;
    }
}
