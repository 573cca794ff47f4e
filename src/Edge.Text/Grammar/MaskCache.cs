namespace Edge.Text;

/// <summary>Masks of states that recur, a fixed number of them; the one used longest ago makes room. Allocates only
/// when made.</summary>
internal sealed class MaskCache
{
    private const int SlotsMax = 32, KeyMax = 160;

    private readonly int[] _keys = new int[SlotsMax * KeyMax];
    private readonly int[] _keyLengths = new int[SlotsMax];
    private readonly int[] _budgets = new int[SlotsMax];
    private readonly long[] _used = new long[SlotsMax];
    private readonly ulong[] _masks;
    private readonly int[] _key = new int[KeyMax];
    private readonly int _words;
    private int _keyLength;
    private long _clock;

    public MaskCache(int words) => (_words, _masks) = (words, new ulong[SlotsMax * words]);

    /// <summary>Finds the mask of the state of <paramref name="threads"/> where it holds for this many tokens after
    /// the next one.</summary>
    public bool TryCopy(ThreadSets threads, int longestToken, int budget, Span<ulong> mask)
    {
        _keyLength = threads.WriteKey(_key, longestToken);
        if (_keyLength < 0)
            return false;
        var key = _key.AsSpan(0, _keyLength);
        for (var slot = 0; slot < SlotsMax; slot++)
        {
            if (_keyLengths[slot] != _keyLength || budget < _budgets[slot]
                || !key.SequenceEqual(_keys.AsSpan(slot * KeyMax, _keyLength)))
                continue;
            _used[slot] = ++_clock;
            _masks.AsSpan(slot * _words, _words).CopyTo(mask);
            return true;
        }
        return false;
    }

    /// <summary>Keeps the mask of the state that was looked for last. Budget: the most that any of its tokens needs
    /// to be closed.</summary>
    public void Keep(ReadOnlySpan<ulong> mask, int budget)
    {
        if (_keyLength < 0)
            return;
        var oldest = 0;
        for (var slot = 1; slot < SlotsMax; slot++)
        {
            if (_used[slot] < _used[oldest])
                oldest = slot;
        }
        _key.AsSpan(0, _keyLength).CopyTo(_keys.AsSpan(oldest * KeyMax));
        _keyLengths[oldest] = _keyLength;
        _budgets[oldest] = budget;
        _used[oldest] = ++_clock;
        mask[.._words].CopyTo(_masks.AsSpan(oldest * _words));
    }
}
