namespace Edge.Mqtt.Journal;

// The way of a result: into the journal, then to the broker.
internal sealed partial class CallLedger
{
    private const int RetryMs = 1000;

    /// <summary>The broker will never take a reply: another goes out in its place.</summary>
    public void Replace(long number, MqttMessage reply)
    {
        lock (_gate)
        {
            if (_commit is null || !_open.TryGetValue(number, out var entry) || entry.Reply is null) return;
            _openBytes += reply.Payload.Length - entry.Reply.Payload.Length;
            entry.Reply = reply with { Ticket = number };
            entry.Batch = _commit.Add(ResultRecord.Encode(number, entry.Reply));
            _unsynced.Enqueue(entry);
        }
        _wake.Set();
    }

    private void Answer(CallEntry entry, MqttMessage reply)
    {
        lock (_gate)
        {
            entry.Reply = reply with { Ticket = entry.Request.Number };
            entry.Call = null;
            _openBytes += reply.Payload.Length;
            if (_commit is not null)
            {
                entry.Batch = _commit.Add(ResultRecord.Encode(entry.Request.Number, reply));
                _unsynced.Enqueue(entry);
            }
            else Close(entry);
        }
        if (_commit is null) _publish(reply);
        else _wake.Set();
    }

    // The journal's own thread: results become durable, then they are published; what is done is written, unsynced.
    private void Run()
    {
        while (true)
        {
            bool waiting, stopping;
            lock (_gate) (waiting, stopping) = (_unsent.Count > 0, _stopping);
            if (!stopping) _wake.WaitOne(waiting ? RetryMs : Timeout.Infinite);
            WriteResults();
            PublishResults();
            if (!stopping) continue;
            lock (_gate)
                if (_unsynced.Count == 0) return;
        }
    }

    private void WriteResults()
    {
        CallEntry[] results;
        Batch last;
        lock (_gate)
        {
            results = [.. _unsynced];
            _unsynced.Clear();
            last = _commit!.Current;
        }
        foreach (var entry in results)
            if (_commit.Commit(entry.Batch!, sync: true) is { } failed)
                _logError($"a result is published without being in the journal: {failed}");
        _commit.Commit(last, sync: false);
        lock (_gate)
            foreach (var entry in results) _unsent.Enqueue(entry);
    }

    private void PublishResults()
    {
        while (true)
        {
            CallEntry? entry;
            lock (_gate)
                if (!_unsent.TryPeek(out entry)) return;
            if (!entry.IsDone && !_publish(entry.Reply!)) return; // The outbox is full; what it holds is ours.
            lock (_gate) _unsent.Dequeue();
        }
    }
}
