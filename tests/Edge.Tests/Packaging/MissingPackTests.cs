using System.Diagnostics;
using Edge.Tests.House;
using Xunit;

namespace Edge.Tests.Packaging;

/// <summary>Where the package feed cannot build an architecture, the scripts say what is missing.</summary>
public sealed class MissingPackTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-deb-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Deb_FeedWithoutTheRuntimePack_NamesEveryMissingPackage()
    {
        // The scripts in a repository of their own, with an empty feed and nothing in the cache.
        Directory.CreateDirectory(Path.Combine(_folder, "scripts"));
        foreach (string script in (string[])["deb", "publish"])
            File.Copy(
                Path.Combine(Repository.Root, "scripts", script), Path.Combine(_folder, "scripts", script));
        var setup = Path.Combine(_folder, "scripts", "setup");
        File.Copy(Path.Combine(Repository.Root, "scripts", "test"), setup); // For its mode: it installs nothing here.
        File.WriteAllText(setup, "#!/bin/sh\n");
        File.WriteAllText(
            Path.Combine(_folder, "Directory.Build.props"), "<Project><VersionPrefix>1.0</VersionPrefix></Project>\n");
        var start = new ProcessStartInfo(Path.Combine(_folder, "scripts", "deb"), ["--arch", "arm64"])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.Environment["SOURCE_DATE_EPOCH"] = "1";
        start.Environment["RestoreSources"] = Directory.CreateDirectory(Path.Combine(_folder, "feed")).FullName;
        start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder, "cache");

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        using var kill = limit.Token.Register(() => process.Kill(entireProcessTree: true));
        var output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();

        Assert.Equal(3, process.ExitCode);
        Assert.Contains("cannot build linux-arm64 natively", error, StringComparison.Ordinal);
        Assert.Contains("\n  runtime.linux-arm64.Microsoft.DotNet.ILCompiler\n", error, StringComparison.Ordinal);
    }
}
