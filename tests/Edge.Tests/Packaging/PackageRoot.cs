using System.Diagnostics;
using Edge.Tests.House;

namespace Edge.Tests.Packaging;

/// <summary>A folder that stands for a machine's root, in which the packaging's scripts run without root: systemctl,
/// dpkg-query and edge are scripts that note their arguments and say what the test wants.</summary>
internal sealed class PackageRoot : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-package-").FullName;

    public PackageRoot()
    {
        Tool("tools/systemctl", """
            echo "systemctl $*" >>"$EDGE_ROOT/calls"
            case $1 in
                is-active) cat "$EDGE_ROOT/is-active" ;;
                show) cat "$EDGE_ROOT/restarts" ;;
            esac
            """);
        Tool("tools/dpkg-query", "echo 1.1");
        Tool("usr/bin/edge", """
            echo "edge $*" >>"$EDGE_ROOT/calls"
            cat "$EDGE_ROOT/$1"
            [ ! -e "$EDGE_ROOT/$1-fails" ]
            """);
        Write("is-active", "active\n");
        Write("restarts", "0\n");
        Write("selftest", "speed: 100.0 tokens/s\n");
        Write("health", "{\"ready\":true}\n");
    }

    public string[] Calls => Exists("calls") ? File.ReadAllLines(At("calls")) : [];

    public string At(string path) => Path.Combine(_folder, path);

    public bool Exists(string path) => Path.Exists(At(path));

    public string Read(string path) => File.ReadAllText(At(path));

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    /// <summary>Runs a script of packaging/; its exit code, and what it printed to both streams.</summary>
    public (int Code, string Text) Run(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(Repository.Root, "packaging", script), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["EDGE_ROOT"] = _folder;
        start.Environment["PATH"] = At("tools") + ":/usr/bin:/bin";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"packaging/{script} did not end");
        }
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>An executable script.</summary>
    public void Tool(string path, string body)
    {
        Write(path, "#!/bin/sh\n" + body + "\n");
        if (OperatingSystem.IsWindows()) return; // Packages are Debian's.
        File.SetUnixFileMode(At(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
