using System.Runtime.InteropServices;
using Edge.Gguf;

namespace Edge.Bench;

/// <summary>Writes a file of a real model's shape with random weights, for speed measurements without a download.
/// Every block of weights has mean zero (pairs of opposite values), so that activations stay in range and a
/// router does not send all tokens to few experts. One row at a time is in memory.</summary>
internal static class ModelMaker
{
    private const float EmbeddingSpread = 1;

    private static readonly Dictionary<string, ModelShape> Shapes = new()
    {
        ["1.1B"] = new(22, 2048, 5632, 32, 4, 32000), // TinyLlama
        ["15M"] = new(6, 288, 768, 6, 6, 32000),      // llama2.c's stories15M
        ["tiny"] = new(2, 64, 128, 4, 2, 320),
        ["moe"] = new(16, 2048, 1024, 16, 16, 50304) { Experts = 64, Used = 8 },
        ["tiny-moe"] = new(2, 64, 32, 4, 2, 320) { Experts = 8, Used = 2 },
    };

    public static void Run(Options options)
    {
        string arch = options.Find("arch") ?? "llama";
        if (arch is not ("llama" or "qwen3moe")) throw new ArgumentException("--arch: llama and qwen3moe are made");
        string size = options.Find("params") ?? (arch == "llama" ? "1.1B" : "moe");
        if (!Shapes.TryGetValue(size, out ModelShape? known) || known.Experts > 0 != (arch == "qwen3moe"))
            throw new ArgumentException($"--params {size}: for {arch} there are " + string.Join(", ",
                Shapes.Where(s => s.Value.Experts > 0 == (arch == "qwen3moe")).Select(s => s.Key)));
        ModelShape shape = known.With(options);
        string typeName = options.Find("type") ?? "Q4_0";
        QuantType type = typeName switch
        {
            "Q4_0" => QuantType.Q4_0,
            "Q8_0" => QuantType.Q8_0,
            "F16" => QuantType.F16,
            "BF16" => QuantType.BF16,
            "Q4_K" => QuantType.Q4_K,
            "Q6_K" => QuantType.Q6_K,
            _ => throw new ArgumentException($"--type {typeName}: known are Q4_0, Q8_0, F16, BF16, Q4_K, Q6_K"),
        };
        if (shape.Problem(QuantTypes.Of(type).BlockElements) is { } problem) throw new ArgumentException(problem);
        string path = options.Text("out");
        Write(path, shape, type, options.Integer("seed", 1));
        Console.Error.WriteLine($"{path}: {shape.Architecture} {size}, {typeName}, " +
            $"{new FileInfo(path).Length / 1048576.0:F0} MiB");
    }

    private static void Write(string path, ModelShape s, QuantType type, int seed)
    {
        using var writer = new GgufWriter(path);
        WriteMetadata(writer, s);
        List<(string Name, QuantType Type, long[] Shape)> tensors = Tensors(s, type);
        foreach ((string name, QuantType tensorType, long[] shape) in tensors)
            writer.AddTensor(name, tensorType, shape);
        var random = new Random(seed);
        foreach ((string name, QuantType tensorType, long[] shape) in tensors)
        {
            long rows = 1;
            foreach (long dimension in shape.AsSpan(1)) rows *= dimension;
            byte[] row = new byte[QuantTypes.RowBytes(tensorType, shape[0])];
            // A token is more than what layers add to it: routers tell tokens apart, as in a trained model.
            float spread = name == "token_embd.weight" ? EmbeddingSpread : 1 / MathF.Sqrt(shape[0]);
            for (long r = 0; r < rows; r++)
            {
                Fill(row, tensorType, random, spread, shape.Length == 1);
                writer.Write(name, row);
            }
        }
        writer.Complete();
    }

