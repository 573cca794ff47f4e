using System.Runtime.InteropServices;
using System.Text.Json;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Edge.Tests.Kernels;
using Edge.Tests.Models.Pack;
using Edge.Tests.Models.Pack.Hub;
using Xunit;

namespace Edge.Tests.Models;

/// <summary>I2_S as bitnet.cpp on ARM writes it.</summary>
public sealed unsafe class BlocksOf64Tests
{
    private const int Vocabulary = 96;
    private const float Scale = 0.11f;
    private static readonly int[] Ids = [7, 25, 13, 92, 80, 2, 2, 41, 77, 60, 5];

    private enum Form { F32, Of64, Of128 }

    /// <summary>Matrices that scripts/golden/quant-types.py wrote from the format's description.</summary>
    [Fact]
    public void Widen_IndependentFixture_GivesTheBits()
    {
        string path = Path.Combine(DemoModel.Folder, "..", "i2s-64.json");
        using var json = JsonDocument.Parse(File.ReadAllBytes(path));
        TileLayout layout = TileLayout.OfBlocks(QuantType.I2_S)!;
        foreach (JsonElement matrix in json.RootElement.EnumerateArray())
        {
            int columns = matrix.GetProperty("columns").GetInt32();
            byte[] block = Convert.FromHexString(matrix.GetProperty("block").GetString()!);
            byte[] expected = Convert.FromHexString(matrix.GetProperty("values").GetString()!);
            long rows = expected.Length / sizeof(float) / columns;
            Assert.Equal(QuantTypes.Bytes(QuantType.I2_S, [columns, rows]), block.Length);
            using var tiles = new NativeBytes(layout.Bytes(rows, columns));
            using var values = new NativeBytes(expected.Length, 0xFF);
            fixed (byte* from = block)
            {
                using NativeArena wide = BlocksOf64.Widen(from, rows, columns, out byte* made);
                Assert.Equal(0, layout.Pack(made, tiles.Pointer, columns, rows));
            }
            for (long r = 0; r < rows; r++)
                layout.DecodeRow(tiles.Pointer, values.Floats + r * columns, columns, r);
            Assert.Equal(MemoryMarshal.Cast<byte, float>(expected).ToArray(), values.FloatSpan.ToArray());
            Assert.Equal(3, values.FloatSpan.ToArray().Distinct().Count());
        }
    }

    [Theory]
    [InlineData(192, 320)]
    [InlineData(256, 576)]
    [InlineData(320, 512)]
    public void Forward_FileWhoseColumnsTell_GivesTheTernaryWeights(int width, int feedForward)
    {
        using TemporaryFile file = Create(Form.Of64, width, feedForward), floats = Create(Form.F32, width, feedForward);
        GgufTensor[] matrices = [.. GgufFile.Open(file.Path).Tensors.Where(tensor => tensor.Type == QuantType.I2_S)];
        Assert.Equal(14, matrices.Length);
        Assert.All(matrices, tensor => Assert.True(tensor.HasBlocksOf64));
        float[] expected = PackedDemo.Logits(floats.Path, "scalar", Ids, 64, Arithmetic.Float);
        Assert.True(expected.Max() - expected.Min() > 0.5, "the model has no variety");
        Assert.Equal(expected, PackedDemo.Logits(file.Path, "scalar", Ids, 64, Arithmetic.Float));
        foreach (KernelSet set in KernelSet.All.Where(set => set.IsRunnable))
        {
            float[] logits = PackedDemo.Logits(file.Path, set.Name, Ids, 64);
            Assert.InRange(DemoModel.Divergence(expected, logits), 1e-12, 1e-2);
            Assert.Equal(logits, PackedDemo.Logits(file.Path, set.Name, Ids, 1));
        }
    }

    /// <summary>Columns that are multiples of 128 do not tell: the option does.</summary>
    [Theory]
    [InlineData(192, 320, false, PackTarget.Digits4)]
    [InlineData(192, 320, false, PackTarget.Keep)]
    [InlineData(256, 640, true, PackTarget.Digits4)]
    [InlineData(256, 640, true, PackTarget.Keep)]
    public void Pack_BlocksOf64_AreTernaryExactly(int width, int feedForward, bool isSaid, PackTarget target)
    {
        using TemporaryFile file = Create(Form.Of64, width, feedForward), floats = Create(Form.F32, width, feedForward);
        using TemporaryFile output = new(), other = new();
        var options = new PackOptions { Threads = 2, Target = target, HasBlocksOf64 = isSaid, Head = PackHead.Keep };
        PackedTensor[] rows = [.. ModelPacker.Pack(file.Path, output.Path, options).Where(row => row.From == "I2_S")];
        Assert.Equal(14, rows.Length);
        Assert.All(rows, row => Assert.Equal(("TERNARY_1_67", 0, 0), (row.To, row.MaxError, row.RelativeError)));
        // The table of embeddings is rounded to Q8_0 in both, or in neither.
        ModelPacker.Pack(floats.Path, other.Path,
            options with { HasBlocksOf64 = false, Target = target == PackTarget.Keep ? target : PackTarget.Ternary });
        float[] expected = PackedDemo.Logits(other.Path, "scalar", Ids, 64, Arithmetic.Float);
        float[] logits = PackedDemo.Logits(output.Path, "scalar", Ids, 64, Arithmetic.Float);
        Assert.InRange(DemoModel.MaxDifference(expected, logits), 0, 1e-4);
        if (isSaid) Assert.True(DemoModel.MaxDifference(expected,
            PackedDemo.Logits(file.Path, "scalar", Ids, 64, Arithmetic.Float)) > 0.1, "both forms are the same");
    }

