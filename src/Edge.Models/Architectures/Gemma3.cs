namespace Edge.Models.Architectures;

/// <summary>Gemma 3, text (arXiv 2503.19786): Gemma 2's norms around each block, heads of q and k normed in place of
/// soft caps, five layers with a window and angles of their own to one that sees everything.</summary>
internal sealed unsafe class Gemma3 : Transformer
{
    private const int LayersOfTheLargest = 62, LayersPerGlobal = 6;

    private readonly Layer[] _layers;
    private readonly RowBuffer _gate, _up, _h;
    private readonly RopeTables _local;

    public Gemma3(ModelSource source) : base(Scaled(source))
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
        _local = TakeRope(new RopeRule(c.RopeDimensionCount, c.RopeFreqBaseSwa, new RopeScaling()));
    }

    protected override void Run()
    {
        Ops.Scale(X, MathF.Sqrt(Config.EmbeddingLength));
        for (int l = 0; l < _layers.Length; l++)
        {
            Layer w = _layers[l];

            Ops.RmsNorm(X, w.AttnNorm, Xb);
            Ops.MatMul(Xb, w.Q, Q, w.K, K, w.V, V);
            Ops.HeadNorm(Q, w.QNorm);
            Ops.HeadNorm(K, w.KNorm);
            Ops.Rope(Q, K, RopeOrder.Halves, w.HasWindow ? _local : Rope);
            Ops.Remember(l, K, V);
            Ops.Attend(l, Q, Att, w.HasWindow ? Config.SlidingWindow : 0);
            Ops.MatMul(Att, w.O, Xb);
            Ops.RmsNorm(Xb, w.AttnPostNorm, Xb);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Gate, _gate, w.Up, _up);
            Ops.GeGlu(_gate, _up, _h);
            Ops.MatMul(_h, w.Down, Xb);
            Ops.RmsNorm(Xb, w.FfnPostNorm, Xb);
            Ops.Add(X, Xb);
        }
    }

    protected override void FinishLogits(RowBuffer logits, int rows)
    {
        if (Config.FinalLogitSoftcapping > 0) Ops.SoftCap(logits, Config.FinalLogitSoftcapping, rows);
    }

    /// <summary>The largest model divides scores by the root of its width per head, no file says so.</summary>
    private static ModelSource Scaled(ModelSource source)
    {
        ModelConfig c = source.Config;
        bool largest = c.LayerCount == LayersOfTheLargest && c.AttentionScale == 0;
        float scale = 1 / MathF.Sqrt((float)c.EmbeddingLength / c.HeadCount);
        return largest ? source with { Config = c with { AttentionScale = scale } } : source;
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly bool HasWindow = c.SlidingWindow > 0 && (c.SlidingWindowPattern.Count > 0
            ? c.SlidingWindowPattern[l] : (l + 1) % LayersPerGlobal != 0);
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Q = t.Matrix($"blk.{l}.attn_q.weight", c.QueryLength, c.EmbeddingLength);
        public readonly Matrix K = t.Matrix($"blk.{l}.attn_k.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix V = t.Matrix($"blk.{l}.attn_v.weight", c.KvLength, c.EmbeddingLength);
        public readonly float* QNorm = t.Vector($"blk.{l}.attn_q_norm.weight", c.KeyLength);
        public readonly float* KNorm = t.Vector($"blk.{l}.attn_k_norm.weight", c.KeyLength);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);
        public readonly float* AttnPostNorm = t.Vector($"blk.{l}.post_attention_norm.weight", c.EmbeddingLength);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Gate = t.Matrix($"blk.{l}.ffn_gate.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);
        public readonly float* FfnPostNorm = t.Vector($"blk.{l}.post_ffw_norm.weight", c.EmbeddingLength);

        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes + Gate.Bytes + Up.Bytes + Down.Bytes;
    }
}