    private static void WriteMetadata(GgufWriter writer, ModelShape s)
    {
        string arch = s.Architecture;
        writer.Set("general.architecture", arch);
        writer.Set("general.name", "random weights for measurements");
        writer.Set($"{arch}.block_count", (uint)s.Layers);
        writer.Set($"{arch}.context_length", 2048u);
        writer.Set($"{arch}.embedding_length", (uint)s.Width);
        writer.Set($"{arch}.feed_forward_length", (uint)s.FeedForward);
        writer.Set($"{arch}.attention.head_count", (uint)s.Heads);
        writer.Set($"{arch}.attention.head_count_kv", (uint)s.HeadsKv);
        writer.Set($"{arch}.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Set($"{arch}.rope.freq_base", 10000f);
        writer.Set($"{arch}.rope.dimension_count", (uint)(s.Width / s.Heads));
        writer.Set($"{arch}.vocab_size", (uint)s.Vocabulary);
        if (s.Experts > 0)
        {
            writer.Set($"{arch}.expert_count", (uint)s.Experts);
            writer.Set($"{arch}.expert_used_count", (uint)s.Used);
            writer.Set($"{arch}.expert_feed_forward_length", (uint)s.FeedForward);
            writer.Set($"{arch}.attention.key_length", (uint)(s.Width / s.Heads));
            writer.Set($"{arch}.attention.value_length", (uint)(s.Width / s.Heads));
        }
        string[] tokens = Tokens(s.Vocabulary);
        writer.Set("tokenizer.ggml.model", "gpt2");
        writer.Set("tokenizer.ggml.pre", "qwen2");
        writer.SetArray("tokenizer.ggml.tokens", tokens);
        int[] kinds = new int[tokens.Length];
        Array.Fill(kinds, 1);
        kinds[^1] = 3;
        writer.SetArray<int>("tokenizer.ggml.token_type", kinds);
        writer.SetArray("tokenizer.ggml.merges", ["Ġ Ġ"]);
        writer.Set("tokenizer.ggml.eos_token_id", (uint)(tokens.Length - 1));
    }

    /// <summary>GPT-2's 256 byte tokens, one merge, fillers that no text gives, and an end token.</summary>
    private static string[] Tokens(int count)
    {
        var tokens = new List<string>(count);
        int beyond = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            tokens.Add(((char)(printable ? b : beyond++)).ToString());
        }
        tokens.Add("ĠĠ");
        while (tokens.Count < count - 1) tokens.Add($"<filler-{tokens.Count}>");
        tokens.Add("<|endoftext|>");
        return [.. tokens];
    }

    private static List<(string, QuantType, long[])> Tensors(ModelShape s, QuantType type)
    {
        long kv = s.Width / s.Heads * s.HeadsKv;
        var list = new List<(string, QuantType, long[])>
        {
            ("token_embd.weight", type, [s.Width, s.Vocabulary]),
            ("output_norm.weight", QuantType.F32, [s.Width]),
            ("output.weight", type, [s.Width, s.Vocabulary]),
        };
        for (int l = 0; l < s.Layers; l++)
        {
            list.Add(($"blk.{l}.attn_norm.weight", QuantType.F32, [s.Width]));
            list.Add(($"blk.{l}.attn_q.weight", type, [s.Width, s.Width]));
            list.Add(($"blk.{l}.attn_k.weight", type, [s.Width, kv]));
            list.Add(($"blk.{l}.attn_v.weight", type, [s.Width, kv]));
            list.Add(($"blk.{l}.attn_output.weight", type, [s.Width, s.Width]));
            list.Add(($"blk.{l}.ffn_norm.weight", QuantType.F32, [s.Width]));
            if (s.Experts == 0)
            {
                list.Add(($"blk.{l}.ffn_gate.weight", type, [s.Width, s.FeedForward]));
                list.Add(($"blk.{l}.ffn_up.weight", type, [s.Width, s.FeedForward]));
                list.Add(($"blk.{l}.ffn_down.weight", type, [s.FeedForward, s.Width]));
                continue;
            }
            list.Add(($"blk.{l}.attn_q_norm.weight", QuantType.F32, [s.Width / s.Heads]));
            list.Add(($"blk.{l}.attn_k_norm.weight", QuantType.F32, [s.Width / s.Heads]));
            list.Add(($"blk.{l}.ffn_gate_inp.weight", QuantType.F32, [s.Width, s.Experts]));
            list.Add(($"blk.{l}.ffn_gate_exps.weight", type, [s.Width, s.FeedForward, s.Experts]));
            list.Add(($"blk.{l}.ffn_up_exps.weight", type, [s.Width, s.FeedForward, s.Experts]));
            list.Add(($"blk.{l}.ffn_down_exps.weight", type, [s.FeedForward, s.Width, s.Experts]));
        }
        return list;
    }

