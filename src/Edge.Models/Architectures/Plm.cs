namespace Edge.Models.Architectures;

/// <summary>PLM (arXiv 2503.12167), a small model for devices: latent attention without compressed queries, and a
/// squared ReLU without a gate.</summary>
internal sealed unsafe class Plm : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _q, _plain, _latent, _values, _joined, _up, _h;

    public Plm(ModelSource source) : base(Scaled(source), ExtraWidth(source.Config))
    {
        ModelConfig c = Config;
        _layers = new Layer[c.LayerCount];
        for (int l = 0; l < c.LayerCount; l++)
        {
            _layers[l] = new Layer(source.Tensors, c, l);
            LayerBytesPerToken += _layers[l].Bytes;
        }
        _q = Take(c.HeadCount * c.KeyLengthMla);
        _plain = Take(c.KeyLengthMla - c.RopeDimensionCount, c.HeadCount);
        _latent = Take(c.KvLoraRank, c.HeadCount);
        _values = Take(c.ValueLengthMla, c.HeadCount);
        _joined = Take(c.HeadCount * c.ValueLengthMla);
        _up = Take(c.FeedForwardLength);
        _h = Take(c.FeedForwardLength);
    }

    protected override void Run()
    {
        for (int l = 0; l < _layers.Length; l++)
        {
            Layer w = _layers[l];

            Ops.RmsNorm(X, w.AttnNorm, Xb);
            Ops.MatMul(Xb, w.Q, _q, w.KvA, K);
            Ops.NormStart(K, w.KvANorm, Config.KvLoraRank);
            Ops.RopeEnds(_q, Config.KeyLengthMla, K, RopeOrder.Pairs);
            Ops.Absorb(_q, w.Heads, _plain, _latent, Q);
            Ops.Remember(l, K);
            Ops.Attend(l, Q, Att);
            Ops.Expand(Att, w.Heads, _latent, _values, _joined);
            Ops.MatMul(_joined, w.O, Xb);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Up, _up);
            Ops.ReluSquared(_up, _h);
            Ops.MatMul(_h, w.Down, Xb);
            Ops.Add(X, Xb);
        }
    }

    private static long ExtraWidth(ModelConfig c) =>
        (long)c.HeadCount * (2L * c.KeyLengthMla + c.KvLoraRank + 2L * c.ValueLengthMla);

    /// <summary>Scores are divided by the root of the head's size before compression.</summary>
    private static ModelSource Scaled(ModelSource source)
    {
        float scale = 1 / MathF.Sqrt(Math.Max(1, source.Config.KeyLengthMla));
        return source with { Config = source.Config with { AttentionScale = scale } };
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Q = t.Matrix(
            $"blk.{l}.attn_q.weight", c.HeadCount * c.KeyLengthMla, c.EmbeddingLength);
        public readonly Matrix KvA = t.Matrix($"blk.{l}.attn_kv_a_mqa.weight", c.KeyLength, c.EmbeddingLength);
        public readonly float* KvANorm = t.Vector($"blk.{l}.attn_kv_a_norm.weight", c.KvLoraRank);
        public readonly LatentHeads Heads = LatentHeads.Of(t, c, l);
        public readonly Matrix O = t.Matrix(
            $"blk.{l}.attn_output.weight", c.EmbeddingLength, c.HeadCount * c.ValueLengthMla);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);

        public long Bytes =>
            Q.Bytes + KvA.Bytes + Heads.BytesOf(c.HeadCount) + O.Bytes + Up.Bytes + Down.Bytes;
    }
}
