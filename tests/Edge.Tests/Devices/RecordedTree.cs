using Edge.Devices;
using Edge.Tests.House;

namespace Edge.Tests.Devices;

/// <summary>A tree of hardware files in a temporary folder: a recorded board, or what a test writes.</summary>
internal sealed class RecordedTree : IDisposable
{
    public RecordedTree(string? board = null)
    {
        foreach (string part in new[] { Roots.Sys, Roots.Dev, Roots.Proc }) Directory.CreateDirectory(part);
        if (board is null) return;
        foreach (string line in Repository.Read($"tests/golden/sysfs/{board}.tree").Split('\n'))
        {
            if (line.Split(" -> ", 2) is [var link, var target])
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, link))!);
                File.CreateSymbolicLink(Path.Combine(Root, link), target);
            }
            else if (line.Split(" = ", 2) is [var path, var text])
                Write(path, text.Replace("\\n", "\n").Replace("\\t", "\t").Replace("\\0", "\0"));
        }
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("edge-tree-").FullName;

    public SensorRoots Roots =>
        new(Path.Combine(Root, "sys"), Path.Combine(Root, "dev"), Path.Combine(Root, "proc"));

    /// <summary>Paths as in a listing, from the root: sys/…, dev/…, proc/….</summary>
    public void Write(string path, string text)
    {
        string full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text + "\n");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
