namespace Edge.Models.Architectures;

/// <summary>BitNet b1.58 (arXiv 2402.17764, 2504.12285): a norm more before the last matrix of each block, squared ReLU
/// as the gate, ternary matrices, in some files with a scale beside them.</summary>
internal sealed unsafe class BitNet : Transformer
{
    private const string SquaredRelu = "relu2";

    private readonly Layer[] _layers;
    private readonly RowBuffer _gate, _up, _h;
    private readonly bool _squaredRelu;

    public BitNet(ModelSource source) : base(source)
    {
        ModelConfig c = Config;
        // Files of the architecture's first name are of models with SiLU, unless they say otherwise.
        _squaredRelu = c.Architecture != "bitnet"
            || source.File.Metadata.FindString("bitnet.hidden_activation") == SquaredRelu;
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
            Scale(Q, w.QScale);
            Scale(K, w.KScale);
            Scale(V, w.VScale);
            Ops.Rope(Q, K, RopeOrder.Halves);
            Ops.Remember(l, K, V);
            Ops.Attend(l, Q, Att);
            Ops.RmsNorm(Att, w.AttnSubNorm, Att);
            Ops.MatMul(Att, w.O, Xb);
            Scale(Xb, w.OScale);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Gate, _gate, w.Up, _up);
            Scale(_gate, w.GateScale);
            Scale(_up, w.UpScale);
            if (_squaredRelu) Ops.ReluSquared(_gate, _up, _h);
            else Ops.SwiGlu(_gate, _up, _h);
            Ops.RmsNorm(_h, w.FfnSubNorm, _h);
            Ops.MatMul(_h, w.Down, Xb);
            Scale(Xb, w.DownScale);
            Ops.Add(X, Xb);
        }
    }

    private void Scale(RowBuffer x, float* scale)
    {
        if (scale != null) Ops.Scale(x, *scale);
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Q = t.Matrix($"blk.{l}.attn_q.weight", c.QueryLength, c.EmbeddingLength);
        public readonly Matrix K = t.Matrix($"blk.{l}.attn_k.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix V = t.Matrix($"blk.{l}.attn_v.weight", c.KvLength, c.EmbeddingLength);
        public readonly float* AttnSubNorm = t.Vector($"blk.{l}.attn_sub_norm.weight", c.QueryLength);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Gate = t.Matrix($"blk.{l}.ffn_gate.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);
        public readonly float* FfnSubNorm = t.Vector($"blk.{l}.ffn_sub_norm.weight", c.FeedForwardLength);
        public readonly float* QScale = t.FindVector($"blk.{l}.attn_q.scale", 1);
        public readonly float* KScale = t.FindVector($"blk.{l}.attn_k.scale", 1);
        public readonly float* VScale = t.FindVector($"blk.{l}.attn_v.scale", 1);
        public readonly float* OScale = t.FindVector($"blk.{l}.attn_output.scale", 1);
        public readonly float* GateScale = t.FindVector($"blk.{l}.ffn_gate.scale", 1);
        public readonly float* UpScale = t.FindVector($"blk.{l}.ffn_up.scale", 1);
        public readonly float* DownScale = t.FindVector($"blk.{l}.ffn_down.scale", 1);

        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes + Gate.Bytes + Up.Bytes + Down.Bytes;
    }
}
