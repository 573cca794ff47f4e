using Edge.Gguf;
using Edge.Models.Pack;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Models that are split over several files are packed as one.</summary>
public sealed class SplitModelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edge-split-");
    private readonly GgufFile _whole = GgufFile.Open(ArchitectureTests.File("mixtral"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Pack_AnyPart_JoinsAll(int given)
    {
        for (int i = 0; i < 3; i++) WritePart(i, 3);
        string output = Path.Combine(_folder.FullName, "joined.gguf");
        ModelPacker.Pack(PathOf(given, 3), output, new PackOptions { Target = PackTarget.Keep });
        GgufFile joined = GgufFile.Open(output);
        Assert.DoesNotContain(joined.Metadata.Keys, key => key.StartsWith("split.", StringComparison.Ordinal));
        Assert.Equal(_whole.Tensors.Select(t => t.Name).Order(), joined.Tensors.Select(t => t.Name).Order());
        int[] ids = [3, 9, 12, 40, 5];
        Assert.Equal(Hub.HubFolders.Logits(ArchitectureTests.File("mixtral"), ids),
            Hub.HubFolders.Logits(output, ids));
        Assert.Contains("edge pack -m m-00001-of-00003.gguf",
            Assert.Throws<GgufException>(() => GgufFile.Open(PathOf(2, 3))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "part 'm-00002-of-00003.gguf' of 3 is missing")]
    [InlineData("count", "is of 4 parts, not of 3")]
    [InlineData("number", "says that it is part 3")]
    [InlineData("vocabulary", "its vocabulary differs from the first part's")]
    [InlineData("architecture", "is of another model: general.architecture is 'qwen2'")]
    [InlineData("twice", "stands in two parts of the model")]
    [InlineData("tensors", "split.tensors.count is")]
    public void Pack_PartsThatDoNotFit_SaysWhat(string fault, string message)
    {
        WritePart(0, 3);
        WritePart(2, 3);
        if (fault != "missing") WritePart(1, 3, fault);
        var error = Assert.Throws<GgufException>(() => ModelPacker.Pack(PathOf(1, 3),
            Path.Combine(_folder.FullName, "out.gguf"), new PackOptions { Target = PackTarget.Keep }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private string PathOf(int number, int count) => Path.Combine(_folder.FullName, $"m-{number:D5}-of-{count:D5}.gguf");

    private unsafe void WritePart(int index, int count, string fault = "")
    {
        using WeightFile weights = WeightFile.Open(_whole, WeightLoading.Map);
        using var writer = new GgufWriter(PathOf(index + 1, count));
        if (index == 0)
            foreach (string key in _whole.Metadata.Keys) writer.Copy(_whole.Metadata, key);
        if (index == 0) writer.SetArray("tokenizer.ggml.tokens", ["a", "b"]);
        if (fault == "vocabulary") writer.SetArray("tokenizer.ggml.tokens", ["a", "c"]);
        if (fault == "architecture") writer.Set("general.architecture", "qwen2");
        writer.Set("split.no", (ushort)(fault == "number" ? 2 : index));
        writer.Set("split.count", (ushort)(fault == "count" ? 4 : count));
        writer.Set("split.tensors.count", _whole.Tensors.Count);
        var mine = new List<GgufTensor>();
        for (int i = 0; i < _whole.Tensors.Count; i++)
            if (i % count == index || fault == "twice" && i == 0) mine.Add(_whole.Tensors[i]);
        if (fault == "tensors") mine.RemoveAt(0);
        foreach (GgufTensor tensor in mine) writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Shape]);
        foreach (GgufTensor tensor in mine)
            writer.Write(tensor.Name, new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes));
        writer.Complete();
    }
}
