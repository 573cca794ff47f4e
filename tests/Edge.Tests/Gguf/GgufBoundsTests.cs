using System.Text;
using Edge.Gguf;
using Xunit;
using V = Edge.Gguf.GgufValueType;

namespace Edge.Tests.Gguf;

/// <summary>Every bound of the reader: one row each, with the byte it must name and what it must say.</summary>
public sealed class GgufBoundsTests
{
    /// <summary>The fault, the file, the byte that the message must name, words that it must contain.</summary>
    private sealed record Fault(string Name, byte[] File, long Offset, params string[] Says)
    {
        public Fault(string name, GgufBytes file, long offset, params string[] says)
            : this(name, file.ToArray(), offset, says) { }
    }

    private const uint F32 = 0, Q4_0 = 2;

    private static GgufBytes OneKey(string key, V type) => GgufBytes.Start(keys: 1).Key(key, type);
    private static GgufBytes OneTensor() => GgufBytes.Start(tensors: 1);
    private static GgufBytes Alignment(uint value) => OneKey("general.alignment", V.UInt32).U32(value);
    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private static readonly Fault[] Faults =
    [
        // What the file is.
        new("empty", [], 0, "empty", "download it again"),
        new("two bytes", Ascii("GG"), 0, "truncated", "2 bytes", "download it again"),
        new("web page", Ascii("<!DOCTYPE html><html>"), 0, "web page", "download link"),
        new("lfs pointer", Ascii("version https://git-lfs.github.com/spec/v1\n"), 0, "git-lfs pointer", "git lfs pull"),
        new("old ggml", Ascii("tjgg\u0003\0\0\0............"), 0, "before GGUF", "take a GGUF download"),
        new("zip", Ascii("PK\u0003\u0004............"), 0, "zip archive or PyTorch"),
        new("safetensors", [64, 0, 0, 0, 0, 0, 0, 0, .. Ascii("{\"__metadata__\"")], 0, "safetensors"),
        new("zeros", new byte[4096], 0, "zeros", "download it again"),
        new("other magic", Ascii("ABCD............"), 0, "41424344", "no GGUF file"),

        // Version and counts.
        new("version cut", Ascii("GGUF\u0003"), 4, "truncated", "the version", "5 bytes", "download it again"),
        new("version 0", GgufBytes.Start(version: 0), 4, "version 0 does not exist", "download it again"),
        new("version 1", GgufBytes.Start(version: 1), 4, "version 1", "newer download"),
        new("version 4", GgufBytes.Start(version: 4), 4, "version 4 is newer", "update edge"),
        new("big-endian", GgufBytes.Start(version: 0x03000000), 4, "big-endian", "gguf_convert_endian.py"),
        new("version nonsense", GgufBytes.Start(version: 77777), 4, "77777 does not exist"),
        new("tensor count", GgufBytes.Start(tensors: 70_000), 8, "tensor_count 70000 exceeds 65536"),
        new("tensor count 2^64", GgufBytes.Start(tensors: ulong.MaxValue), 8, "exceeds 65536"),
        new("tensor count past file", GgufBytes.Start(tensors: 60_000), 8, "truncated", "tensor_count 60000"),
        new("kv count", GgufBytes.Start(keys: 65_537), 16, "metadata_kv_count 65537 exceeds 65536"),
        new("kv count past file", GgufBytes.Start(keys: 5), 16, "truncated", "metadata_kv_count 5"),

        // Keys.
        new("key length 0", GgufBytes.Start(keys: 1).Text("").U32(0).U64(0), 24, "claims 0 bytes"),
        new("key length", GgufBytes.Start(keys: 1).U64(65_536).Raw(new byte[70_000]), 24, "claims 65536 bytes"),
        new("key length 2^63", GgufBytes.Start(keys: 1).U64(1UL << 63).U64(0), 24, "9223372036854775808 bytes"),
        new("key past file", GgufBytes.Start(keys: 1).U64(100).U64(0), 32, "truncated", "key of metadata entry 0"),
        new("key with line break", OneKey("a\nb", V.UInt8).U8(1), 24, "control character"),
        new("key not UTF-8", GgufBytes.Start(keys: 1).U64(2).Raw([0xC3, 0x28]).U32(0).U8(1), 24, "not UTF-8"),
        new("key twice", GgufBytes.Start(keys: 2).Key("a", V.UInt8).U8(1).Key("a", V.UInt8).U8(1), 38,
            "'a' stands twice (first at byte 24)", "download it again"),

        // Values.
        new("value type", OneKey("a", (V)13).U64(0), 24, "'a' has value type 13", "0 to 12"),
        new("value past file", OneKey("a", V.UInt64).U32(0), 37, "truncated", "metadata key 'a'"),
        new("bool 2", OneKey("a", V.Bool).U8(2), 37, "byte 2", "bool"),
        new("string length", OneKey("a", V.String).U64(33 << 20), 37, "claims 34603008 bytes", "33554432"),
        new("string length 2^64", OneKey("a", V.String).U64(ulong.MaxValue), 37, "18446744073709551615"),
        new("string past file", OneKey("a", V.String).U64(9).U64(0), 45, "truncated", "byte 54", "53 bytes"),
        new("array in array", OneKey("a", V.Array).U32(9).U64(1), 24, "array of arrays"),
        new("array element type", OneKey("a", V.Array).U32(99).U64(1), 24, "value type 99"),
        new("array count", OneKey("a", V.Array).U32(0).U64((16 << 20) + 1), 41,
            "claims 16777217 elements", "16777216"),
        new("array of 4 billion", OneKey("a", V.Array).U32(4).U64(4_000_000_000), 41, "4000000000"),
        new("array past file", OneKey("a", V.Array).U32(4).U64(16 << 20), 49, "truncated", "'a'"),
        new("strings past file", OneKey("a", V.Array).U32(8).U64(16 << 20), 49, "truncated", "'a'"),
        new("string in array", OneKey("a", V.Array).U32(8).U64(1).U64(1UL << 40), 49, "1099511627776 bytes"),
        new("bool in array", OneKey("a", V.Array).U32(7).U64(3).Raw([1, 0, 9]), 51, "byte 9"),

        // Alignment and splits.
        new("alignment 0", Alignment(0), 24, "general.alignment is 0", "powers of two from 8 to 65536"),
        new("alignment 4", Alignment(4), 24, "general.alignment is 4"),
        new("alignment 48", Alignment(48), 24, "general.alignment is 48"),
        new("alignment 131072", Alignment(131072), 24, "general.alignment is 131072"),
        new("alignment text", OneKey("general.alignment", V.String).Text("32"), 24, "should be an integer"),
        new("split", OneKey("split.count", V.UInt32).U32(3), 24, "over 3 files", "edge pack -m"),

        // Tensor entries.
        new("tensor name empty", OneTensor().Tensor("", F32, 0, 4).Data(16), 24, "claims 0 bytes"),
        new("tensor name length", OneTensor().Tensor(new string('n', 65), F32, 0, 4).Data(16), 24, "claims 65 bytes"),
        new("tensor name escape", OneTensor().Tensor("a\u001b[2J", F32, 0, 4).Data(16), 24, "control character"),
        new("no dimension", OneTensor().Tensor("t", F32, 0).Data(32), 24, "'t' has 0 dimensions", "1 to 4"),
        new("five dimensions", OneTensor().Tensor("t", F32, 0, 1, 1, 1, 1, 1).Data(32), 24, "5 dimensions"),
        new("dimension 0", OneTensor().Tensor("t", F32, 0, 4, 0).Data(32), 24, "length 0 in dimension 1"),
        new("product overflow", OneTensor().Tensor("t", F32, 0, 1UL << 32, 1UL << 32).Data(32), 24,
            "length 4294967296 in dimension 1"),
        new("dimension 2^63", OneTensor().Tensor("t", F32, 0, 1UL << 63).Data(32), 24, "dimension 0"),
        new("unknown type", OneTensor().Tensor("t", 200, 0, 4).Data(32), 24, "type number 200", "update edge", "Q4_0"),
        new("columns", OneTensor().Tensor("t", Q4_0, 0, 33, 2).Data(64), 24, "33 columns", "block of 32"),
        new("i2_s", OneTensor().Tensor("t", 36, 0, 96, 2).Data(160), 24, "96 columns", "I2_S's block of 64"),
        new("offset unaligned", OneTensor().Tensor("t", F32, 8, 4).Data(64), 24, "byte 8 of the data", "alignment 32"),
        new("offset absurd", OneTensor().Tensor("t", F32, 1UL << 62, 4).Data(64), 24, "beyond any file"),
        new("entry cut", OneTensor().Text("tensor").U32(2).U64(4).U64(4), 58, "truncated", "type of tensor 'tensor'"),
        new("data cut", OneTensor().Tensor("t", F32, 0, 1000).Data(999), 24,
            "truncated: the header promises 4064 bytes",
            "'t'", "the file has 1063", "download it again"),
        new("data beyond", OneTensor().Tensor("t", F32, 1 << 20, 4).Data(64), 24, "promises 1048656 bytes"),
        new("tensor twice", GgufBytes.Start(tensors: 2).Tensor("t", F32, 0, 4).Tensor("t", F32, 32, 4).Data(64), 57,
            "'t' stands twice (first at byte 24)"),
        new("overlap", GgufBytes.Start(tensors: 2).Tensor("t", F32, 0, 9).Tensor("u", F32, 32, 4).Data(64), 57,
            "'t' and 'u' overlap"),
    ];

