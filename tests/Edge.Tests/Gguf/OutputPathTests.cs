using System.Diagnostics;
using Edge.Gguf;
using Xunit;

namespace Edge.Tests.Gguf;

/// <summary>What a path leads to, and what a file may replace.</summary>
public sealed class OutputPathTests
{
    [Fact]
    public void Facts_OfALink_AreThoseOfItsTarget()
    {
        using var file = new TemporaryFile(new byte[4321]);
        string link = Beside(file, "link"), second = Beside(file, "second"), hard = Beside(file, "copy");
        File.CreateSymbolicLink(link, file.Path);
        File.CreateSymbolicLink(second, "link");
        Assert.Equal(4321, FileFacts.LengthOf(second));
        Assert.True(FileFacts.AreOne(file.Path, second));
        File.Copy(file.Path, hard);
        Assert.False(FileFacts.AreOne(file.Path, hard));
        Assert.Null(FileFacts.Find(Beside(file, "nothing")));
        Assert.Throws<FileNotFoundException>(() => FileFacts.LengthOf(Beside(file, "nothing")));
        Assert.True(FileFacts.Find(Path.GetDirectoryName(file.Path)!)!.Value.IsFolder);
    }

    [Fact]
    public void Resolve_LinksOnTheWay_GivesWhatTheSystemWouldOpen()
    {
        using var file = new TemporaryFile([1]);
        string folder = Path.GetDirectoryName(file.Path)!;
        Directory.CreateDirectory(Path.Combine(folder, "disk/deep"));
        // Reached through a link, ".." is the target's parent and not the link's.
        File.CreateSymbolicLink(Path.Combine(folder, "short"), Path.Combine(folder, "disk/deep"));
        File.CreateSymbolicLink(Path.Combine(folder, "disk/deep/out"), "../real.gguf");
        string through = Path.Combine(folder, "short/out");
        Assert.Equal(Path.Combine(folder, "disk/real.gguf"), OutputPath.Resolve(through));
        Assert.Equal(Path.Combine(folder, "new"), OutputPath.Resolve(Path.Combine(folder, "new")));
        Assert.Equal(file.Path, OutputPath.Resolve(file.Path));
    }

    [Fact]
    public void Resolve_WhatIsNoFile_IsRefusedByKind()
    {
        using var file = new TemporaryFile();
        string fifo = Beside(file, "fifo"), round = Beside(file, "round"), away = Beside(file, "away");
        Process.Start("mkfifo", [fifo]).WaitForExit();
        File.CreateSymbolicLink(round, "round");
        File.CreateSymbolicLink(away, "/nonexistent/model.gguf");
        Assert.Contains("a pipe", Refused(fifo), StringComparison.Ordinal);
        Assert.Contains("is a directory", Refused(Path.GetDirectoryName(file.Path)!), StringComparison.Ordinal);
        Assert.Contains("circle", Refused(round), StringComparison.Ordinal);
        Assert.Contains("/nonexistent", Refused(away), StringComparison.Ordinal);
    }

    private static string Refused(string path) => Assert.Throws<IOException>(() => OutputPath.Resolve(path)).Message;

    private static string Beside(TemporaryFile file, string name) =>
        Path.Combine(Path.GetDirectoryName(file.Path)!, name);
}