    private static void Fill(Span<byte> row, QuantType type, Random random, float spread, bool norm)
    {
        if (norm) MemoryMarshal.Cast<byte, float>(row).Fill(1);
        else if (type == QuantType.F32) FillFloats(MemoryMarshal.Cast<byte, float>(row), random, spread);
        else if (type == QuantType.F16) FillHalves(MemoryMarshal.Cast<byte, Half>(row), random, spread);
        else if (type == QuantType.BF16) FillUpperHalves(MemoryMarshal.Cast<byte, ushort>(row), random, spread);
        else
        {
            int blockBytes = QuantTypes.Of(type).BlockBytes;
            for (int at = 0; at < row.Length; at += blockBytes)
                FillBlock(row.Slice(at, blockBytes), type, random, spread);
        }
    }

    private static void FillFloats(Span<float> row, Random random, float spread)
    {
        for (int i = 0; i < row.Length; i += 2)
        {
            row[i] = (random.NextSingle() * 2 - 1) * spread;
            row[i + 1] = -row[i];
        }
    }

    /// <summary>bfloat16 is the upper half of a float.</summary>
    private static void FillUpperHalves(Span<ushort> row, Random random, float spread)
    {
        for (int i = 0; i < row.Length; i += 2)
        {
            row[i] = (ushort)(BitConverter.SingleToUInt32Bits((random.NextSingle() * 2 - 1) * spread) >> 16);
            row[i + 1] = (ushort)(row[i] ^ 0x8000);
        }
    }

    private static void FillHalves(Span<Half> row, Random random, float spread)
    {
        for (int i = 0; i < row.Length; i += 2)
        {
            row[i] = (Half)((random.NextSingle() * 2 - 1) * spread);
            row[i + 1] = -row[i];
        }
    }

    /// <summary>Each weight's opposite stands in the same block: the other nibble, or the next byte.</summary>
    private static void FillBlock(Span<byte> block, QuantType type, Random random, float spread)
    {
        if (type is QuantType.Q4_K or QuantType.Q6_K)
        {
            // Random scales; the mean is zero, or (Q4_K) near it.
            random.NextBytes(block);
            bool four = type == QuantType.Q4_K;
            MemoryMarshal.Write(block[(four ? 0 : 208)..], (Half)(spread / (four ? 470 : 4096)));
            if (four) MemoryMarshal.Write(block[2..], (Half)(spread / 470 * 7.5f));
            return;
        }
        float largest = type == QuantType.Q4_0 ? 7 : 127;
        MemoryMarshal.Write(block, (Half)(spread * (0.5f + random.NextSingle()) / largest));
        Span<byte> quants = block[2..];
        random.NextBytes(quants);
        for (int i = 0; i < quants.Length; i++)
        {
            if (type == QuantType.Q4_0)
            {
                int low = 1 + quants[i] % 15;
                quants[i] = (byte)(low | (16 - low) << 4);
            }
            else if (i % 2 == 1) quants[i] = (byte)-(sbyte)quants[i - 1];
            else if (quants[i] == 128) quants[i] = 129;
        }
    }
}
