using System.Buffers.Binary;
using System.Text;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Packed files with one fault each are refused when loaded, by tensor and byte.</summary>
[Collection("packed demo")]
public sealed class PackRefusalTests(PackedDemo demo)
{
    private const string Victim = "blk.1.attn_q.weight", Stack = "blk.2.ffn_up_exps.weight", Norm =
        "blk.0.attn_norm.weight";

    private delegate byte[] Change(byte[] bytes, GgufFile file);

    private static readonly Dictionary<string, (Change Change, string Message)> Faults = new()
    {
        ["a flipped bit"] = ((b, f) => Flip(b, f.Get(Victim).Offset + 777), $"'{Victim}' has other bytes"),
        ["a flipped bit in the sixth expert"] =
            ((b, f) =>
                Flip(b, f.Get(Stack).Offset + 5 * f.Get(Stack).Bytes / 8), $"'{Stack}', matrix 5, has other bytes"),
        ["a flipped bit in the padding"] =
            ((b, f) => Flip(b, f.Get(Stack).Offset + f.Get(Stack).Bytes - 1), $"'{Stack}', matrix 7, has other bytes"),
        ["a flipped bit in a vector"] = ((b, f) => Flip(b, f.Get(Norm).Offset + 3), $"'{Norm}' has other bytes"),
        ["another packed type"] =
            ((b, f) => Type(b, f, QuantType.TERNARY_2_0),
                $"'{Victim}' is labelled TERNARY_2_0, 256 × 256, which is not what was packed"),
        ["an unknown packed type"] = ((b, f) =>
            Type(b, f, (QuantType)0x45440063), $"'{Victim}' has type number 1162084451"),
        ["another shape"] = ((b, f) => Shape(b, f, 128), $"'{Victim}' is labelled DIGITS2_G128, 256 × 128"),
        ["no multiple of the group"] = ((b, f) =>
            Shape(b, f, 64, dimension: 0), $"'{Victim}' has 64 columns, no multiple"),
        ["off its page"] = ((b, f) => Offset(b, f, 2048), $"'{Victim}' lies at byte"),
        ["a page that is not its own"] = ((b, f) => Offset(b, f, 4096), "overlap"),
        ["cut"] = ((b, _) => b[..^5000], "truncated"),
        ["another version"] = ((b, f) => Value(b, f, PackHeader.VersionKey, 2), "packed in version 2"),
        ["another layout"] = ((b, f) => Text(b, f, PackHeader.LayoutKey, "digits-9"), "layout 'digits-9'"),
        ["no header"] = ((b, f) => Key(b, f, PackHeader.VersionKey, "edge.pack.VERSION"),
            "is DIGITS2_G128 in a file without edge.pack.version"),
        ["no labels"] = ((b, f) =>
            Key(b, f, PackHeader.LabelsKey, "edge.pack.LABELS"), "'edge.pack.labels' is missing"),
        ["small alignment"] = ((b, f) => Value(b, f, "general.alignment", 1024), "lies at byte"),
    };

