using System.Diagnostics;
using System.Runtime.InteropServices;
using Edge.Gguf;
using Edge.Models;
using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>Where a packed file goes, what it must not replace, and what of its source is refused.</summary>
public sealed class PackPlaceTests
{
    private const string Matrix = "blk.0.ffn_up.weight", Norm = "blk.0.attn_norm.weight";

    [Fact]
    public void Pack_OutputThatIsTheModelByAnotherName_IsRefusedAndTheModelStays()
    {
        using TemporaryFile model = Model();
        byte[] before = File.ReadAllBytes(model.Path);
        string link = Beside(model, "link.gguf");
        File.CreateSymbolicLink(link, model.Path);
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)
            [(link, model.Path), (model.Path, link), (link, link)])
            Assert.Contains("is the model itself", Assert.Throws<IOException>(
                () => ModelPacker.Pack(from, to, new PackOptions())).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(model.Path));
        Assert.Equal(2, model.FolderEntries.Length);
    }

    [Fact]
    public void Pack_ToALink_ReplacesItsTargetAndLeavesTheLink()
    {
        using TemporaryFile model = Model(), whole = new(name: "whole.gguf");
        using var disk = new TemporaryFile([7], "real.gguf");
        string link = Beside(model, "out.gguf");
        File.CreateSymbolicLink(link, disk.Path);
        ModelPacker.Pack(model.Path, link, new PackOptions());
        ModelPacker.Pack(model.Path, whole.Path, new PackOptions());
        Assert.Equal(disk.Path, new FileInfo(link).LinkTarget);
        Assert.Equal(File.ReadAllBytes(whole.Path), File.ReadAllBytes(disk.Path));
        Assert.Single(disk.FolderEntries);
    }

    [Fact]
    public void Pack_ToAPipe_IsRefusedAndThePipeStays()
    {
        using TemporaryFile model = Model();
        string fifo = Beside(model, "fifo");
        Process.Start("mkfifo", [fifo]).WaitForExit();
        Assert.Throws<IOException>(() => ModelPacker.Pack(model.Path, fifo, new PackOptions()));
        Assert.False(FileFacts.Find(fifo)!.Value.IsRegular);
    }

    [Theory]
    [InlineData(".part")]
    [InlineData(".part.log")]
    public void Pack_BesideAStrangersPart_IsRefusedAndItStays(string ending)
    {
        using TemporaryFile model = Model();
        string output = Beside(model, "out.gguf"), theirs = output + ending;
        File.WriteAllText(theirs, "GGUF of a download that is under way");
        string message = Assert.Throws<IOException>(
            () => ModelPacker.Pack(model.Path, output, new PackOptions())).Message;
        Assert.Contains(theirs, message, StringComparison.Ordinal);
        Assert.Contains("move or delete it", message, StringComparison.Ordinal);
        Assert.Equal("GGUF of a download that is under way", File.ReadAllText(theirs));
        Assert.Equal(2, model.FolderEntries.Length);
    }

    [Theory]
    [InlineData(Matrix)]
    [InlineData(Norm)]
    public void Pack_DamagedFileWithDigests_IsRefusedByTensor(string victim)
    {
        using TemporaryFile model = Model(), kept = new(name: "kept.gguf"), output = new();
        ModelPacker.Pack(model.Path, kept.Path, new PackOptions { Target = PackTarget.Keep });
        ModelPacker.Pack(kept.Path, output.Path, new PackOptions()); // undamaged
        byte[] bytes = File.ReadAllBytes(kept.Path);
        bytes[(int)GgufFile.Open(kept.Path).Get(victim).Offset + 5] ^= 1;
        File.WriteAllBytes(kept.Path, bytes);
        GgufException error = Assert.Throws<GgufException>(
            () => ModelPacker.Pack(kept.Path, output.Path, new PackOptions()));
        Assert.Contains($"'{victim}' has other bytes than were packed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Norm, PackTarget.Digits4)]
    [InlineData(Matrix, PackTarget.Keep)]
    public void Pack_KeptFloatsThatAreNoNumbers_AreRefusedByTensor(string victim, PackTarget target)
    {
        using TemporaryFile model = Model(victim), output = new(name: "out.gguf");
        GgufException error = Assert.Throws<GgufException>(
            () => ModelPacker.Pack(model.Path, output.Path, new PackOptions { Target = target }));
        Assert.Contains($"'{victim}' has 1 weights", error.Message, StringComparison.Ordinal);
        Assert.Contains("download or convert it again", error.Message, StringComparison.Ordinal);
        Assert.Empty(output.FolderEntries);
    }

    [Fact]
    public void Require_WhatCannotBe_IsRefusedWithoutReadingAWeight()
    {
        using TemporaryFile model = Model(Matrix), output = new(name: "out.gguf");
        var mixed = new PackOptions { Target = PackTarget.Mixed, TargetBytes = 100 };
        Assert.Contains("fewest bits", Assert.Throws<ArgumentException>(
            () => ModelPacker.Require(model.Path, null, mixed)).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(
            () => ModelPacker.Require(model.Path, "/nonexistent/out.gguf", new PackOptions()));
        Assert.Throws<IOException>(() => ModelPacker.Require(model.Path, model.Path, new PackOptions()));
        ModelPacker.Require(model.Path, output.Path, new PackOptions());
        Assert.Empty(output.FolderEntries);
    }

    [Fact]
    public void Pack_MixedPerExpertWithOutliers_HasTheSizeThatWasForecastAndNotMore()
    {
        const string Stack = "blk.0.ffn_up_exps.weight";
        const int Columns = 1024, Rows = 16, Experts = 12;
        using var model = new TemporaryFile();
        using (var writer = new GgufWriter(model.Path))
        {
            writer.Set("general.architecture", "llama");
            writer.AddTensor(Stack, QuantType.F32, Columns, Rows, Experts);
            writer.Write(Stack, MemoryMarshal.AsBytes(Heavy(Columns * Rows * Experts).AsSpan()));
            writer.Complete();
        }
        bool hasOutliers = false;
        foreach (long target in (long[])[160_000, 175_000])
        {
            using var output = new TemporaryFile(name: "out.gguf");
            var measured = new List<(long, long)>();
            var options = new PackOptions
            {
                Target = PackTarget.Mixed, TargetBytes = target, PerExpert = true, Outliers = 0.01, Threads = 2,
            };
            PackForecast? forecast = null;
            IReadOnlyList<PackedTensor> rows = ModelPacker.Pack(model.Path, output.Path, options,
                planned: plan => forecast = plan, measured: (done, all) => measured.Add((done, all)));
            long size = FileFacts.LengthOf(output.Path);
            Assert.True(size <= target, $"{size} > {target}");
            Assert.Equal(forecast!.FileBytes, size);
            Assert.Equal((Experts, Experts), measured[^1]);
            hasOutliers |= rows.Any(row => row.OutlierShare > 0);
        }
        Assert.True(hasOutliers);
    }

    [Fact]
    public void Pack_GoingOn_SaysWhatIsNotOfThisRun()
    {
        using var output = new TemporaryFile();
        using var stop = new CancellationTokenSource();
        string model = DemoModel.File("q8_0");
        Assert.Throws<OperationCanceledException>(() => ModelPacker.Pack(model, output.Path, new PackOptions(), p =>
        {
            if (p.Done > p.All / 2) stop.Cancel();
        }, cancel: stop.Token));
        var heard = new List<PackProgress>();
        ModelPacker.Pack(model, output.Path, new PackOptions(), heard.Add);
        Assert.Equal(heard[^1].All, heard[^1].Done);
        Assert.InRange(heard[^1].TakenUp, heard[^1].All / 4, heard[^1].All * 3 / 4);
    }

    [Fact]
    public void Load_VectorThatIsNoNumber_IsRefusedByTensor()
    {
        using var file = new TemporaryFile(File.ReadAllBytes(DemoModel.File("q8_0")));
        byte[] bytes = File.ReadAllBytes(file.Path);
        GgufTensor norm = GgufFile.Open(file.Path).Get(Norm);
        BitConverter.TryWriteBytes(bytes.AsSpan((int)norm.Offset + 40), float.NaN);
        File.WriteAllBytes(file.Path, bytes);
        GgufException error = Assert.Throws<GgufException>(
            () => Edge.Models.Model.Load(file.Path, new ModelOptions { Threads = 1 }).Dispose());
        Assert.Contains($"'{Norm}' has 1 weights", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Student's t of three degrees of freedom: tails that outliers are for.</summary>
    private static float[] Heavy(int count)
    {
        var random = new Random(11);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(6.283185 * random.NextDouble());
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            (double a, double b, double c) = (Normal(), Normal(), Normal());
            values[i] = (float)(Normal() / Math.Sqrt((a * a + b * b + c * c) / 3 + 1e-9));
        }
        return values;
    }

    /// <summary>A matrix and a norm; <paramref name="bad"/>: the one that has a NaN.</summary>
    private static TemporaryFile Model(string? bad = null)
    {
        var file = new TemporaryFile(name: "source.gguf");
        using var writer = new GgufWriter(file.Path);
        writer.Set("general.architecture", "llama");
        writer.AddTensor(Norm, QuantType.F32, 128);
        writer.AddTensor(Matrix, QuantType.F32, 128, 20);
        foreach ((string name, int count) in (ReadOnlySpan<(string, int)>)[(Norm, 128), (Matrix, 128 * 20)])
        {
            float[] values = Heavy(count);
            if (name == bad) values[77] = float.NaN;
            writer.Write(name, MemoryMarshal.AsBytes(values.AsSpan()));
        }
        writer.Complete();
        return file;
    }

    private static string Beside(TemporaryFile file, string name) =>
        Path.Combine(Path.GetDirectoryName(file.Path)!, name);
}
