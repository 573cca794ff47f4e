namespace Edge.Agent.Rules;

/// <summary>What lies between a trigger and a question: debounce, then the rate limit. One thread at a
/// time.</summary>
internal sealed class RuleGate(TimeSpan debounce, int perMinuteMax, TimeProvider clock)
{
    /// <summary>Topics that may be waiting to be quiet.</summary>
    public const int PendingMax = 256;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (RuleFiring Firing, long At)> _pending = [];
    private readonly Queue<long> _passed = new();

    /// <summary>Firings that were dropped here: by the rate limit, or because too many topics were waiting.</summary>
    public long Dropped { get; private set; }

    /// <summary>When a waiting firing is due; null: none waits.</summary>
    public TimeSpan? Due =>
        _pending.Count == 0 ? null : debounce - clock.GetElapsedTime(_pending.Values.Min(entry => entry.At));

    /// <summary>The firing itself when it may go on now, else null.</summary>
    public RuleFiring? Offer(RuleFiring firing)
    {
        if (debounce == TimeSpan.Zero) return Pass(firing);
        if (_pending.Count < PendingMax || _pending.ContainsKey(firing.Key))
            _pending[firing.Key] = (firing, clock.GetTimestamp());
        else Dropped++;
        return null;
    }

    /// <summary>Firings whose topic has been quiet for long enough.</summary>
    public IReadOnlyList<RuleFiring> TakeDue()
    {
        if (_pending.Count == 0) return [];
        var due = _pending.Where(entry => clock.GetElapsedTime(entry.Value.At) >= debounce).ToList();
        foreach (var (key, _) in due) _pending.Remove(key);
        return [.. due.OrderBy(entry => entry.Value.At).Select(entry => Pass(entry.Value.Firing)).OfType<RuleFiring>()];
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
