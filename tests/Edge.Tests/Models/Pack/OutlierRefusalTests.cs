using System.Buffers.Binary;
using System.Text;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Edge.Tests.Models.Streaming;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Outliers with one fault each are refused, by tensor and byte: when they are loaded, or, when they stream,
/// before they are used.</summary>
[Collection("packed demo")]
public sealed class OutlierRefusalTests(PackedDemo demo)
{
    private const string Owner = "blk.1.ffn_down_exps.weight", Apart = Owner + ".outliers";
    private const int Rows = 256;
    private static readonly int[] Ids = DemoModel.Reference("q8_0")[5].Ids;
    private static readonly PackOptions Options = new() { Target = PackTarget.Digits3, Outliers = 0.0045 };

    /// <summary>Faults of the third expert's words, behind a digest that fits, and the word that is named.</summary>
    private static readonly Dictionary<string, (PackedBytes.Edit Edit, string Message)> Forged = new()
    {
        ["first start"] = ((w, _) => w[0] = Rows, "begins its entries at word 256, and should at 257"),
        ["a start beyond the end"] = ((w, _) => w[7] = w.Length + 1, "ends row 6 at word"),
        ["a huge start"] = ((w, _) => w[Rows] = -1, "ends row 255 at word 4294967295"),
        ["a start that goes back"] = ((w, _) => w[9] = 12, "ends row 8 at word 12 of"),
        ["a column beyond the matrix"] = ((w, _) => w[Rows + 1] |= 0xFFFF, "in column 65535 of 256"),
        ["columns out of order"] = ((w, _) => Swap(w), "behind column"),
        ["a column twice"] = ((w, _) => w[Pair(w) + 1] = w[Pair(w)], "behind column"),
        ["an infinite value"] = ((w, _) => w[Rows + 1] = w[Rows + 1] & 0xFFFF | 0x7C00 << 16, "infinite or no number"),
        ["no number"] = ((w, _) => w[Rows + 1] = w[Rows + 1] & 0xFFFF | 0x7E01 << 16, "infinite or no number"),
        ["a rest that is not zero"] = ((w, _) => Shorten(w), "behind its last entry"),
    };

