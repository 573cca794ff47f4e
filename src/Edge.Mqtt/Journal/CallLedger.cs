using System.Diagnostics;

namespace Edge.Mqtt.Journal;

/// <summary>Every call that is accepted and not yet answered, and for a while those that are: what makes an accepted
/// request safe from a crash, and a repeated one harmless. Any thread.</summary>
/// <remarks>With a journal: Take → Sync (the disk has the request) → … → Answer (the journal's thread syncs the result,
/// then publishes) → Acknowledged. Without one the same, in memory alone.</remarks>
internal sealed partial class CallLedger : IDisposable
{
    private readonly Lock _gate = new();
    private readonly int _callsMax;
    private readonly JournalOptions _options;
    private readonly Func<Moment> _now;
    private readonly Func<MqttMessage, bool> _publish;
    private readonly Action<string> _logError;
    private readonly SortedDictionary<long, CallEntry> _open = [];
    private readonly Dictionary<string, CallEntry> _named = [];
    private readonly AnsweredCalls _answered;
    private readonly Queue<CallEntry> _unsynced = new(), _unsent = new();
    private readonly GroupCommit? _commit;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread? _thread;
    private long _next = 1, _openBytes;
    private bool _stopping;

    /// <summary>Errors: ArgumentException when the journal cannot be used, with what to do.</summary>
    public CallLedger(
        JournalOptions? options, int callsMax, Func<Moment> now, Func<MqttMessage, bool> publish,
        Action<string> logError)
    {
        (_callsMax, _now, _publish, _logError) = (callsMax, now, publish, logError);
        _options = options ?? new("-");
        // The open calls' half, this quarter: what must be kept never fills the file, or each commit would rewrite it.
        _answered = new(_options.CachedMax, Math.Min(_options.CachedBytesMax, _options.BytesMax / 4));
        if (options is null) return;
        if (options.Validate() is { } wrong) throw new ArgumentException(wrong, nameof(options));
        var records = new List<byte[]>();
        if (JournalFile.TryOpen(options.Path, records, out string problem) is not { } file)
            throw new ArgumentException(problem, nameof(options));
        CutBytes = file.CutBytes;
        _commit = new(file, options.BytesMax, _gate, Snapshot);
        foreach (var entry in LedgerReplay.Read(records, now())) Restore(entry);
        // Old records go, ages are written down; a disk that is full now keeps the old file, which says the same.
        if (records.Count > 0 && _commit.Rewrite() is { } failed) logError($"the journal was not compacted: {failed}");
        _thread = new(Run) { IsBackground = true, Name = "edge-journal" };
    }

    /// <summary>Bytes of a torn tail that were cut off at start.</summary>
    public long CutBytes { get; }
    /// <summary>"off", "ok", or why the last record is not safe.</summary>
    public string State => _commit is null ? "off" : _commit.Problem ?? "ok";
    public long Syncs => _commit?.Syncs ?? 0;
    public long Rewrites => _commit?.Rewrites ?? 0;
    /// <summary>Calls taken whose reply the broker does not have yet.</summary>
    public int OpenCalls { get { lock (_gate) return _open.Count; } }

    /// <summary>Calls of an earlier run that have no result: to be run again, or ended when their time is
    /// over.</summary>
    public IReadOnlyList<CallEntry> Unfinished
    {
        get { lock (_gate) return [.. _open.Values.Where(e => e.Reply is null && e.Call is null)]; }
    }

    public void Start() => _thread?.Start();

    /// <summary>The call with the same key from the same requester, answered or not, if it is still
    /// remembered.</summary>
    public CallEntry? Find(byte[] key, string topic)
    {
        if (CallEntry.NameOf(key, topic) is not { } name) return null;
        lock (_gate)
        {
            if (!_named.TryGetValue(name, out var entry)) return null;
            if (!entry.IsDone || Stopwatch.GetTimestamp() < entry.Deadline) return entry;
            Forget(entry);
            return null;
        }
    }

    /// <summary>Takes the call, unless there is no room; it is safe once <see cref="Sync"/> says so.</summary>
    public Problem? Take(ChatCall call, MqttMessage message)
    {
        var at = _now();
        long leftMs = (long)Stopwatch.GetElapsedTime(at.Monotonic, call.Deadline).TotalMilliseconds;
        lock (_gate)
        {
            string? full = _open.Count >= _callsMax ? $"{_callsMax} requests are already under way"
                : _openBytes + message.Payload.Length > _options.BytesMax / 2 ? "requests under way fill the journal"
                : null;
            if (full is not null) return new(ProblemCode.QueueFull, full + "; try again later", RetryAfterSeconds: 5);
            var entry = new CallEntry(
                new(_next++, at, leftMs, 0, call.PayloadHash, call.Id, call.Reply.Topic, call.Key,
                    message.Correlation.ToArray(), call.Request.RequestId, call.Reply.CreatedUnixSeconds,
                    _commit is null ? [] : message.Payload.ToArray()),
                call.Deadline) { Call = call };
            Enter(entry);
            entry.Batch = _commit?.Add(entry.Request.Encode());
            call.Entry = entry;
            call.Reply.FinishThrough(reply => Answer(entry, reply));
        }
        return null;
    }

