using Edge.Weights.Policies;

namespace Edge.Weights.Replay;

/// <summary>Which slices are in a budget of bytes; nothing is read.</summary>
internal sealed class SlicePool(CacheShape shape, long budgetBytes, EvictionPolicy policy)
{
    private readonly int[] _resident = new int[shape.Slices];
    // Place in _resident plus 1; 0 = absent.
    private readonly int[] _place = new int[shape.Slices];
    private readonly int[] _candidates = new int[shape.Slices];
    private readonly bool[] _pinned = new bool[shape.Slices];
    private int _count;
    private long _bytes;

    public long Evictions { get; private set; }

    public bool Holds(int slice) => _place[slice] != 0;

    public void Pin(int slice, bool pinned) => _pinned[slice] = pinned;

    /// <summary>Takes a slice in, and lets unpinned ones leave for it; when even all of them would not do, it passes
    /// through and nothing leaves.</summary>
    public void Take(int slice)
    {
        long need = shape.SliceBytes(slice), free = budgetBytes - _bytes;
        if (free < need)
        {
            int count = 0;
            long loose = 0;
            for (int i = 0; i < _count; i++)
            {
                if (_pinned[_resident[i]]) continue;
                _candidates[count++] = _resident[i];
                loose += shape.SliceBytes(_resident[i]);
            }
            if (free + loose < need) return;
            for (; budgetBytes - _bytes < need; count--)
            {
                int victim = policy.Victim(_candidates.AsSpan(0, count));
                Drop(_candidates[victim]);
                _candidates[victim] = _candidates[count - 1];
            }
        }
        _resident[_count++] = slice;
        _place[slice] = _count;
        _bytes += need;
    }

    private void Drop(int slice)
    {
        int place = _place[slice] - 1;
        int last = _resident[--_count];
        _resident[place] = last;
        _place[last] = place + 1;
        _place[slice] = 0;
        _bytes -= shape.SliceBytes(slice);
        Evictions++;
    }
}
