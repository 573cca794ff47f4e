namespace Edge.Mqtt.Journal;

/// <summary>Records that go to the disk together.</summary>
internal sealed class Batch
{
    public List<byte[]> Records { get; } = [];
    public bool IsWritten { get; set; }
    public bool IsSynced { get; set; }
    /// <summary>Why the records did not get there.</summary>
    public string? Error { get; set; }
}
