using Edge.Mqtt;

namespace Edge.Tests.Mqtt.Journal;

/// <summary>A folder for one journal, gone with the test.</summary>
public sealed class JournalPlace : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edge-journal-").FullName;

    public string Path => System.IO.Path.Combine(_folder, "journal");
    public JournalOptions Options => new(Path);
    public byte[] Bytes
    {
        get => File.ReadAllBytes(Path);
        set => File.WriteAllBytes(Path, value);
    }

    public void Dispose() => Directory.Delete(_folder, true);
}
