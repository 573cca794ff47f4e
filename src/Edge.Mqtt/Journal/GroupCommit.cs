namespace Edge.Mqtt.Journal;

/// <summary>Gathers the records of several threads, so that one sync serves all that came meanwhile.</summary>
/// <param name="gate">Guards the owner's state; Add and snapshot run under it.</param>
/// <param name="snapshot">Every record that the file would need if it were made anew.</param>
internal sealed class GroupCommit(JournalFile file, long bytesMax, Lock gate, Func<List<byte[]>> snapshot) : IDisposable
{
    private readonly Lock _writing = new();
    private Batch _current = new();
    private long _syncs, _rewrites;

    /// <summary>Why the last commit is not safe; null when it is.</summary>
    public string? Problem { get; private set; }
    public long Syncs => Interlocked.Read(ref _syncs);
    public long Rewrites => Interlocked.Read(ref _rewrites);

    /// <summary>The caller holds the gate.</summary>
    public Batch Add(byte[] record)
    {
        _current.Records.Add(record);
        return _current;
    }

    /// <summary>The batch that grows; the caller holds the gate.</summary>
    public Batch Current => _current;

    /// <summary>Returns when the batch is in the file and, where <paramref name="sync"/>, on the disk. Null, or why it
    /// is not. The caller does not hold the gate.</summary>
    public string? Commit(Batch batch, bool sync)
    {
        lock (_writing)
        {
            if (!batch.IsWritten) Write(batch);
            if (sync && batch is { Error: null, IsSynced: false })
            {
                batch.Error = file.Sync();
                batch.IsSynced = true;
                Interlocked.Increment(ref _syncs);
            }
            return Problem = batch.Error;
        }
    }

    /// <summary>Makes the file anew. Null, or why not.</summary>
    public string? Rewrite()
    {
        lock (_writing) return Rewrite(null);
    }

    /// <summary>Writes and syncs what still waits.</summary>
    public void Dispose()
    {
        Batch last;
        lock (gate) last = _current;
        Commit(last, sync: true);
        lock (_writing) file.Dispose();
    }

    private void Write(Batch batch)
    {
        batch.IsWritten = true;
        if (file.MustRewrite || file.Length > bytesMax)
        {
            batch.Error = Rewrite(batch);
            return;
        }
        lock (gate) _current = new();
        if (batch.Records.Count > 0) batch.Error = file.Append(batch.Records);
        else batch.IsSynced = true;
    }

    // The snapshot has what the batch has: what waits in memory is older than the state that it comes from.
    private string? Rewrite(Batch? batch)
    {
        List<byte[]> records;
        lock (gate)
        {
            records = snapshot();
            batch ??= _current;
            _current = new();
        }
        Interlocked.Increment(ref _rewrites);
        batch.IsWritten = batch.IsSynced = true;
        return Problem = batch.Error = file.Rewrite(records);
    }
}
