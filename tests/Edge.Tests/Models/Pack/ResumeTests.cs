using Edge.Models.Pack;
using Edge.Tests.Gguf;
using Xunit;

namespace Edge.Tests.Models.Pack;

/// <summary>A packing that is stopped, or killed, goes on where it was.</summary>
public sealed class ResumeTests
{
    private static readonly PackOptions Options = new() { Target = PackTarget.Digits3, Threads = 2 };
    private static readonly Lazy<byte[]> Whole = new(() =>
    {
        using var output = new TemporaryFile();
        ModelPacker.Pack(DemoModel.File("q8_0"), output.Path, Options);
        return File.ReadAllBytes(output.Path);
    });

    [Fact]
    public void Pack_AfterAStop_WritesTheSameFileAndConvertsTheRestAlone()
    {
        using var output = new TemporaryFile();
        Stop(output.Path, Options, 0.5);
        Assert.Equal(["model.gguf.part", "model.gguf.part.log"], Names(output));

        var steps = new List<long>();
        IReadOnlyList<PackedTensor> rows = Pack(output.Path, Options, steps.Add);

        Assert.Equal(Whole.Value, File.ReadAllBytes(output.Path));
        Assert.Equal(["model.gguf"], Names(output));
        // Whole tensors at once, then in parts; the errors of those that were done are known all the same.
        Assert.True(steps.Count > rows.Count);
        Assert.All(rows, row => Assert.Equal(row.From != row.To, row.RelativeError > 0));
    }

    [Fact]
    public void Pack_StoppedAgainAndAgain_Ends()
    {
        using var output = new TemporaryFile();
        foreach (double part in (double[])[0.2, 0.2, 0.4, 0.8, 0.9]) Stop(output.Path, Options, part);
        Pack(output.Path, Options, _ => { });
        Assert.Equal(Whole.Value, File.ReadAllBytes(output.Path));
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("cut the log")]
    [InlineData("nonsense in the log")]
    [InlineData("no part")]
    [InlineData("other options")]
    public void Pack_APartThatIsNotWhatItWas_DoesNotGetIntoTheFile(string fault)
    {
        using var output = new TemporaryFile();
        string part = output.Path + ".part", log = part + ".log";
        Stop(output.Path, fault == "other options" ? Options with { Target = PackTarget.Digits2 } : Options, 0.6);
        byte[] bytes = File.ReadAllBytes(part);
        switch (fault)
        {
            case "flip":
                bytes[bytes.Length / 3] ^= 1;
                File.WriteAllBytes(part, bytes);
                break;
            case "cut": File.WriteAllBytes(part, bytes[..(bytes.Length / 3)]); break;
            case "cut the log": File.WriteAllText(log, File.ReadAllText(log)[..^20]); break;
            case "nonsense in the log":
                File.AppendAllText(log, "tensor:output_norm.weight 1 2 3 4 .\ntensor:x\n\n\u0001 .\n tensor: .");
                break;
            case "no part": File.Delete(part); break;
            default: break;
        }
        Pack(output.Path, Options, _ => { });
        Assert.Equal(Whole.Value, File.ReadAllBytes(output.Path));
        Assert.Equal(["model.gguf"], Names(output));
    }

    [Fact]
    public void Pack_MixedStopped_GoesOnWithTheMeasuredLosses()
    {
        var options = new PackOptions { Target = PackTarget.Mixed, TargetBytes = 2_900_000, Threads = 2 };
        using var once = new TemporaryFile();
        Pack(once.Path, options, _ => { });
        using var twice = new TemporaryFile();
        Stop(twice.Path, options, 0.5);
        Pack(twice.Path, options, _ => { });
        Assert.Equal(File.ReadAllBytes(once.Path), File.ReadAllBytes(twice.Path));
    }

    [Fact]
    public void Pack_WhileAnotherPacksToTheSameFile_IsRefused()
    {
        using var output = new TemporaryFile();
        bool refused = false;
        Pack(output.Path, Options, _ =>
        {
            if (refused) return;
            Assert.Throws<IOException>(() => Pack(output.Path, Options, _ => { }));
            refused = true;
        });
        Assert.Equal(Whole.Value, File.ReadAllBytes(output.Path));
    }

    private static IReadOnlyList<PackedTensor> Pack(string path, PackOptions options, Action<long> progress) =>
        ModelPacker.Pack(DemoModel.File("q8_0"), path, options, p => progress(p.Done));

    private static void Stop(string path, PackOptions options, double part)
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ModelPacker.Pack(DemoModel.File("q8_0"), path, options,
            p =>
            {
                if (p.Done > part * p.All) stop.Cancel();
            }, cancel: stop.Token));
    }

    private static IEnumerable<string?> Names(TemporaryFile file) =>
        file.FolderEntries.Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
