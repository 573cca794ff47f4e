using Edge.Gguf;

namespace Edge.Models.Architectures;

/// <summary>Granite 3's mixture of experts: Granite's factors, experts whose weights add up to 1, and in some models an
/// expert that all rows share.</summary>
internal sealed unsafe class GraniteMoe : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _scores, _xe, _gate, _up, _h, _ye;
    private readonly Routing _routing;
    private readonly RowBuffer _sharedGate, _sharedUp, _sharedH;
    private readonly RoutingRule _rule;
    private readonly bool _rotates;
    private readonly float _embedding, _residual, _logits;

    public GraniteMoe(ModelSource source) : base(source, 3L * source.Config.ExpertSharedFeedForwardLength)
    {
        ModelConfig c = Config;
        if (c.ExpertCount == 0)
            throw new GgufException("granitemoe needs expert_count above 0",
                source.File.Metadata.OffsetOf("granitemoe.expert_count"));
        _rotates = source.File.Metadata.FindBool("granitemoe.rope.scaling.finetuned") ?? true;
        _embedding = c.EmbeddingScale > 0 ? c.EmbeddingScale : 1;
        _residual = c.ResidualScale > 0 ? c.ResidualScale : 1;
        _logits = c.LogitScale > 0 ? 1 / c.LogitScale : 1;
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
        _sharedGate = Take(c.ExpertSharedFeedForwardLength);
        _sharedUp = Take(c.ExpertSharedFeedForwardLength);
        _sharedH = Take(c.ExpertSharedFeedForwardLength);
        // What experts add is scaled like everything that a block adds: by way of their weights.
        _rule = new RoutingRule(ExpertGating.Softmax, 1, 1, Normalise: true, _residual);
    }

    protected override void Run()
    {
        Ops.Scale(X, _embedding);
        for (int l = 0; l < _layers.Length; l++)
        {
            Layer w = _layers[l];

            Ops.RmsNorm(X, w.AttnNorm, Xb);
            Ops.MatMul(Xb, w.Q, Q, w.K, K, w.V, V);
            Ops.AddBias(Q, w.Bias.Q);
            Ops.AddBias(K, w.Bias.K);
            Ops.AddBias(V, w.Bias.V);
            if (_rotates) Ops.Rope(Q, K, RopeOrder.Pairs);
            Ops.Remember(l, K, V);
            Ops.Attend(l, Q, Att);
            Ops.MatMul(Att, w.O, Xb);
            Ops.AddBias(Xb, w.Bias.O);
            Ops.AddScaled(X, Xb, _residual);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Router, _scores);
            Ops.Route(_scores, _routing, _rule, bias: null);
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
            if (w.Shared is not { } shared) continue;
            Ops.MatMul(Xb, shared.Gate, _sharedGate, shared.Up, _sharedUp);
            Ops.SwiGlu(_sharedGate, _sharedUp, _sharedH);
            Ops.MatMul(_sharedH, shared.Down, Xb);
            Ops.AddScaled(X, Xb, _residual);
        }
    }

    protected override void FinishLogits(RowBuffer logits, int rows) => Ops.Scale(logits, _logits, rows);

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
        public readonly SharedExpert? Shared =
            c.ExpertSharedFeedForwardLength > 0 ? new(t, c, l, c.ExpertSharedFeedForwardLength) : null;

        /// <summary>What one token reads: the router and the experts it uses.</summary>
        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes + Router.Bytes
            + c.ExpertUsedCount * (Gate.Bytes + Up.Bytes + Down.Bytes) + (Shared?.Bytes ?? 0);
    }
}
