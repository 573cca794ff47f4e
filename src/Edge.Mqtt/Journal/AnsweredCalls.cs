namespace Edge.Mqtt.Journal;

/// <summary>Answered calls whose reply is kept for repetitions, oldest first, within two bounds. The ledger's lock
/// guards it.</summary>
internal sealed class AnsweredCalls(int countMax, long bytesMax)
{
    private readonly LinkedList<CallEntry> _entries = new();
    private long _bytes;

    public IEnumerable<CallEntry> Entries => _entries;

    /// <summary>The one that must go next; null within the bounds.</summary>
    public CallEntry? Surplus => _entries.Count > countMax || _bytes > bytesMax ? _entries.First!.Value : null;

    public void Add(CallEntry entry)
    {
        _entries.AddLast(entry);
        _bytes += entry.Bytes;
    }

    public void Remove(CallEntry entry)
    {
        if (_entries.Remove(entry)) _bytes -= entry.Bytes;
    }
}
