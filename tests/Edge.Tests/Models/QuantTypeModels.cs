using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Tests.Gguf;

namespace Edge.Tests.Models;

/// <summary>A small llama whose matrices have one type: random blocks with scales that keep the mean near
/// zero.</summary>
internal static class QuantTypeModels
{
    private const int Width = 256, FeedForward = 512;

    /// <summary>Without a head of its own the table is the head.</summary>
    public static TemporaryFile Create(QuantType type, int layers = 2, bool isTied = false, int vocabulary = 300)
    {
        var file = new TemporaryFile();
        using var writer = new GgufWriter(file.Path);
        writer.Set("general.architecture", "llama");
        writer.Set("llama.block_count", (uint)layers);
        writer.Set("llama.context_length", 64u);
        writer.Set("llama.embedding_length", (uint)Width);
        writer.Set("llama.feed_forward_length", (uint)FeedForward);
        writer.Set("llama.attention.head_count", 4u);
        writer.Set("llama.attention.head_count_kv", 2u);
        writer.Set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Set("llama.rope.freq_base", 10000f);
        writer.Set("llama.rope.dimension_count", 64u);
        writer.Set("llama.vocab_size", (uint)vocabulary);
        var tensors = new List<(string Name, QuantType Type, long[] Shape)>
        {
            ("token_embd.weight", type, [Width, vocabulary]), ("output_norm.weight", QuantType.F32, [Width]),
        };
        if (!isTied) tensors.Add(("output.weight", type, [Width, vocabulary]));
        for (int l = 0; l < layers; l++)
        {
            tensors.Add(($"blk.{l}.attn_norm.weight", QuantType.F32, [Width]));
            tensors.Add(($"blk.{l}.attn_q.weight", type, [Width, Width]));
            tensors.Add(($"blk.{l}.attn_k.weight", type, [Width, Width / 2]));
            tensors.Add(($"blk.{l}.attn_v.weight", type, [Width, Width / 2]));
            tensors.Add(($"blk.{l}.attn_output.weight", type, [Width, Width]));
            tensors.Add(($"blk.{l}.ffn_norm.weight", QuantType.F32, [Width]));
            tensors.Add(($"blk.{l}.ffn_gate.weight", type, [Width, FeedForward]));
            tensors.Add(($"blk.{l}.ffn_up.weight", type, [Width, FeedForward]));
            tensors.Add(($"blk.{l}.ffn_down.weight", type, [FeedForward, Width]));
        }
        foreach ((string name, QuantType kind, long[] shape) in tensors) writer.AddTensor(name, kind, shape);
        var random = new Random((int)type);
        foreach ((string name, QuantType kind, long[] shape) in tensors)
        {
            var data = new byte[QuantTypes.Bytes(kind, shape)];
            if (shape.Length == 1) MemoryMarshal.Cast<byte, float>(data.AsSpan()).Fill(1);
            else Fill(data, kind, random, 1.7f / MathF.Sqrt(shape[0]));
            writer.Write(name, data);
        }
        writer.Complete();
        return file;
    }

    /// <summary>Random blocks whose weights reach about ± spread.</summary>
    public static void Fill(byte[] data, QuantType type, Random random, float spread)
    {
        int bytes = QuantTypes.Of(type).BlockBytes;
        random.NextBytes(data);
        if (type is QuantType.F32 or QuantType.F16 or QuantType.BF16)
        {
            FillFloats(data, type, random, spread);
            return;
        }
        if (type is QuantType.TQ1_0 or QuantType.TQ2_0 or QuantType.I2_S) FillTernary(data, type, random, spread);
        for (int at = 0; at < data.Length && type != QuantType.I2_S; at += bytes)
        {
            // Where the scale stands, where the offset, the largest integer and how many scales fit into the offset.
            (int scale, int offset, float largest, float middle) = type switch
            {
                QuantType.Q4_1 => (0, 2, 7.5f, -7.5f),
                QuantType.Q5_1 => (0, 2, 15.5f, -15.5f),
                QuantType.Q2_K => (80, 82, 30, 1.5f),
                QuantType.Q3_K => (108, -1, 128, 0),
                QuantType.Q4_K => (0, 2, 470, 7.5f),
                QuantType.Q5_K => (0, 2, 970, 15.5f),
                QuantType.Q6_K => (208, -1, 4096, 0),
                QuantType.IQ4_XS => (0, -1, 4000, 0),
                QuantType.IQ4_NL => (0, -1, 127, 0),
                QuantType.TQ1_0 => (52, -1, 1, 0),
                QuantType.TQ2_0 => (64, -1, 1, 0),
                QuantType.Q5_0 => (0, -1, 16, 0),
                QuantType.Q4_0 => (0, -1, 8, 0),
                QuantType.Q8_0 => (0, -1, 128, 0),
                _ => (-1, -1, 0, 0),
            };
            if (scale >= 0) BitConverter.TryWriteBytes(data.AsSpan(at + scale), (Half)(spread / largest));
            if (offset >= 0) BitConverter.TryWriteBytes(data.AsSpan(at + offset), (Half)(spread / largest * middle));
            if (type == QuantType.MXFP4) data[at] = (byte)(127 + (int)MathF.Log2(spread / 6));
        }
    }

    private static void FillFloats(byte[] data, QuantType type, Random random, float spread)
    {
        int bytes = QuantTypes.Of(type).BlockBytes;
        for (int at = 0; at < data.Length; at += bytes)
        {
            float value = (random.NextSingle() * 2 - 1) * spread;
            if (type == QuantType.F16) BitConverter.TryWriteBytes(data.AsSpan(at), (Half)value);
            else BitConverter.GetBytes(value)[(4 - bytes)..].CopyTo(data, at);
        }
    }

    private static void FillTernary(byte[] data, QuantType type, Random random, float spread)
    {
        int bytes = QuantTypes.Of(type).BlockBytes;
        int codes = type == QuantType.TQ1_0 ? 52 : type == QuantType.TQ2_0 ? 64 : 32;
        for (int i = 0; i < data.Length; i++)
        {
            if (type != QuantType.I2_S && i % bytes >= codes) continue;
            int a = random.Next(3), b = random.Next(3), c = random.Next(3), d = random.Next(3), e = random.Next(3);
            data[i] = type == QuantType.TQ1_0 ? (byte)(((((a * 3 + b) * 3 + c) * 3 + d) * 3 + e) * 256 / 243 + 1)
                : (byte)(a << 6 | b << 4 | c << 2 | d);
        }
        if (type == QuantType.I2_S) BitConverter.TryWriteBytes(data.AsSpan(data.Length - 32), spread);
    }
}
