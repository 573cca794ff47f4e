namespace Edge.Weights.Policies;

/// <summary>The recorded wants of a whole trace: after every routing, when each wanted slice is wanted next.</summary>
public sealed class Future
{
    public const int Never = int.MaxValue;
    private readonly int _used;
    private readonly int[] _next;

    /// <summary><paramref name="wanted"/>: int[steps][used][2], slices wanted by every routing in order, −1 for none.
    /// </summary>
    public Future(CacheShape shape, ReadOnlySpan<int> wanted)
    {
        _used = shape.Used;
        _next = new int[wanted.Length];
        int perStep = 2 * _used;
        int[] seen = new int[shape.Slices];
        Array.Fill(seen, Never);
        for (int i = wanted.Length - 1; i >= 0; i--)
        {
            if (wanted[i] < 0) continue;
            _next[i] = seen[wanted[i]];
            seen[wanted[i]] = i / perStep;
        }
    }

    /// <summary>The step at which the slice is wanted again, after it was wanted by <paramref name="choice"/> of
    /// <paramref name="step"/>.</summary>
    public int Next(long step, int choice, bool lo) => _next[(step * _used + choice) * 2 + (lo ? 1 : 0)];
}
