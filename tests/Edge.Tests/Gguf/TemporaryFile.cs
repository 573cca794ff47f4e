namespace Edge.Tests.Gguf;

/// <summary>A file of its own in a folder of its own, gone with the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edge-test-");

    public TemporaryFile(byte[]? bytes = null, string name = "model.gguf")
    {
        Path = System.IO.Path.Combine(_folder.FullName, name);
        if (bytes is not null) File.WriteAllBytes(Path, bytes);
    }

    public string Path { get; }

    public string[] FolderEntries => Directory.GetFileSystemEntries(_folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);
}
