namespace Edge.Agent.Rules;

/// <summary>What lies between a trigger and a question: debounce, then the rate limit. One thread at a
/// time.</summary>
internal sealed class RuleGate(TimeSpan debounce, int perMinuteMax, TimeProvider clock)
{
    /// <summary>Topics that may be waiting to be quiet.</summary>
    public const int PendingMax = 256;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Pending> _pending = [];
    private readonly Queue<long> _passed = new();

    /// <summary>Firings that were dropped here: by the rate limit, or because too many topics were waiting.</summary>
    public long Dropped { get; private set; }

    private sealed record Pending(RuleFiring Firing, long At);

    /// <summary>When a waiting firing is due; null: none waits.</summary>
    public TimeSpan? Due
    {
        get
        {
            if (_pending.Count == 0) return null;
            long first = long.MaxValue;
            foreach (var entry in _pending.Values) first = Math.Min(first, entry.At);
            return debounce - clock.GetElapsedTime(first);
        }
    }

    /// <summary>The firing itself when it may go on now, else null.</summary>
    public RuleFiring? Offer(RuleFiring firing)
    {
        if (debounce == TimeSpan.Zero) return Pass(firing);
        if (_pending.Count < PendingMax || _pending.ContainsKey(firing.Key))
            _pending[firing.Key] = new Pending(firing, clock.GetTimestamp());
        else Dropped++;
        return null;
    }

    /// <summary>Firings whose topic has been quiet for long enough.</summary>
    public IReadOnlyList<RuleFiring> TakeDue()
    {
        if (_pending.Count == 0) return [];
        var due = new List<Pending>();
        foreach (var entry in _pending.Values)
            if (clock.GetElapsedTime(entry.At) >= debounce) due.Add(entry);
        due.Sort(static (a, b) => a.At.CompareTo(b.At));
        var passed = new List<RuleFiring>();
        foreach (var entry in due)
        {
            _pending.Remove(entry.Firing.Key);
            if (Pass(entry.Firing) is { } firing) passed.Add(firing);
        }
        return passed;
    }

    private RuleFiring? Pass(RuleFiring firing)
    {
        while (_passed.TryPeek(out long first) && clock.GetElapsedTime(first) >= Window) _passed.Dequeue();
        if (_passed.Count >= perMinuteMax)
        {
            Dropped++;
            return null;
        }
        _passed.Enqueue(clock.GetTimestamp());
        return firing;
    }
}