    [Fact]
    public void Open_ColumnsOf128_AreBlocksOf128()
    {
        using TemporaryFile file = Create(Form.Of128, 256, 640), floats = Create(Form.F32, 256, 640);
        Assert.All(GgufFile.Open(file.Path).Tensors, tensor => Assert.False(tensor.HasBlocksOf64));
        Assert.Equal(PackedDemo.Logits(floats.Path, "scalar", Ids, 64, Arithmetic.Float),
            PackedDemo.Logits(file.Path, "scalar", Ids, 64, Arithmetic.Float));
    }

    [Fact]
    public void Pack_BlocksOf64WhereNoneCanBe_IsRefusedByName()
    {
        using TemporaryFile file = Create(Form.F32, 192, 320), output = new();
        var options = new PackOptions { HasBlocksOf64 = true };
        var error = Assert.Throws<ArgumentException>(() => ModelPacker.Pack(file.Path, output.Path, options));
        Assert.Contains("no I2_S tensors", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => ModelPacker.Forecast(HubFolders.FolderOf("bitnet"), options));
        Assert.Contains("a model folder has no I2_S", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A small llama of random ternary matrices: the same ones for every form.</summary>
    private static TemporaryFile Create(Form form, int width, int feedForward)
    {
        var file = new TemporaryFile();
        using var writer = new GgufWriter(file.Path);
        writer.Set("general.architecture", "llama");
        writer.Set("llama.block_count", 2u);
        writer.Set("llama.context_length", 64u);
        writer.Set("llama.embedding_length", (uint)width);
        writer.Set("llama.feed_forward_length", (uint)feedForward);
        writer.Set("llama.attention.head_count", 4u);
        writer.Set("llama.attention.head_count_kv", 2u);
        writer.Set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Set("llama.rope.freq_base", 10000f);
        writer.Set("llama.rope.dimension_count", (uint)width / 4);
        writer.Set("llama.vocab_size", (uint)Vocabulary);
        var tensors = new List<(string Name, long[] Shape)>
        {
            ("token_embd.weight", [width, Vocabulary]), ("output_norm.weight", [width]),
            ("output.weight", [width, Vocabulary]),
        };
        for (int l = 0; l < 2; l++)
        {
            tensors.AddRange([($"blk.{l}.attn_norm.weight", [width]), ($"blk.{l}.ffn_norm.weight", [width])]);
            tensors.AddRange([($"blk.{l}.attn_q.weight", [width, width]),
                ($"blk.{l}.attn_k.weight", [width, width / 2]), ($"blk.{l}.attn_v.weight", [width, width / 2]),
                ($"blk.{l}.attn_output.weight", [width, width]), ($"blk.{l}.ffn_gate.weight", [width, feedForward]),
                ($"blk.{l}.ffn_up.weight", [width, feedForward]), ($"blk.{l}.ffn_down.weight", [feedForward, width])]);
        }
        bool IsTernary((string Name, long[] Shape) tensor) => tensor.Shape.Length > 1 && tensor.Name[0] == 'b';
        foreach (var tensor in tensors)
            writer.AddTensor(tensor.Name, IsTernary(tensor) && form != Form.F32 ? QuantType.I2_S : QuantType.F32,
                tensor.Shape);
        var random = new Random(width);
        foreach (var tensor in tensors)
        {
            long count = tensor.Shape.Aggregate(1L, (product, length) => product * length);
            if (!IsTernary(tensor))
                writer.Write(tensor.Name, Bytes([.. Enumerable.Range(0, (int)count).Select(_ =>
                    tensor.Shape.Length == 1 ? 1 : (random.NextSingle() - 0.5f) * 0.4f)]));
            else
                writer.Write(tensor.Name, Ternary([.. Enumerable.Range(0, (int)count).Select(_ => random.Next(3))],
                    form));
        }
        writer.Complete();
        return file;
    }

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>Columns are whole blocks, so that rows follow one another.</summary>
    private static byte[] Ternary(int[] digits, Form form)
    {
        if (form == Form.F32) return Bytes([.. digits.Select(digit => (digit - 1) * Scale)]);
        int size = form == Form.Of64 ? 64 : 128;
        byte[] bytes = new byte[digits.Length / 4 + 32];
        for (int i = 0; i < digits.Length; i++)
            bytes[i / size * (size / 4) + i % (size / 4)] |= (byte)(digits[i] << 6 - 2 * (i % size / (size / 4)));
        BitConverter.TryWriteBytes(bytes.AsSpan(digits.Length / 4), Scale);
        return bytes;
    }
}
