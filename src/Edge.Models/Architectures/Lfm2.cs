using Edge.Gguf;

namespace Edge.Models.Architectures;

/// <summary>LFM 2: most layers are gated short convolutions, which look back on a few positions; the others attend,
/// with normed heads of q and k and halves rotated.</summary>
internal sealed unsafe class Lfm2 : Transformer
{
    private readonly Layer[] _layers;
    private readonly RowBuffer _bcx, _y, _gate, _up, _h;

    // llama.cpp gave the output norm the name of another tensor, and keeps it.
    public Lfm2(ModelSource source) : base(source, 4L * source.Config.EmbeddingLength,
        source.File.Find("token_embd_norm.weight") is null ? "output_norm.weight" : "token_embd_norm.weight")
    {
        ModelConfig c = Config;
        if (c.ConvolutionLayers.Count > 0 && c.ShortconvLCache < 2)
            throw new GgufException("lfm2 needs shortconv.l_cache of at least 2",
                source.File.Metadata.OffsetOf("lfm2.shortconv.l_cache"));
        _layers = new Layer[c.LayerCount];
        for (int l = 0; l < c.LayerCount; l++)
        {
            _layers[l] = new Layer(source.Tensors, c, l);
            LayerBytesPerToken += _layers[l].Bytes;
        }
        _bcx = Take(3 * c.EmbeddingLength);
        _y = Take(c.EmbeddingLength);
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
            if (w.Convolution is { } convolution)
            {
                Ops.MatMul(Xb, convolution.In, _bcx);
                Ops.ShortConvolution(l, _bcx, convolution.Kernel, _y);
                Ops.MatMul(_y, convolution.Out, Xb);
            }
            else if (w.Attention is { } attention)
            {
                Ops.MatMul(Xb, attention.Q, Q, attention.K, K, attention.V, V);
                Ops.HeadNorm(Q, attention.QNorm);
                Ops.HeadNorm(K, attention.KNorm);
                Ops.Rope(Q, K, RopeOrder.Halves);
                Ops.Remember(l, K, V);
                Ops.Attend(l, Q, Att);
                Ops.MatMul(Att, attention.O, Xb);
            }
            Ops.Add(X, Xb);

            Ops.RmsNorm(X, w.FfnNorm, Xb);
            Ops.MatMul(Xb, w.Gate, _gate, w.Up, _up);
            Ops.SwiGlu(_gate, _up, _h);
            Ops.MatMul(_h, w.Down, Xb);
            Ops.Add(X, Xb);
        }
    }

    private sealed class Layer(Tensors t, ModelConfig c, int l)
    {
        public readonly float* AttnNorm = t.Vector($"blk.{l}.attn_norm.weight", c.EmbeddingLength);
        public readonly Convolution? Convolution = c.IsConvolution(l) ? new(t, c, l) : null;
        public readonly Attention? Attention = c.IsConvolution(l) ? null : new(t, c, l);
        public readonly float* FfnNorm = t.Vector($"blk.{l}.ffn_norm.weight", c.EmbeddingLength);
        public readonly Matrix Gate = t.Matrix($"blk.{l}.ffn_gate.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Up = t.Matrix($"blk.{l}.ffn_up.weight", c.FeedForwardLength, c.EmbeddingLength);
        public readonly Matrix Down = t.Matrix($"blk.{l}.ffn_down.weight", c.EmbeddingLength, c.FeedForwardLength);

        public long Bytes =>
            (Convolution?.Bytes ?? 0) + (Attention?.Bytes ?? 0) + Gate.Bytes + Up.Bytes + Down.Bytes;
    }

    private sealed class Convolution(Tensors t, ModelConfig c, int l)
    {
        public readonly Matrix In = t.Matrix(
            $"blk.{l}.shortconv.in_proj.weight", 3 * c.EmbeddingLength, c.EmbeddingLength);
        public readonly float* Kernel = t.Transposed(
            $"blk.{l}.shortconv.conv.weight", c.EmbeddingLength, c.ShortconvLCache);
        public readonly Matrix Out = t.Matrix(
            $"blk.{l}.shortconv.out_proj.weight", c.EmbeddingLength, c.EmbeddingLength);

        public long Bytes => In.Bytes + Out.Bytes;
    }

    private sealed class Attention(Tensors t, ModelConfig c, int l)
    {
        public readonly Matrix Q = t.Matrix($"blk.{l}.attn_q.weight", c.QueryLength, c.EmbeddingLength);
        public readonly Matrix K = t.Matrix($"blk.{l}.attn_k.weight", c.KvLength, c.EmbeddingLength);
        public readonly Matrix V = t.Matrix($"blk.{l}.attn_v.weight", c.KvLength, c.EmbeddingLength);
        public readonly float* QNorm = t.Vector($"blk.{l}.attn_q_norm.weight", c.KeyLength);
        public readonly float* KNorm = t.Vector($"blk.{l}.attn_k_norm.weight", c.KeyLength);
        public readonly Matrix O = t.Matrix($"blk.{l}.attn_output.weight", c.EmbeddingLength, c.QueryLength);

        public long Bytes => Q.Bytes + K.Bytes + V.Bytes + O.Bytes;
    }
}
