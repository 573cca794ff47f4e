using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Tests.Gguf;

namespace Edge.Tests.Models.Streaming;

/// <summary>A llama of eight layers with random weights, its head not tied, packed.</summary>
public sealed class TinyDense : IDisposable
{
    public const int Layers = 8, Vocabulary = 384;
    private const int Width = 128, Heads = 4, HeadsKv = 2, HeadSize = 32;
    private readonly TemporaryFile _source = new(name: "tiny.gguf"), _packed = new(name: "packed.gguf");
    private readonly Random _random = new(11);
    private readonly int _feedForward;

    public TinyDense() : this(384, PackTarget.Digits4) { }

    internal TinyDense(int feedForward, PackTarget target)
    {
        _feedForward = feedForward;
        using (var writer = new GgufWriter(_source.Path)) Write(writer);
        ModelPacker.Pack(_source.Path, _packed.Path, new PackOptions { Target = target });
    }

    internal string Source => _source.Path;
    internal string Packed => _packed.Path;

    public void Dispose()
    {
        _source.Dispose();
        _packed.Dispose();
    }

    private void Write(GgufWriter writer)
    {
        writer.Set("general.architecture", "llama");
        writer.Set("llama.block_count", (uint)Layers);
        writer.Set("llama.context_length", 512u);
        writer.Set("llama.embedding_length", (uint)Width);
        writer.Set("llama.feed_forward_length", (uint)_feedForward);
        writer.Set("llama.attention.head_count", (uint)Heads);
        writer.Set("llama.attention.head_count_kv", (uint)HeadsKv);
        writer.Set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Set("llama.vocab_size", (uint)Vocabulary);
        var tensors = new List<(string Name, long[] Shape, float Scale)>
        {
            ("token_embd.weight", [Width, Vocabulary], 1), ("output_norm.weight", [Width], 0),
            ("output.weight", [Width, Vocabulary], 0.3f),
        };
        for (int l = 0; l < Layers; l++)
        {
            tensors.Add(($"blk.{l}.attn_norm.weight", [Width], 0));
            tensors.Add(($"blk.{l}.attn_q.weight", [Width, Heads * HeadSize], 0.1f));
            tensors.Add(($"blk.{l}.attn_k.weight", [Width, HeadsKv * HeadSize], 0.1f));
            tensors.Add(($"blk.{l}.attn_v.weight", [Width, HeadsKv * HeadSize], 0.1f));
            tensors.Add(($"blk.{l}.attn_output.weight", [Heads * HeadSize, Width], 0.1f));
            tensors.Add(($"blk.{l}.ffn_norm.weight", [Width], 0));
            tensors.Add(($"blk.{l}.ffn_gate.weight", [Width, _feedForward], 0.1f));
            tensors.Add(($"blk.{l}.ffn_up.weight", [Width, _feedForward], 0.1f));
            tensors.Add(($"blk.{l}.ffn_down.weight", [_feedForward, Width], 0.1f));
        }
        foreach ((string name, long[] shape, _) in tensors) writer.AddTensor(name, QuantType.F32, shape);
        foreach ((string name, long[] shape, float scale) in tensors)
        {
            long count = 1;
            foreach (long n in shape) count *= n;
            var values = new float[count];
            for (int i = 0; i < values.Length; i++)
                values[i] = scale == 0 ? 1 : (float)(_random.NextDouble() * 2 - 1) * scale;
            writer.Write(name, MemoryMarshal.AsBytes(values.AsSpan()));
        }
        writer.Complete();
    }
}
