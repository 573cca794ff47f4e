using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace Edge.Tests.EndToEnd;

/// <summary>The native binary that scripts/publish makes; the tests never fall back to another build.</summary>
internal static class NativeEdge
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static string Root { get; } = FindRoot();

    public static string Model { get; } = Path.Combine(Root, "tests/golden/demo-model/sensor-triage-moe-q4_0.gguf");

    public static string Binary
    {
        get
        {
            string rid = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";
            string path = Path.Combine(Root, "artifacts", rid, "edge");
            Assert.True(File.Exists(path), $"{path} does not exist: run scripts/publish");
            return path;
        }
    }

    public static ProcessStartInfo StartInfo(params string[] arguments) => new(Binary, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        RedirectStandardInput = true,
        WorkingDirectory = Root,
        // What a user of this machine tuned is no business of the tests.
        Environment = { ["STATE_DIRECTORY"] = Path.Combine(Path.GetTempPath(), "edge-tests-have-no-state") },
    };

    public static Task<Outcome> Run(params string[] arguments) => Run(StartInfo(arguments));

    public static async Task<Outcome> Run(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"edge {string.Join(' ', start.ArgumentList)} did not end within {Limit}");
        }
        return new Outcome(process.ExitCode, await output, await error);
    }

    /// <summary>Runs a command that must succeed and print one JSON value.</summary>
    public static async Task<JsonElement> RunJson(params string[] arguments)
    {
        var outcome = await Run([.. arguments, "--json"]);
        Assert.True(outcome.Code == 0, outcome.Error);
        using var document = JsonDocument.Parse(outcome.Output);
        return document.RootElement.Clone();
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Edge.sln"))) folder = folder.Parent;
        return folder.FullName;
    }
}

/// <summary>What a finished process left behind.</summary>
internal sealed record Outcome(int Code, string Output, string Error)
{
    /// <summary>The user is told what is wrong in one readable line, without a stack trace.</summary>
    public void RefusesWith(int code, params string[] words)
    {
        Assert.Equal(code, Code);
        Assert.StartsWith("edge: ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("fault of edge", Error, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, Error, StringComparison.OrdinalIgnoreCase));
    }
}

/// <summary>One after another.</summary>
[CollectionDefinition(Name)]
public sealed class EndToEndCollection
{
    public const string Name = "EndToEnd";
}
