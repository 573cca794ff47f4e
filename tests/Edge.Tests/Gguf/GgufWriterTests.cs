using Edge.Gguf;
using Xunit;

namespace Edge.Tests.Gguf;

public sealed class GgufWriterTests
{
    [Fact]
    public void Complete_MinimalFile_HasTheBytesOfTheFormat()
    {
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.Set("k", 7u);
            writer.AddTensor("t", QuantType.F32, 2);
            writer.Write("t", [1, 2, 3, 4, 5, 6, 7, 8]);
            writer.Complete();
        }
        byte[] expected = GgufBytes.Start(tensors: 1, keys: 1).Key("k", GgufValueType.UInt32).U32(7)
            .Tensor("t", 0, 0, 2).Data(0).Raw([1, 2, 3, 4, 5, 6, 7, 8]).Data(0).ToArray();
        Assert.Equal(expected, File.ReadAllBytes(file.Path));
    }

    [Fact]
    public void Complete_EveryValueType_ComesBack()
    {
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.Set("u8", byte.MaxValue);
            writer.Set("i8", sbyte.MinValue);
            writer.Set("u16", ushort.MaxValue);
            writer.Set("i16", short.MinValue);
            writer.Set("u32", uint.MaxValue);
            writer.Set("i32", int.MinValue);
            writer.Set("u64", ulong.MaxValue);
            writer.Set("i64", long.MinValue);
            writer.Set("f32", 1.5f);
            writer.Set("f64", Math.PI);
            writer.Set("bool", true);
            writer.Set("text", "größer ✓");
            writer.SetArray<short>("i16s", [short.MinValue, -1, short.MaxValue]);
            writer.SetArray<ulong>("u64s", [ulong.MaxValue]);
            writer.SetArray<float>("f32s", [0.5f, float.NegativeInfinity]);
            writer.SetArray<bool>("bools", [true, false, true]);
            writer.SetArray("texts", ["", "a", "日本"]);
            writer.SetArray<int>("none", []);
            writer.Complete();
        }
        GgufMetadata read = GgufFile.Open(file.Path).Metadata;
        Assert.Equal([255L, -128L, 65535L, -32768L, 4294967295L, -2147483648L, ulong.MaxValue, long.MinValue, 1.5,
            Math.PI, true, "größer ✓"], read.Keys.Take(12).Select(key => read[key]));
        Assert.Equal([short.MinValue, -1, short.MaxValue], read.FindIntegers("i16s")!);
        Assert.Equal(new[] { ulong.MaxValue }, Assert.IsType<ulong[]>(read["u64s"]));
        Assert.Equal([0.5, double.NegativeInfinity], read.FindReals("f32s")!);
        Assert.Equal(new[] { true, false, true }, Assert.IsType<bool[]>(read["bools"]));
        Assert.Equal(["", "a", "日本"], read.FindStrings("texts")!);
        Assert.Empty(read.FindIntegers("none")!);
        Assert.Equal(18, read.Keys.Count);
    }

    [Fact]
    public void Complete_RandomFiles_ComeBack()
    {
        QuantTypeRow[] types = [.. QuantTypes.Rows];
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            using var file = new TemporaryFile();
            int alignment = 8 << random.Next(14);
            var sent = new List<(string Name, QuantType Type, long[] Shape, byte[] Data)>();
            for (int i = random.Next(6); i > 0; i--)
            {
                QuantTypeRow type = types[random.Next(types.Length)];
                if (type.MatrixAlignment > alignment) continue;
                var shape = new long[random.Next(1, 5)];
                for (int d = 0; d < shape.Length; d++) shape[d] = random.Next(1, 4) * (d == 0 ? type.BlockElements : 1);
                var data = new byte[QuantTypes.Bytes(type.Id, shape)];
                random.NextBytes(data);
                sent.Add(($"t{i}.ü", type.Id, shape, data));
            }
            var numbers = new long[random.Next(9)];
            for (int i = 0; i < numbers.Length; i++) numbers[i] = random.NextInt64(long.MinValue, long.MaxValue);
            using (var writer = new GgufWriter(file.Path, alignment))
            {
                writer.SetArray<long>("numbers", numbers);
                foreach (var t in sent) writer.AddTensor(t.Name, t.Type, t.Shape);
                foreach (var t in sent)
                {
                    int cut = random.Next(t.Data.Length);
                    writer.Write(t.Name, t.Data.AsSpan(0, cut));
                    writer.Write(t.Name, t.Data.AsSpan(cut));
                }
                writer.Complete();
            }

            GgufFile read = GgufFile.Open(file.Path);

            byte[] bytes = File.ReadAllBytes(file.Path);
            Assert.Equal(3, read.Version);
            Assert.Equal(alignment, read.Alignment);
            Assert.Equal(numbers, read.Metadata.FindIntegers("numbers")!);
            Assert.Equal(sent.Select(t => (t.Name, t.Type)), read.Tensors.Select(t => (t.Name, t.Type)));
            for (int i = 0; i < sent.Count; i++)
            {
                GgufTensor tensor = read.Tensors[i];
                Assert.Equal(sent[i].Shape, tensor.Shape);
                Assert.Equal(0, tensor.Offset % alignment);
                Assert.Equal(sent[i].Data, bytes[(int)tensor.Offset..(int)(tensor.Offset + tensor.Bytes)]);
            }
        }
    }

    [Fact]
    public void Complete_LargeVocabulary_ComesBack()
    {
        string[] tokens = [.. Enumerable.Range(0, 150_000).Select(i => $"token{i}Ġ")];
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.SetArray("tokenizer.ggml.tokens", tokens);
            writer.Complete();
        }
        GgufMetadata read = GgufFile.Open(file.Path).Metadata;
        Assert.Equal(150_000, read.ArrayCount("tokenizer.ggml.tokens"));
        Assert.Equal(tokens, read.FindStrings("tokenizer.ggml.tokens")!);
    }

    [Fact]
    public void Dispose_BeforeComplete_LeavesTheOldFile()
    {
        using var file = new TemporaryFile([1, 2, 3]);
        using (var writer = new GgufWriter(file.Path))
        {
            writer.AddTensor("t", QuantType.F32, 4);
            writer.Write("t", new byte[8]);
            var e = Assert.Throws<InvalidOperationException>(writer.Complete);
            Assert.Contains("8 of its 16 bytes", e.Message, StringComparison.Ordinal);
        }
        Assert.Equal([1, 2, 3], File.ReadAllBytes(file.Path));
        Assert.Single(file.FolderEntries);
    }

    [Fact]
    public void Complete_OverAnOldFile_LeavesOnlyTheNewOne()
    {
        using var file = new TemporaryFile([1, 2, 3]);
        using (var writer = new GgufWriter(file.Path)) writer.Complete();
        Assert.Single(file.FolderEntries);
        Assert.Empty(GgufFile.Open(file.Path).Metadata.Keys);
    }

    /// <summary>Calls that would make a file which the reader refuses.</summary>
    public static TheoryData<string, Action<GgufWriter>> Misuses => new()
    {
        { "key twice", w => { w.Set("a", 1); w.Set("a", "x"); } },
        { "key empty", w => w.Set("", 1) },
        { "key control", w => w.Set("a\nb", 1) },
        { "no GGUF type", w => w.Set("a", 'c') },
        { "alignment as a key", w => w.Set("general.alignment", 7u) },
        { "tensor twice", w => { w.AddTensor("t", QuantType.F32, 1); w.AddTensor("t", QuantType.F32, 1); } },
        { "tensor name long", w => w.AddTensor(new string('n', 65), QuantType.F32, 1) },
        { "no dimension", w => w.AddTensor("t", QuantType.F32) },
        { "dimension 0", w => w.AddTensor("t", QuantType.F32, 1, 0) },
        { "product overflow", w => w.AddTensor("t", QuantType.F32, 1L << 40, 1L << 40) },
        { "columns", w => w.AddTensor("t", QuantType.Q4_0, 33) },
        { "too much data", w => { w.AddTensor("t", QuantType.F32, 1); w.Write("t", new byte[5]); } },
        { "undeclared data", w => w.Write("t", new byte[5]) },
        { "key after data", w => { w.AddTensor("t", QuantType.F32, 1); w.Write("t", new byte[4]); w.Set("a", 1); } },
        { "out of order", w =>
            {
                w.AddTensor("t", QuantType.F32, 1);
                w.AddTensor("u", QuantType.F32, 1);
                w.Write("u", new byte[4]);
            }
        },
    };

    [Theory]
    [MemberData(nameof(Misuses), DisableDiscoveryEnumeration = true)]
    public void Writer_Misuse_Throws(string name, Action<GgufWriter> misuse)
    {
        using var file = new TemporaryFile();
        using var writer = new GgufWriter(file.Path);
        Exception? e = Record.Exception(() => misuse(writer));
        Assert.True(e is ArgumentException or InvalidOperationException, $"{name}: {e}");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(48)]
    [InlineData(1 << 17)]
    public void Writer_WrongAlignment_Throws(int alignment)
    {
        using var file = new TemporaryFile();
        Assert.Throws<ArgumentOutOfRangeException>(() => new GgufWriter(file.Path, alignment));
        Assert.Empty(file.FolderEntries);
    }
}
