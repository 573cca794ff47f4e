using Edge.Gguf;

namespace Edge.Models.Architectures;

/// <summary>DeepSeek-V2, V2.5, V3 and R1 (arXiv 2405.04434, 2412.19437) and others of that make: latent attention,
/// dense layers first, then experts of which every row uses a shared part and some that it chooses within
/// groups.</summary>
internal sealed unsafe class DeepSeek2 : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _qa, _q, _plain, _latent, _values, _joined;
    private readonly RowBuffer _gate, _up, _h, _sharedGate, _sharedUp, _sharedH;
    private readonly RowBuffer _scores, _xe, _expertGate, _expertUp, _expertH, _ye;
    private readonly Routing _routing;
    private readonly RoutingRule _rule;

    public DeepSeek2(ModelSource source) : base(Scaled(source), ExtraWidth(source.Config))
    {
        ModelConfig c = Config;
        if (c.ExpertCount == 0 || c.ExpertFeedForwardLength == 0)
            throw new GgufException("deepseek2 needs expert_count and expert_feed_forward_length above 0",
                source.File.Metadata.OffsetOf("deepseek2.expert_count"));
        _layers = new Layer[c.LayerCount];
        for (int l = 0; l < c.LayerCount; l++)
        {
            _layers[l] = new Layer(source.Tensors, c, l);
            LayerBytesPerToken += _layers[l].Bytes;
        }
        _qa = Take(c.QLoraRank);
        _q = Take(c.HeadCount * c.KeyLengthMla);
        _plain = Take(c.KeyLengthMla - c.RopeDimensionCount, c.HeadCount);
        _latent = Take(c.KvLoraRank, c.HeadCount);
        _values = Take(c.ValueLengthMla, c.HeadCount);
        _joined = Take(c.HeadCount * c.ValueLengthMla);
        _gate = Take(c.FeedForwardLength);
        _up = Take(c.FeedForwardLength);
        _h = Take(c.FeedForwardLength);
        _sharedGate = Take(SharedLength(c));
        _sharedUp = Take(SharedLength(c));
        _sharedH = Take(SharedLength(c));
        _routing = TakeRouting();
        _rule = RoutingRule.Of(c);
        _scores = Take(c.ExpertCount);
        _xe = Take(c.EmbeddingLength, c.ExpertUsedCount);
        _expertGate = Take(c.ExpertFeedForwardLength, c.ExpertUsedCount);
        _expertUp = Take(c.ExpertFeedForwardLength, c.ExpertUsedCount);
        _expertH = Take(c.ExpertFeedForwardLength, c.ExpertUsedCount);
        _ye = Take(c.EmbeddingLength, c.ExpertUsedCount);
    }

    protected override void Run()
    {
        for (int l = 0; l < _layers.Length; l++)
        {
            Layer w = _layers[l];

            Ops.RmsNorm(X, w.AttnNorm, Xb);
            Ops.MatMul(Xb, w.QIn, w.QA is null ? _q : _qa, w.KvA, K);
            if (w.QA is { } compressed)
            {
                Ops.RmsNorm(_qa, compressed.Norm, _qa);
                Ops.MatMul(_qa, compressed.B, _q);
            }
            Ops.NormStart(K, w.KvANorm, Config.KvLoraRank);
            Ops.RopeEnds(_q, Config.KeyLengthMla, K, RopeOrder.Pairs);
            Ops.Absorb(_q, w.Heads, _plain, _latent, Q);
            Ops.Remember(l, K);
            Ops.Attend(l, Q, Att);
            Ops.Expand(Att, w.Heads, _latent, _values, _joined);
            Ops.MatMul(_joined, w.O, Xb);
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            if (w.Dense is { } dense)
            {
                Ops.MatMul(Xb, dense.Gate, _gate, dense.Up, _up);
                Ops.SwiGlu(_gate, _up, _h);
                Ops.MatMul(_h, dense.Down, Xb);
            }
            else if (w.Sparse is { } sparse)
            {
                Ops.MatMul(Xb, sparse.Router, _scores);
                Ops.Route(_scores, _routing, _rule, sparse.Bias);
                Routed(l, _scores, _routing);
                if (l + 1 < _layers.Length)
                    Ops.Foresee(Xb, l + 1, _layers[l + 1].Sparse!.Router, _scores, _routing);
                Ops.Gather(Xb, _routing, _xe);
                while (Ops.NextWave(sparse.Gate, _routing))
                {
                    Ops.MatMulExperts(_xe, _routing, sparse.Gate, _expertGate, sparse.Up, _expertUp);
                    Ops.SwiGluExperts(_expertGate, _expertUp, _expertH, _routing);
                    Ops.MatMulExperts(_expertH, _routing, sparse.Down, _ye);
                }
                Ops.Combine(_ye, _routing, X);
                Ops.MatMul(Xb, sparse.Shared.Gate, _sharedGate, sparse.Shared.Up, _sharedUp);
                Ops.SwiGlu(_sharedGate, _sharedUp, _sharedH);
                Ops.MatMul(_sharedH, sparse.Shared.Down, Xb);
            }
            Ops.Add(X, Xb);
        }
    }

    private static int SharedLength(ModelConfig c) => Math.Max(1, c.ExpertSharedCount) * c.ExpertFeedForwardLength;

    private static long ExtraWidth(ModelConfig c) => c.QLoraRank + 3L * c.FeedForwardLength + 3L * SharedLength(c)
        + (long)c.HeadCount * (2L * c.KeyLengthMla + c.KvLoraRank + 2L * c.ValueLengthMla);

    /// <summary>Scores are divided by the root of the head's size before compression, and stretched with the context.
    /// </summary>
    private static ModelSource Scaled(ModelSource source)
    {
        ModelConfig c = source.Config;
        double stretch = c.RopeScaling.Kind == RopeScalingKind.Yarn
            ? 1 + c.RopeScaling.YarnLogMultiplier * Math.Log(Math.Max(1, c.RopeScaling.Factor)) : 1;
        var scale = (float)(stretch * stretch / Math.Sqrt(Math.Max(1, c.KeyLengthMla)));
        return source with { Config = c with { AttentionScale = scale } };
    }

    private sealed class Layer
    {
        public readonly float* AttnNorm, KvANorm, FfnNorm;
        /// <summary>Queries, or the matrix that compresses them.</summary>
        public readonly Matrix QIn;
        public readonly Matrix KvA, O;
        public readonly CompressedQueries? QA;
        public readonly LatentHeads Heads;
        public readonly Dense? Dense;
        public readonly Sparse? Sparse;

        public Layer(Tensors t, ModelConfig c, int l)
        {
            AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
            int queries = c.HeadCount * c.KeyLengthMla;
            // Small models do not compress queries, whatever the key says.
            if (t.FindMatrix($"blk.{l}.attn_q.weight", queries, c.EmbeddingLength) is { } direct) QIn = direct;
            else
            {
                QIn = t.Matrix($"blk.{l}.attn_q_a.weight", c.QLoraRank, c.EmbeddingLength);
                QA = new CompressedQueries(t, c, l);
            }
            KvA = t.Matrix($"blk.{l}.attn_kv_a_mqa.weight", c.KeyLength, c.EmbeddingLength);
            KvANorm = t.Vector($"blk.{l}.attn_kv_a_norm.weight", c.KvLoraRank);
            Heads = LatentHeads.Of(t, c, l);
            O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.HeadCount * c.ValueLengthMla);
            FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
            if (l < c.LeadingDenseBlockCount) Dense = new Dense(t, c, l);
            else Sparse = new Sparse(t, c, l);
            Bytes = QIn.Bytes + (QA?.B.Bytes ?? 0) + KvA.Bytes + O.Bytes + Heads.BytesOf(c.HeadCount)
                + (Dense?.Bytes ?? 0) + (Sparse?.Bytes ?? 0);
        }

        public long Bytes { get; }
    }

    private sealed class CompressedQueries(Tensors t, ModelConfig c, int l)
    {
        public readonly float* Norm = t.Vector($"blk.{l}.attn_q_a_norm.weight", c.QLoraRank);
        public readonly Matrix B = t.Matrix($"blk.{l}.attn_q_b.weight", c.HeadCount * c.KeyLengthMla, c.QLoraRank);
    }

    private sealed class Dense(Tensors t, ModelConfig c, int l)
    {
        public readonly Matrix Gate = t.Matrix($"blk.{l}.ffn_gate.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);

        public long Bytes => Gate.Bytes + Up.Bytes + Down.Bytes;
    }

    private sealed class Sparse(Tensors t, ModelConfig c, int l)
    {
        public readonly Matrix Router = t.Matrix($"blk.{l}.ffn_gate_inp.weight", c.ExpertCount, c.EmbeddingLength);
        public readonly float* Bias = t.FindVector($"blk.{l}.exp_probs_b.bias", c.ExpertCount);
        public readonly Matrix Gate = t.Stack(
            $"blk.{l}.ffn_gate_exps.weight", c.ExpertFeedForwardLength, c.EmbeddingLength, c.ExpertCount);
        public readonly Matrix Up = t.Stack(
            $"blk.{l}.ffn_up_exps.weight", c.ExpertFeedForwardLength, c.EmbeddingLength, c.ExpertCount);
        public readonly Matrix Down = t.Stack(
            $"blk.{l}.ffn_down_exps.weight", c.EmbeddingLength, c.ExpertFeedForwardLength, c.ExpertCount);
        public readonly SharedExpert Shared = new(t, c, l, SharedLength(c));

        public long Bytes => Router.Bytes + Shared.Bytes + c.ExpertUsedCount * (Gate.Bytes + Up.Bytes + Down.Bytes);
    }
}
