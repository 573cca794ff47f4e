using Edge.Gguf;

namespace Edge.Models.Architectures;

/// <summary>gpt-oss (arXiv 2508.10925): biases everywhere, a sink per head takes part in the softmax of the scores,
/// every other layer sees a window, experts have a clamped SwiGLU.</summary>
internal sealed unsafe class GptOss : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _scores, _xe, _gate, _up, _h, _ye;
    private readonly Routing _routing;

    public GptOss(ModelSource source) : base(WholeRamp(source))
    {
        ModelConfig c = Config;
        if (c.ExpertCount == 0)
            throw new GgufException("gpt-oss needs expert_count above 0",
                source.File.Metadata.OffsetOf("gpt-oss.expert_count"));
        if (c.SlidingWindow == 0)
            throw new GgufException("gpt-oss needs attention.sliding_window above 0",
                source.File.Metadata.OffsetOf("gpt-oss.attention.sliding_window"));
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
            Ops.AddBias(Q, w.QBias);
            Ops.AddBias(K, w.KBias);
            Ops.AddBias(V, w.VBias);
            Ops.Rope(Q, K, RopeOrder.Halves);
            Ops.Remember(l, K, V);
            Ops.AttendCapped(l, Q, Att, w.HasWindow ? Config.SlidingWindow : 0, cap: 0, w.Sinks);
            Ops.MatMul(Att, w.O, Xb);
            Ops.AddBias(Xb, w.OBias);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Router, _scores);
            Ops.AddBias(_scores, w.RouterBias);
            Ops.Route(_scores, _routing, renormalise: true);
            Routed(l, _scores, _routing);
            if (l + 1 < _layers.Length) Ops.Foresee(Xb, l + 1, _layers[l + 1].Router, _scores, _routing);
            Ops.Gather(Xb, _routing, _xe);
            while (Ops.NextWave(w.Gate, _routing))
            {
                Ops.MatMulExperts(_xe, _routing, w.Gate, _gate, w.Up, _up);
                Ops.AddBiasExperts(_gate, _routing, w.GateBias);
                Ops.AddBiasExperts(_up, _routing, w.UpBias);
                Ops.SwiGluClampedExperts(_gate, _up, _h, _routing);
                Ops.MatMulExperts(_h, _routing, w.Down, _ye);
                Ops.AddBiasExperts(_ye, _routing, w.DownBias);
            }
            Ops.Combine(_ye, _routing, X);
        }
    }

    /// <summary>Its YaRN blends from and to fractions of a dimension, no file says so.</summary>
    private static ModelSource WholeRamp(ModelSource source)
    {
        RopeScaling scaling = source.Config.RopeScaling with { YarnTruncate = false };
        return source with { Config = source.Config with { RopeScaling = scaling } };
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly bool HasWindow = c.SlidingWindowPattern.Count > 0 ? c.SlidingWindowPattern[l] : l % 2 == 0;
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Q = t.Matrix($"blk.{l}.attn_q.weight", c.QueryLength, c.EmbeddingLength);
        public readonly Matrix K = t.Matrix($"blk.{l}.attn_k.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix V = t.Matrix($"blk.{l}.attn_v.weight", c.KvLength, c.EmbeddingLength);
        public readonly float* QBias = t.Vector($"blk.{l}.attn_q.bias", c.QueryLength);
        public readonly float* KBias = t.Vector($"blk.{l}.attn_k.bias", c.KvLength);
        public readonly float* VBias = t.Vector($"blk.{l}.attn_v.bias", c.KvLength);
        public readonly float* Sinks = t.Vector($"blk.{l}.attn_sinks.weight", c.HeadCount);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);
        public readonly float* OBias = t.Vector($"blk.{l}.attn_output.bias", c.EmbeddingLength);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.post_attention_norm.weight", c.EmbeddingLength);
        public readonly Matrix Router = t.Matrix($"blk.{l}.ffn_gate_inp.weight", c.ExpertCount, c.EmbeddingLength);
        public readonly float* RouterBias = t.Vector($"blk.{l}.ffn_gate_inp.bias", c.ExpertCount);
        public readonly Matrix Gate = t.Stack(
            $"blk.{l}.ffn_gate_exps.weight", c.ExpertFeedForwardLength, c.EmbeddingLength, c.ExpertCount);
        public readonly Matrix Up = t.Stack(
            $"blk.{l}.ffn_up_exps.weight", c.ExpertFeedForwardLength, c.EmbeddingLength, c.ExpertCount);
        public readonly Matrix Down = t.Stack(
            $"blk.{l}.ffn_down_exps.weight", c.EmbeddingLength, c.ExpertFeedForwardLength, c.ExpertCount);
        public readonly float* GateBias = t.Vectors(
            $"blk.{l}.ffn_gate_exps.bias", c.ExpertFeedForwardLength, c.ExpertCount);
        public readonly float* UpBias = t.Vectors(
            $"blk.{l}.ffn_up_exps.bias", c.ExpertFeedForwardLength, c.ExpertCount);
        public readonly float* DownBias = t.Vectors($"blk.{l}.ffn_down_exps.bias", c.EmbeddingLength, c.ExpertCount);

        /// <summary>What one token reads: the router and the experts it uses.</summary>
        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes + Router.Bytes
            + c.ExpertUsedCount * (Gate.Bytes + Up.Bytes + Down.Bytes);
    }
}