    public static TheoryData<string> FaultNames => [.. Faults.Select(fault => fault.Name)];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void Open_FaultyFile_NamesByteAndRemedy(string name)
    {
        Fault fault = Faults.Single(row => row.Name == name);
        using var file = new TemporaryFile(fault.File);

        var e = Assert.Throws<GgufException>(() => GgufFile.Open(file.Path));

        Assert.Equal(fault.Offset, e.ByteOffset);
        Assert.StartsWith($"GGUF at byte {fault.Offset}: ", e.Message, StringComparison.Ordinal);
        Assert.All(fault.Says, words => Assert.Contains(words, e.Message, StringComparison.Ordinal));
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Fact]
    public void Open_EveryTruncation_IsRefusedInsideTheFile()
    {
        byte[] whole = GgufBytes.Start(tensors: 1, keys: 2).Key("s", V.String).Text("value")
            .Key("a", V.Array).U32(8).U64(2).Text("x").Text("yy").Tensor("t", F32, 0, 4).Data(16).ToArray();
        using (var file = new TemporaryFile(whole)) Assert.Single(GgufFile.Open(file.Path).Tensors);
        for (int length = 0; length < whole.Length; length++)
        {
            using var file = new TemporaryFile(whole[..length]);
            var e = Assert.Throws<GgufException>(() => GgufFile.Open(file.Path));
            Assert.InRange(e.ByteOffset, 0, length);
            Assert.Contains("download it again", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Open_SmallFileWithHugeClaims_AllocatesLittle()
    {
        byte[][] files = [.. Faults.Where(row => row.File.Length < 200).Select(row => row.File)];
        Assert.True(files.Length > 40);
        foreach (byte[] bytes in files)
        {
            using var file = new TemporaryFile(bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<GgufException>(() => GgufFile.Open(file.Path));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        }
    }

    [Fact]
    public void Open_HeaderBeyondLimit_IsRefusedWithoutReadingIt()
    {
        using var file = new TemporaryFile(OneKey("a", V.Array).U32(10).U64(16 << 20).ToArray());
        using (FileStream stream = File.OpenWrite(file.Path)) stream.SetLength(300L << 20); // sparse
        long before = GC.GetAllocatedBytesForCurrentThread();

        var e = Assert.Throws<GgufException>(() => GgufFile.Open(file.Path));

        Assert.Contains("limit is 134217728", e.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("model-00001-of-00003.gguf", "over 3 files", "edge pack -m model-00001-of-00003.gguf --type keep")]
    [InlineData("m-Q4_0-00002-of-00002.gguf", "over 2 files", "edge pack -m m-Q4_0-00001-of-00002.gguf --type keep")]
    public void Open_NameOfASplitPart_SaysHowToMerge(string name, string count, string command)
    {
        using var file = new TemporaryFile(GgufBytes.Start().ToArray(), name);
        var e = Assert.Throws<GgufException>(() => GgufFile.Open(file.Path));
        Assert.Contains(count, e.Message, StringComparison.Ordinal);
        Assert.Contains(command, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model-00001-of-00001.gguf")]
    [InlineData("of-3-of-5.gguf")]
    [InlineData("-of-00003.gguf")]
    [InlineData("best-of-2024.gguf")]
    public void Open_NameOfAWholeFile_IsRead(string name)
    {
        using var file = new TemporaryFile(GgufBytes.Start().ToArray(), name);
        Assert.Empty(GgufFile.Open(file.Path).Tensors);
    }

    [Fact]
    public void Open_MissingFileOrFolder_SaysWhatToGive()
    {
        using var file = new TemporaryFile();
        var missing = Assert.Throws<FileNotFoundException>(() => GgufFile.Open(file.Path));
        Assert.Contains("check the path", missing.Message, StringComparison.Ordinal);
        var folder = Assert.Throws<FileNotFoundException>(() => GgufFile.Open(Path.GetDirectoryName(file.Path)!));
        Assert.Contains("is a folder", folder.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Version2_IsRead()
    {
        byte[] bytes = GgufBytes.Start(tensors: 1, version: 2).Tensor("t", F32, 0, 4).Data(16).ToArray();
        using var file = new TemporaryFile(bytes);
        GgufFile gguf = GgufFile.Open(file.Path);
        Assert.Equal(2, gguf.Version);
        Assert.Equal(gguf.FileBytes - 16, gguf.Tensors[0].Offset);
        Assert.Equal(24, gguf.Tensors[0].EntryOffset);
    }

    [Fact]
    public void Get_MissingTensor_IsNamed()
    {
        using var file = new TemporaryFile(GgufBytes.Start(tensors: 1).Tensor("t", F32, 0, 4).Data(16).ToArray());
        GgufFile gguf = GgufFile.Open(file.Path);
        Assert.Same(gguf.Tensors[0], gguf.Get("t"));
        Assert.Null(gguf.Find("blk.0.attn_q.weight"));
        var e = Assert.Throws<GgufException>(() => gguf.Get("blk.0.attn_q.weight"));
        Assert.Contains("tensor 'blk.0.attn_q.weight' is missing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireRunnable_TypeWithoutKernels_NamesTensorTypeAndRemedy()
    {
        QuantTypeRow type = QuantTypes.Rows.First(row => !row.Runs);
        using var file = new TemporaryFile(GgufBytes.Start(tensors: 1)
            .Tensor("x", (uint)type.Id, 0, (ulong)type.BlockElements).Data(type.BlockBytes).ToArray());
        GgufFile gguf = GgufFile.Open(file.Path);
        var e = Assert.Throws<GgufException>(gguf.RequireRunnable);
        Assert.Equal(24, e.ByteOffset);
        Assert.Contains($"tensor 'x' has type {type.Name}, which this version does not run;", e.Message,
            StringComparison.Ordinal);
        Assert.Contains("take a Q4_K_M, Q4_0 or Q8_0 file", e.Message, StringComparison.Ordinal);
    }
}
