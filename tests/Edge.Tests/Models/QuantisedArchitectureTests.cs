using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Models.Streaming;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>Every architecture sixteen times as wide, with random Q8_0 matrices: integer arithmetic, for which every
/// input of a matrix must have been prepared, gives what the reference path gives. All experts are used, so that
/// rounding chooses none.</summary>
public sealed class QuantisedArchitectureTests : IDisposable
{
    private const int Wider = 16;

    private static readonly string[] Widths =
    [
        "embedding_length", "feed_forward_length", "expert_feed_forward_length", "expert_shared_feed_forward_length",
        "attention.key_length", "attention.value_length", "attention.key_length_mla", "attention.value_length_mla",
        "attention.q_lora_rank", "attention.kv_lora_rank", "rope.dimension_count",
    ];

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"edge-wide-{Guid.NewGuid():N}.gguf");
    private readonly Random _random = new(11);

    private string Packed => _path + ".packed";

    public void Dispose()
    {
        File.Delete(_path);
        File.Delete(Packed);
    }

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void Forward_Q8_0File_IntegerArithmeticGivesTheReferencePaths(string name)
    {
        Write(GgufFile.Open(ArchitectureTests.File(name)));
        int[] ids = Ids();
        float[] expected = Run(_path, ids, Arithmetic.Float), logits = Run(_path, ids, Arithmetic.Integer);
        Assert.InRange(Cosine(expected, logits), 0.99, 1.0000001);
        Assert.False(expected.SequenceEqual(logits), "integer arithmetic was not used");
    }

    /// <summary>The types that these models are published in.</summary>
    [Theory]
    [InlineData("gpt-oss", QuantType.MXFP4)]
    [InlineData("bitnet-b1.58", QuantType.TQ1_0)]
    [InlineData("bitnet-b1.58", QuantType.TQ2_0)]
    [InlineData("bitnet-b1.58", QuantType.I2_S)]
    public void Forward_ItsOwnType_IntegerArithmeticGivesTheReferencePaths(string name, QuantType type)
    {
        Write(GgufFile.Open(ArchitectureTests.File(name)), type);
        int[] ids = Ids();
        float[] expected = Run(_path, ids, Arithmetic.Float), logits = Run(_path, ids, Arithmetic.Integer);
        Assert.InRange(Cosine(expected, logits), 0.99, 1.0000001);
        Assert.False(expected.SequenceEqual(logits), "integer arithmetic was not used");
    }

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void Forward_PackedFile_IntegerArithmeticGivesTheReferencePaths(string name)
    {
        Write(GgufFile.Open(ArchitectureTests.File(name)));
        foreach (PackTarget target in (PackTarget[])[PackTarget.Digits4, PackTarget.Ternary])
        {
            File.Delete(Packed);
            IReadOnlyList<PackedTensor> tensors =
                ModelPacker.Pack(_path, Packed, new PackOptions { Target = target, Threads = 2 });
            Assert.True(tensors.Count(tensor => tensor.From != tensor.To) > 4, "hardly anything was packed");
            int[] ids = Ids();
            float[] expected = Run(Packed, ids, Arithmetic.Float), logits = Run(Packed, ids, Arithmetic.Integer);
            Assert.InRange(Cosine(expected, logits), 0.97, 1.0000001);
        }
    }

    [Theory]
    [MemberData(nameof(ArchitectureTests.Names), MemberType = typeof(ArchitectureTests))]
    public void Forward_LeastMemory_GivesTheBitsOfTheWholeModel(string name)
    {
        Write(GgufFile.Open(ArchitectureTests.File(name)));
        ModelPacker.Pack(_path, Packed, new PackOptions { Target = PackTarget.Digits4, Threads = 2 });
        foreach (string path in (string[])[_path, Packed])
        {
            var budget = new MemoryBudget { Bytes = 1, ContextLength = 40, ProgramBytes = 0 };
            var options = new ModelOptions { Threads = 2, Memory = budget };
            options = options with { Memory = budget with { Bytes = MemoryPlanner.Plan(path, options).LeastBytes } };
            using Model model = Model.Load(path, options), whole = Model.Load(path, options with { Memory = null });
            Assert.Null(model.Plan!.Refusal);
            Assert.True(model.Config.LayerCount == 2 && model.Config.ExpertCount == 0
                || model.Plan.Kind != MemoryPlanKind.Resident, "nothing streams");
            using KvCache a = model.CreateCache(40), b = whole.CreateCache(40);
            int[] ids = Ids();
            Assert.Equal(DemoModel.Run(whole, b, ids, 12), DemoModel.Run(model, a, ids, 5));
        }
    }

    private int[] Ids() => [.. Enumerable.Range(0, 12).Select(_ => _random.Next(64))];

    private static double Cosine(float[] expected, float[] logits)
    {
        double dot = 0, a = 0, b = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            dot += expected[i] * (double)logits[i];
            a += expected[i] * (double)expected[i];
            b += logits[i] * (double)logits[i];
        }
        return dot / Math.Sqrt(a * b);
    }

    private static float[] Run(string path, int[] ids, Arithmetic arithmetic)
    {
        using Model model = Model.Load(path, new ModelOptions { Arithmetic = arithmetic, Threads = 2 });
        using KvCache cache = model.CreateCache(40);
        return DemoModel.Run(model, cache, ids, 5);
    }

    private void Write(GgufFile source, QuantType matrices = QuantType.Q8_0)
    {
        using var writer = new GgufWriter(_path);
        string architecture = source.Metadata.GetString("general.architecture");
        string Key(string name) => $"{architecture}.{name}";
        foreach (string key in source.Metadata.Keys)
        {
            if (Widths.Any(name => key == Key(name)))
                writer.Set(key, (uint)source.Metadata.GetInteger(key) * Wider);
            else if (key == Key("expert_used_count"))
                writer.Set(key, (uint)source.Metadata.GetInteger(Key("expert_count")));
            else if (key == Key("expert_group_used_count"))
                writer.Set(key, (uint)source.Metadata.GetInteger(Key("expert_group_count")));
            else writer.Copy(source.Metadata, key);
        }
        List<(string Name, QuantType Type, long[] Shape)> tensors =
            [.. source.Tensors.Select(tensor => Wide(tensor, matrices))];
        foreach (var (name, type, shape) in tensors) writer.AddTensor(name, type, shape);
        foreach (var (name, type, shape) in tensors)
        {
            long count = shape.Aggregate(1L, (product, length) => product * length);
            writer.Write(name, type == QuantType.F32 ? Floats(name, count) : Blocks(type, count, shape[0]));
        }
        writer.Complete();
    }

    private static (string Name, QuantType Type, long[] Shape) Wide(
        GgufTensor tensor, QuantType matrices)
    {
        string name = tensor.Name;
        long[] shape = [.. tensor.Shape];
        bool ofHeadsOrExperts = name.EndsWith("attn_sinks.weight", StringComparison.Ordinal)
            || name.EndsWith("ffn_gate_inp.bias", StringComparison.Ordinal)
            || name.EndsWith("exp_probs_b.bias", StringComparison.Ordinal)
            || name.EndsWith(".scale", StringComparison.Ordinal);
        bool taps = name.EndsWith("shortconv.conv.weight", StringComparison.Ordinal);
        bool fewRows = name.EndsWith("ffn_gate_inp.weight", StringComparison.Ordinal)
            || name.EndsWith("exps.bias", StringComparison.Ordinal) || name is "token_embd.weight" or "output.weight";
        if (!ofHeadsOrExperts && !taps) shape[0] *= Wider;
        if (shape.Length > 1 && !fewRows) shape[1] *= Wider;
        bool matrix = shape.Length > 1 && !taps && !name.EndsWith(".bias", StringComparison.Ordinal);
        // gpt-oss keeps its other matrices in finer types.
        bool published = matrices != QuantType.MXFP4 || name.EndsWith("_exps.weight", StringComparison.Ordinal);
        published &= name is not "token_embd.weight" and not "output.weight";
        return (name, !matrix ? QuantType.F32 : published ? matrices : QuantType.Q8_0, shape);
    }

    private byte[] Floats(string name, long count)
    {
        float mean = name.EndsWith(".bias", StringComparison.Ordinal) ? 0 : 1;
        float[] values = [.. Enumerable.Range(0, (int)count).Select(_ => mean + _random.NextSingle() * 0.4f - 0.2f)];
        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }

    /// <summary>Random blocks, scaled so that rows have about the length 1.</summary>
    private byte[] Blocks(QuantType type, long count, long columns)
    {
        QuantTypeRow row = QuantTypes.Of(type);
        byte[] bytes = new byte[count / row.BlockElements * row.BlockBytes + row.MatrixTrailerBytes];
        _random.NextBytes(bytes);
        double root = Math.Sqrt(columns);
        // No pair of bits is 3, which stands for no ternary digit.
        if (type is QuantType.TQ2_0 or QuantType.I2_S)
            foreach (ref byte b in bytes.AsSpan()) b &= (byte)~((b & b << 1) & 0xAA);
        int at = type is QuantType.TQ1_0 or QuantType.TQ2_0 ? row.BlockBytes - 2 : 0;
        for (int block = 0; block < bytes.Length - row.MatrixTrailerBytes; block += row.BlockBytes)
        {
            if (type == QuantType.MXFP4) bytes[block] = (byte)(127 - Math.Round(Math.Log2(3.3 * root)));
            else if (type != QuantType.I2_S)
                MemoryMarshal.Write(bytes.AsSpan(block + at), (Half)(1 / ((type == QuantType.Q8_0 ? 73 : 0.8) * root)));
        }
        if (type == QuantType.I2_S) MemoryMarshal.Write(bytes.AsSpan(bytes.Length - 32), (float)(1 / (0.8 * root)));
        return bytes;
    }
}
