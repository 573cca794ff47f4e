namespace Edge.Models.Architectures;

/// <summary>Mixtral, llama with experts (arXiv 2401.04088): llama's attention, then a router whose weights add up to 1
/// over the chosen experts. Files of early 2024 have a tensor per expert; <see cref="Tensors.Stack"/> takes
/// both.</summary>
internal sealed unsafe class Mixtral : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _scores, _xe, _gate, _up, _h, _ye;
    private readonly Routing _routing;

    public Mixtral(ModelSource source) : base(source)
    {
        ModelConfig c = Config;
        _layers = new Layer[c.LayerCount];
        for (int l = 0; l < c.LayerCount; l++)
        {
            _layers[l] = new Layer(source.Tensors, c, l);
            LayerBytesPerToken += _layers[l].Bytes;
        }
        _routing = TakeRouting();
        _scores = Take(c.ExpertCount);
        _xe = Take(c.EmbeddingLength, c.ExpertUsedCount);
        _gate = Take(c.ExpertFeedForwardLength, c.ExpertUsedCount);
        _up = Take(c.ExpertFeedForwardLength, c.ExpertUsedCount);
        _h = Take(c.ExpertFeedForwardLength, c.ExpertUsedCount);
        _ye = Take(c.EmbeddingLength, c.ExpertUsedCount);
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
            Ops.MatMul(Xb, w.Router, _scores);
            Ops.Route(_scores, _routing, renormalise: true);
            Routed(l, _scores, _routing);
            if (l + 1 < _layers.Length) Ops.Foresee(Xb, l + 1, _layers[l + 1].Router, _scores, _routing);
            Ops.Gather(Xb, _routing, _xe);
            while (Ops.NextWave(w.Gate, _routing))
            {
                Ops.MatMulExperts(_xe, _routing, w.Gate, _gate, w.Up, _up);
                Ops.SwiGluExperts(_gate, _up, _h, _routing);
                Ops.MatMulExperts(_h, _routing, w.Down, _ye);
            }
            Ops.Combine(_ye, _routing, X);
        }
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly Biases Bias = new(t, c, l, dense: false);
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Q = t.Matrix($"blk.{l}.attn_q.weight", c.QueryLength, c.EmbeddingLength);
        public readonly Matrix K = t.Matrix($"blk.{l}.attn_k.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix V = t.Matrix($"blk.{l}.attn_v.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Router = t.Matrix($"blk.{l}.ffn_gate_inp.weight", c.ExpertCount, c.EmbeddingLength);
        public readonly Matrix Gate = t.Stack(
            $"blk.{l}.ffn_gate_exps.weight", c.ExpertFeedForwardLength, c.EmbeddingLength, c.ExpertCount);
        public readonly Matrix Up = t.Stack(
            $"blk.{l}.ffn_up_exps.weight", c.ExpertFeedForwardLength, c.EmbeddingLength, c.ExpertCount);
        public readonly Matrix Down = t.Stack(
            $"blk.{l}.ffn_down_exps.weight", c.EmbeddingLength, c.ExpertFeedForwardLength, c.ExpertCount);

        /// <summary>What one token reads: the router and the experts it uses.</summary>
        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes + Router.Bytes
            + c.ExpertUsedCount * (Gate.Bytes + Up.Bytes + Down.Bytes);
    }
}