    public static TheoryData<string> Forgeries() => [.. Forged.Keys];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void Load_ForgedEntries_AreRefusedByTensorAndByte(string fault)
    {
        (byte[] bytes, string message) = Forge(fault);
        using var file = new TemporaryFile(bytes);
        GgufTensor tensor = GgufFile.Open(file.Path).Get(Apart);
        foreach (WeightLoading loading in Enum.GetValues<WeightLoading>())
            foreach (Arithmetic arithmetic in Enum.GetValues<Arithmetic>())
            {
                var error = Assert.Throws<GgufException>(() => Model.Load(file.Path, new ModelOptions
                {
                    Threads = 1, Loading = loading, Arithmetic = arithmetic,
                }).Dispose());
                Assert.Contains($"tensor '{Apart}', matrix 2,", error.Message, StringComparison.Ordinal);
                Assert.Contains(message, error.Message, StringComparison.Ordinal);
                long matrix = tensor.Offset + 2 * tensor.Bytes / 8;
                Assert.InRange(error.ByteOffset, matrix, matrix + tensor.Columns * 4);
            }
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void Forward_ForgedEntriesThatStream_FailTheStepByName(string fault)
    {
        (byte[] bytes, string message) = Forge(fault);
        using var file = new TemporaryFile(bytes);
        using Model model = Model.Load(file.Path, new ModelOptions
        {
            Threads = 1, Memory = StreamedExpertsTests.Budget(file.Path, 4),
        });
        using KvCache cache = model.CreateCache(256);
        // Every expert is used within a prompt.
        var error = Assert.Throws<WeightReadException>(() => { DemoModel.Run(model, cache, Ids, 64); });
        Assert.Contains($"tensor '{Apart}', matrix 2,", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FlippedBit_IsRefusedByItsDigest()
    {
        string path = demo.Get("q8_0", Options).Path;
        byte[] bytes = File.ReadAllBytes(path);
        GgufTensor tensor = GgufFile.Open(path).Get(Apart);
        bytes[tensor.Offset + 5 * tensor.Bytes / 8 + 1500] ^= 4;
        GgufException error = Refused(bytes);
        Assert.Contains($"'{Apart}', matrix 5, has other bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(tensor.Offset + 5 * tensor.Bytes / 8, error.ByteOffset);
    }

    [Fact]
    public void Load_MislabelledOutliers_AreRefused()
    {
        string path = demo.Get("q8_0", Options).Path;
        GgufTensor tensor = GgufFile.Open(path).Get(Apart);
        // The entry: length and name, dimensions, three lengths, type, offset.
        int behind = (int)tensor.EntryOffset + sizeof(ulong) + Apart.Length + sizeof(uint);
        Assert.Contains($"'{Apart}' is labelled SPARSE_BF16", Edited(path, behind + 24, QuantType.SPARSE_BF16).Message,
            StringComparison.Ordinal);
        Assert.Contains($"'{Apart}' is labelled SPARSE_F16, 40", Edited(path, behind, (QuantType)40).Message,
            StringComparison.Ordinal);
        Assert.Contains($"'{Apart}' is labelled SPARSE_F16, {tensor.Columns} × 1 × 4",
            Edited(path, behind + 16, (QuantType)4).Message, StringComparison.Ordinal);
        Assert.Contains("lies at byte", Edited(path, behind + 28, (QuantType)(uint)(tensor.Offset % 4096 + 64)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Apart, "blk.1.ffn_down_exps.weight.outlierz")]
    [InlineData(Owner + ".outliers", "blk.1.ffn_gate_inp.weight.outliers")]
    public void Load_OutliersOfNoDigits_AreRefused(string name, string other)
    {
        using var file = new TemporaryFile();
        Rewrite(demo.Get("q8_0", Options).Path, file.Path, name, other);
        GgufException error = Assert.Throws<GgufException>(
            () => Model.Load(file.Path, new ModelOptions { Threads = 1 }).Dispose());
        Assert.Contains($"'{other}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OutliersInTheirMatrixsPlace_AreRefused()
    {
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path, 4096))
        {
            GgufFile from = GgufFile.Open(demo.Get("q8_0", Options).Path);
            foreach (string key in from.Metadata.Keys)
                if (key != "general.alignment" && !key.StartsWith("edge.pack", StringComparison.Ordinal))
                    writer.Copy(from.Metadata, key);
            writer.AddTensor("token_embd.weight", QuantType.SPARSE_F16, 256, 768);
            writer.Write("token_embd.weight", new byte[QuantTypes.Of(QuantType.SPARSE_F16).StackBytes(768, 256)]);
            writer.Complete();
        }
        GgufException error = Assert.Throws<GgufException>(
            () => Model.Load(file.Path, new ModelOptions { Threads = 1 }).Dispose());
        Assert.Contains("SPARSE_F16 in a file without edge.pack.version", error.Message, StringComparison.Ordinal);
    }

    private (byte[] Bytes, string Message) Forge(string fault)
    {
        (PackedBytes.Edit edit, string message) = Forged[fault];
        return (PackedBytes.Change(demo.Get("q8_0", Options).Path, Apart, (words, matrix) =>
        {
            if (matrix == 2) edit(words, matrix);
        }), message);
    }

    private static GgufException Refused(byte[] bytes)
    {
        using var file = new TemporaryFile(bytes);
        return Assert.Throws<GgufException>(
            () => Model.Load(file.Path, new ModelOptions { Threads = 1 }).Dispose());
    }

    private static GgufException Edited(string path, int at, QuantType value)
    {
        byte[] bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)value);
        return Refused(bytes);
    }

    /// <summary>The same file with one tensor under another name, labels and digests made to fit.</summary>
    private static void Rewrite(string path, string to, string name, string other)
    {
        GgufFile from = GgufFile.Open(path);
        byte[] bytes = File.ReadAllBytes(path);
        string Renamed(GgufTensor tensor) => tensor.Name == name ? other : tensor.Name;
        using var writer = new GgufWriter(to, 4096);
        foreach (string key in from.Metadata.Keys)
            if (key is not ("general.alignment" or PackHeader.LabelsKey)) writer.Copy(from.Metadata, key);
        writer.SetArray<ulong>(PackHeader.LabelsKey,
            [.. from.Tensors.Select(tensor => PackHeader.Label(Renamed(tensor), tensor.Type, tensor.Shape))]);
        foreach (GgufTensor tensor in from.Tensors)
            writer.AddTensor(Renamed(tensor), tensor.Type, tensor.Shape.ToArray());
        foreach (GgufTensor tensor in from.Tensors)
            writer.Write(Renamed(tensor), bytes.AsSpan((int)tensor.Offset, (int)tensor.Bytes));
        writer.Complete();
    }

    /// <summary>Of a row with two entries or more, the first.</summary>
    private static int Pair(Span<int> words)
    {
        for (int r = 0; r < Rows; r++)
            if (words[r + 1] - words[r] > 1) return words[r];
        throw new InvalidOperationException("no row has two entries");
    }

    private static void Swap(Span<int> words)
    {
        int at = Pair(words);
        (words[at], words[at + 1]) = (words[at + 1], words[at]);
    }

    private static void Shorten(Span<int> words)
    {
        for (int r = Rows; words[r] == words[Rows] && words[r] > Rows + 1 && r > 0; r--)
            if (words[r] == words.Length) words[r]--;
        for (int r = Rows - 1, end = words.Length - 1; r > 0 && words[r] > end; r--) words[r] = end;
    }
}
