using System.Diagnostics;
using System.Runtime.Versioning;
using Edge.Agent.Service;
using Edge.Mqtt;
using Edge.Tests.House;
using Xunit;

namespace Edge.Tests.Agent;

/// <summary>packaging/update-state over a root of its own, with stand-ins for dpkg and apt; read by the agent's
/// own reader.</summary>
[SupportedOSPlatform("linux")]
public sealed class UpdateStateTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("edge-root-").FullName;

    public void Dispose() => Directory.Delete(_root, true);

    private void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private void Tool(string name, string body)
    {
        Write($"bin/{name}", $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(
            Path.Combine(_root, "bin", name),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>What the agent tells after the script ran; null: it wrote nothing.</summary>
    private NodeUpdate? Run(string? package, string candidate)
    {
        Tool("dpkg-query", package is null ? "exit 1" : $"printf %s '{package}'");
        Tool("apt-cache", $"printf 'edge-agent:\\n  Installed: x\\n  Candidate: {candidate}\\n  Version table:\\n'");
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(Repository.Root, "packaging/update-state")])
        {
            Environment = { ["EDGE_ROOT"] = _root, ["PATH"] = $"{_root}/bin:/usr/bin:/bin" },
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal((0, ""), (process.ExitCode, errors));
        string file = Path.Combine(_root, "var/cache/edge-agent/update.json");
        if (!File.Exists(file)) return null;
        NodeUpdate? told = null;
        new UpdateWatch(file, "not read", update => told = update, _ => { }).Look(isOnline: true);
        return told;
    }

    [Theory]
    [InlineData("0.1.0", "0.1.0", "0.1.0", "current")]
    [InlineData("0.1.0", "0.2.0", "0.2.0", "available")]
    [InlineData("0.9.0", "0.10.0", "0.10.0", "available")]
    [InlineData("0.2.0", "0.1.0", "0.2.0", "current")]
    [InlineData("0.1.0", "(none)", "0.1.0", "current")]
    [InlineData("0.1.0", "", "0.1.0", "current")]
    public void Script_WhatAptKnows_IsLatest(string package, string candidate, string latest, string state) =>
        Assert.Equal(new NodeUpdate(package, latest, state), Run(package, candidate));

    [Fact]
    public void Script_NoPackage_WritesNothing() => Assert.Null(Run(null, "0.2.0"));

    [Fact]
    public void Script_WhileItIsWatched_SaysVerifying()
    {
        Write("var/lib/edge-agent-release/looks", "3\n");
        Assert.Equal(new NodeUpdate("0.2.0", "0.2.0", "verifying"), Run("0.2.0", "0.2.0"));
    }

    [Theory]
    [InlineData("0.2.0", "0.1.0")]
    [InlineData("(none)", "0.1.0")]
    [InlineData("0.3.0", "0.3.0")]
    public void Script_AfterARollback_OffersOnlyANewerRelease(string candidate, string latest)
    {
        Write("etc/systemd/system/edge-agent.service.d/50-rollback.conf", "[Service]\n");
        Write("var/lib/edge-agent-release/previous/version", "0.1.0\n");
        Write("etc/apt/preferences.d/edge-agent-bad", "Explanation: it \"failed\"\nPackage: edge-agent\n");
        Assert.Equal(
            new NodeUpdate("0.1.0", latest, "rolled_back", "it failed"), Run("0.2.0", candidate));
    }
}