    public static TheoryData<string, WeightLoading> Cases()
    {
        var cases = new TheoryData<string, WeightLoading>();
        foreach (string fault in Faults.Keys)
        {
            cases.Add(fault, WeightLoading.Map);
            cases.Add(fault, WeightLoading.Read);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_DamagedPackedFile_NamesTensorAndByte(string fault, WeightLoading loading)
    {
        string path = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits2 }).Path;
        (Change change, string message) = Faults[fault];
        using var file = new TemporaryFile(change(File.ReadAllBytes(path), GgufFile.Open(path)));
        GgufException error = Assert.Throws<GgufException>(
            () => Model.Load(file.Path, new ModelOptions { Threads = 1, Loading = loading }).Dispose());
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.InRange(error.ByteOffset, fault == "no labels" ? 0 : 1, File.ReadAllBytes(file.Path).Length);
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(-1)]
    [InlineData(255)]
    public void Load_RowCountInTheTilesThatLies_IsRefusedThoughTheDigestFits(int rows)
    {
        string path = demo.Get("q8_0", new PackOptions { Target = PackTarget.Ternary }).Path;
        GgufFile good = GgufFile.Open(path);
        byte[] bytes = File.ReadAllBytes(path);
        GgufTensor victim = good.Get(Victim);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan((int)victim.Offset + 4), rows);
        var digest = new Checksum();
        digest.Add(bytes.AsSpan((int)victim.Offset, (int)victim.Bytes));
        int before = good.Tensors.TakeWhile(t => t != victim).Sum(t => PackHeader.Matrices(t.Type, t.Shape));
        int at = ValueAt(good, PackHeader.DigestsKey) + sizeof(uint) + sizeof(ulong) * (1 + before);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), digest.Value);
        using var file = new TemporaryFile(bytes);
        GgufException error = Assert.Throws<GgufException>(
            () => Model.Load(file.Path, new ModelOptions { Threads = 1 }).Dispose());
        Assert.Contains($"'{Victim}', matrix 0, says that it has {rows} rows, and has 256", error.Message,
            StringComparison.Ordinal);
        Assert.Equal(victim.Offset, error.ByteOffset);
    }

    [Fact]
    public void Load_UndamagedPackedFile_IsNotRefused()
    {
        string path = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits2 }).Path;
        foreach (WeightLoading loading in Enum.GetValues<WeightLoading>())
            Model.Load(path, new ModelOptions { Threads = 1, Loading = loading }).Dispose();
    }

    [Fact]
    public void Pack_PackedFile_IsRefused()
    {
        string path = demo.Get("q8_0", new PackOptions { Target = PackTarget.Digits2 }).Path;
        using var output = new TemporaryFile();
        GgufException error = Assert.Throws<GgufException>(() =>
            ModelPacker.Pack(path, output.Path, new PackOptions()));
        Assert.Contains("packed already", error.Message, StringComparison.Ordinal);
        Assert.Empty(output.FolderEntries);
    }

    private static byte[] Flip(byte[] bytes, long at)
    {
        bytes[at] ^= 0x10;
        return bytes;
    }

    // A tensor's entry: name length, name, dimensions, two lengths, type, offset.
    private static int Field(GgufFile file, int behindName) =>
        (int)file.Get(Victim).EntryOffset + sizeof(ulong) + Victim.Length + behindName;

    private static byte[] Type(byte[] bytes, GgufFile file, QuantType type)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Field(file, 20)), (uint)type);
        return bytes;
    }

    private static byte[] Shape(byte[] bytes, GgufFile file, ulong length, int dimension = 1)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Field(file, 4 + 8 * dimension)), length);
        return bytes;
    }

    private static byte[] Offset(byte[] bytes, GgufFile file, ulong more)
    {
        Span<byte> at = bytes.AsSpan(Field(file, 24));
        BinaryPrimitives.WriteUInt64LittleEndian(at, BinaryPrimitives.ReadUInt64LittleEndian(at) + more);
        return bytes;
    }

    private static int ValueAt(GgufFile file, string key) =>
        (int)file.Metadata.OffsetOf(key) + sizeof(ulong) + key.Length + sizeof(uint);

    private static byte[] Value(byte[] bytes, GgufFile file, string key, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ValueAt(file, key)), value);
        return bytes;
    }

    private static byte[] Text(byte[] bytes, GgufFile file, string key, string value)
    {
        Encoding.ASCII.GetBytes(value).CopyTo(bytes.AsSpan(ValueAt(file, key) + sizeof(ulong)));
        return bytes;
    }

    private static byte[] Key(byte[] bytes, GgufFile file, string key, string other)
    {
        Encoding.ASCII.GetBytes(other).CopyTo(bytes.AsSpan((int)file.Metadata.OffsetOf(key) + sizeof(ulong)));
        return bytes;
    }
}
