namespace Edge.Mqtt;

/// <summary>Doubling delays with full jitter in their upper half, so that a fleet does not return as one when its
/// broker does.</summary>
internal sealed class Backoff(TimeSpan min, TimeSpan max, Random random)
{
    private TimeSpan _next;

    public TimeSpan Next()
    {
        if (_next < min) _next = min;
        TimeSpan delay = _next * (0.5 + random.NextDouble() / 2);
        _next = TimeSpan.FromTicks(Math.Min(max.Ticks, _next.Ticks * 2));
        return delay;
    }

    public void Reset() => _next = TimeSpan.Zero;
}