    /// <summary>A call of an earlier run goes on under this one.</summary>
    public void Adopt(CallEntry entry, ChatCall call)
    {
        lock (_gate)
        {
            (entry.Call, call.Entry) = (call, entry);
            call.Reply.FinishThrough(reply => Answer(entry, reply));
        }
    }

    /// <summary>Null: the call is on the disk. Otherwise it is given up, and the text says why.</summary>
    public string? Sync(ChatCall call)
    {
        var entry = call.Entry!;
        if (_commit is null || _commit.Commit(entry.Batch!, sync: true) is not { } failed) return null;
        call.Reply.FinishThrough(null);
        lock (_gate)
        {
            Leave(entry);
            if (entry.Name is { } name) _named.Remove(name);
        }
        return failed;
    }

    /// <summary>The broker has a reply, or refused it for good: the call is over.</summary>
    public void Acknowledged(long number)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue(number, out var entry)) return;
            Close(entry);
            _commit?.Add(ResultRecord.EncodeDone(number));
        }
        _wake.Set();
    }

    /// <summary>There may be room again for replies that wait here.</summary>
    public void Nudge() => _wake.Set();

    /// <summary>The call that a cancel means. MQTT does not say who published, so the reply topic stands for the
    /// requester: a cancel that names one reaches only its calls, and one that names none only a call whose key no
    /// other live call has.</summary>
    public ChatCall? FindForCancel(byte[] key, string? replyTopic)
    {
        if (key.Length == 0) return null;
        lock (_gate)
        {
            var meant = _open.Values.Where(e => e.Call is not null && e.Request.Key.AsSpan().SequenceEqual(key)
                && (replyTopic is null || e.Request.Topic == replyTopic)).Take(2).ToList();
            return meant.Count == 1 ? meant[0].Call : null;
        }
    }

    /// <summary>How many open calls one requester has.</summary>
    public int OpenOf(string requester)
    {
        lock (_gate) return _open.Values.Count(e => e.Call?.Requester == requester);
    }

    /// <summary>Waits, within the limit, until every result that is known is with the transport.</summary>
    public void Stop(TimeSpan limit)
    {
        if (_thread is not { IsAlive: true }) return;
        lock (_gate) _stopping = true;
        _wake.Set();
        _thread.Join(limit);
    }

    public void Dispose()
    {
        Stop(TimeSpan.FromSeconds(2));
        if (_thread is { IsAlive: true }) return;
        _commit?.Dispose();
        _wake.Dispose();
    }

    private void Restore(CallEntry entry)
    {
        _next = Math.Max(_next, entry.Request.Number + 1);
        Enter(entry);
        if (entry.IsDone) Close(entry);
        else if (entry.Reply is not null) _unsent.Enqueue(entry);
    }

    private void Enter(CallEntry entry)
    {
        _open.Add(entry.Request.Number, entry);
        _openBytes += entry.Bytes;
        if (entry.Name is { } name) _named[name] = entry;
    }

    private void Leave(CallEntry entry)
    {
        if (_open.Remove(entry.Request.Number)) _openBytes -= entry.Bytes;
    }

    // From open to answered: the body is not needed again, the reply is, for repetitions.
    private void Close(CallEntry entry)
    {
        Leave(entry);
        entry.IsDone = true;
        entry.Request = entry.Request with { Body = [] };
        entry.Reply = entry.Reply! with { Ticket = 0 };
        if (entry.Name is null || Stopwatch.GetTimestamp() >= entry.Deadline)
        {
            Forget(entry);
            return;
        }
        _answered.Add(entry);
        while (_answered.Surplus is { } oldest) Forget(oldest);
    }

    private void Forget(CallEntry entry)
    {
        if (entry.Name is { } name && ReferenceEquals(_named.GetValueOrDefault(name), entry)) _named.Remove(name);
        _answered.Remove(entry);
    }

    private List<byte[]> Snapshot()
    {
        var records = new List<byte[]>();
        long now = Stopwatch.GetTimestamp();
        foreach (var entry in _answered.Entries.Where(e => e.Deadline > now).Concat(_open.Values))
        {
            records.Add(entry.Request.Encode());
            if (entry.Reply is { } reply) records.Add(ResultRecord.Encode(entry.Request.Number, reply));
            if (entry.IsDone) records.Add(ResultRecord.EncodeDone(entry.Request.Number));
        }
        return records;
    }
}
