using Edge.Gguf;
using Edge.Tests.Gguf;
using Edge.Weights;
using Xunit;

namespace Edge.Tests.Weights;

public sealed unsafe class WeightFileTests
{
    private const int LargeBytes = 9 << 20;

    /// <summary>Small tensors around one that is larger than a read, at an alignment that is none of the
    /// block's.</summary>
    private static GgufFile Sample(TemporaryFile file)
    {
        (string Name, int Bytes)[] tensors = [("a", 40), ("b", 4), ("large", LargeBytes + 12), ("c", 400), ("d", 8)];
        var random = new Random(3);
        using var writer = new GgufWriter(file.Path, alignment: 8);
        foreach ((string name, int bytes) in tensors) writer.AddTensor(name, QuantType.F32, bytes / 4);
        foreach ((string name, int bytes) in tensors)
        {
            var data = new byte[bytes];
            random.NextBytes(data);
            writer.Write(name, data);
        }
        writer.Complete();
        return GgufFile.Open(file.Path);
    }

    [Theory]
    [InlineData(WeightLoading.Map)]
    [InlineData(WeightLoading.Read)]
    public void Address_EveryTensor_HoldsTheFilesBytes(WeightLoading loading)
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        byte[] bytes = File.ReadAllBytes(file.Path);
        using WeightFile weights = WeightFile.Open(gguf, loading);
        foreach (GgufTensor tensor in gguf.Tensors)
        {
            var held = new ReadOnlySpan<byte>(weights.Address(tensor), (int)tensor.Bytes);
            Assert.True(held.SequenceEqual(bytes.AsSpan((int)tensor.Offset, (int)tensor.Bytes)), tensor.Name);
            if (loading == WeightLoading.Read) Assert.Equal(0, (nint)weights.Address(tensor) % 64);
            else Assert.Equal(tensor.Offset % 4096, (nint)weights.Address(tensor) % 4096);
        }
    }

    [Fact]
    public void Address_DataInAnotherOrderThanTheHeader_IsFound()
    {
        byte[] bytes = GgufBytes.Start(tensors: 2).Tensor("late", 0, 1 << 20, 1).Tensor("early", 0, 0, 1)
            .Data((1 << 20) + 4).ToArray();
        bytes[^1] = 7;
        bytes[^((1 << 20) + 1)] = 5;
        using var file = new TemporaryFile(bytes);
        GgufFile gguf = GgufFile.Open(file.Path);
        foreach (WeightLoading loading in Enum.GetValues<WeightLoading>())
        {
            using WeightFile weights = WeightFile.Open(gguf, loading);
            Assert.Equal(7, weights.Address(gguf.Get("late"))[3]);
            Assert.Equal(5, weights.Address(gguf.Get("early"))[3]);
        }
    }

    [Fact]
    public void Open_Read_ReportsProgressToTheEnd()
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        var seen = new List<(long Done, long Total)>();
        using (WeightFile.Open(gguf, WeightLoading.Read, (done, total) => seen.Add((done, total)))) { }
        Assert.Equal(seen.Select(s => s.Done).Order(), seen.Select(s => s.Done));
        Assert.All(seen, s => Assert.Equal(gguf.Tensors.Sum(t => t.Bytes), s.Total));
        Assert.Equal(seen[^1].Total, seen[^1].Done);
        Assert.InRange(seen.Count, 4, 12);
    }

    [Fact]
    public void Release_MappedTensor_KeepsItsBytes()
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        byte[] bytes = File.ReadAllBytes(file.Path);
        foreach (WeightLoading loading in Enum.GetValues<WeightLoading>())
        {
            using WeightFile weights = WeightFile.Open(gguf, loading);
            foreach (GgufTensor tensor in gguf.Tensors) weights.Release(tensor);
            foreach (GgufTensor tensor in gguf.Tensors)
                Assert.Equal(bytes[tensor.Offset + tensor.Bytes - 1], weights.Address(tensor)[tensor.Bytes - 1]);
        }
    }

    [Theory]
    [InlineData(WeightLoading.Map, -100)]
    [InlineData(WeightLoading.Read, -100)]
    [InlineData(WeightLoading.Map, 100)]
    public void Open_FileOfAnotherLengthThanItsHeaderSaw_IsRefused(WeightLoading loading, int change)
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        using (FileStream stream = File.OpenWrite(file.Path)) stream.SetLength(stream.Length + change);
        var e = Assert.Throws<GgufException>(() => WeightFile.Open(gguf, loading));
        Assert.Contains(
            $"it had {gguf.FileBytes} bytes and has {gguf.FileBytes + change}", e.Message, StringComparison.Ordinal);
        Assert.Contains("download or copy has ended", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileWrittenSinceItsHeaderWasRead_IsRefused()
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        File.SetLastWriteTimeUtc(file.Path, gguf.LastWriteUtc.AddSeconds(1));
        var e = Assert.Throws<GgufException>(() => WeightFile.Open(gguf, WeightLoading.Map));
        Assert.Contains("written to while it was opened", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileCutWhileItIsRead_NamesTensorAndByte()
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        GgufTensor large = gguf.Get("large");
        long cut = large.Offset + (5 << 20);
        void Cut(long done, long total)
        {
            using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(Math.Min(stream.Length, cut));
        }

        var e = Assert.Throws<GgufException>(() => WeightFile.Open(gguf, WeightLoading.Read, Cut));

        Assert.Equal(cut, e.ByteOffset);
        Assert.Contains("tensor 'large'", e.Message, StringComparison.Ordinal);
        Assert.Contains($"ends at {cut}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TypeWithoutKernels_IsRefused()
    {
        QuantTypeRow type = QuantTypes.Rows.First(row => !row.Runs);
        using var file = new TemporaryFile();
        using (var writer = new GgufWriter(file.Path))
        {
            writer.AddTensor("x", type.Id, type.BlockElements);
            writer.Write("x", new byte[type.BlockBytes]);
            writer.Complete();
        }
        GgufFile gguf = GgufFile.Open(file.Path);
        var e = Assert.Throws<GgufException>(() => WeightFile.Open(gguf, WeightLoading.Map));
        Assert.Contains($"has type {type.Name}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_Twice_AndUseAfter()
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file);
        foreach (WeightLoading loading in Enum.GetValues<WeightLoading>())
        {
            WeightFile weights = WeightFile.Open(gguf, loading);
            weights.Dispose();
            weights.Dispose();
            Assert.Throws<ObjectDisposedException>(() => (nint)weights.Address(gguf.Tensors[0]));
        }
    }

    [Fact]
    public void Address_TensorOfAnotherFile_Throws()
    {
        using var file = new TemporaryFile();
        GgufFile gguf = Sample(file), again = GgufFile.Open(file.Path);
        using WeightFile weights = WeightFile.Open(gguf, WeightLoading.Map);
        Assert.Throws<KeyNotFoundException>(() => (nint)weights.Address(again.Tensors[0]));
    }
}
