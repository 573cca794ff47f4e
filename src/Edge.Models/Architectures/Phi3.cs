namespace Edge.Models.Architectures;

/// <summary>Phi 3 and 4 (arXiv 2404.14219): one matrix makes q, k and v, one gate and up; part of a head may rotate;
/// angles for long contexts are in the file (LongRoPE); some models see a window in every layer.</summary>
internal sealed unsafe class Phi3 : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _qkv, _gateUp, _gate, _up, _h;

    public Phi3(ModelSource source) : base(source, source.Config.QueryLength + 2L * source.Config.KvLength
        + 2L * source.Config.FeedForwardLength)
    {
        ModelConfig c = Config;
        _layers = new Layer[c.LayerCount];
        for (int l = 0; l < c.LayerCount; l++)
        {
            _layers[l] = new Layer(source.Tensors, c, l);
            LayerBytesPerToken += _layers[l].Bytes;
        }
        _qkv = Take(c.QueryLength + 2 * c.KvLength);
        _gateUp = Take(2 * c.FeedForwardLength);
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
            Ops.MatMul(Xb, w.Qkv, _qkv);
            Ops.Split(_qkv, Q, K, V);
            Ops.Rope(Q, K, RopeOrder.Halves);
            Ops.Remember(l, K, V);
            Ops.Attend(l, Q, Att, Config.SlidingWindow);
            Ops.MatMul(Att, w.O, Xb);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.GateUp, _gateUp);
            Ops.Split(_gateUp, _gate, _up);
            Ops.SwiGlu(_gate, _up, _h);
            Ops.MatMul(_h, w.Down, Xb);
            Ops.Add(X, Xb);
        }
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Qkv = t.Matrix(
            $"blk.{l}.attn_qkv.weight", c.QueryLength + 2 * c.KvLength, c.EmbeddingLength);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix GateUp = t.Matrix(
            $"blk.{l}.ffn_up.weight", 2 * c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);

        public long Bytes => Qkv.Bytes + O.Bytes + GateUp.Bytes + Down.Bytes;
    }
}
