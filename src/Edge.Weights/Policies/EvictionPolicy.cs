namespace Edge.Weights.Policies;

/// <summary>
/// Says which slice leaves the cache. It hears of every routing, before the layer's slices are looked up, and answers
/// which of some candidates is worth least. It knows nothing of what is resident: the cache offers as candidates what
/// may leave (resident, not pinned, not predicted). One thread at a time; no call allocates; the same calls give the
/// same answers.
/// </summary>
public abstract class EvictionPolicy(CacheShape shape)
{
    // Step of the last use, by slice; 0 = never. Every policy's tie-break.
    private readonly long[] _lastUse = new long[shape.Slices];

    protected CacheShape Shape { get; } = shape;
    /// <summary>Calls of <see cref="Route"/> so far.</summary>
    protected long Step { get; private set; }
    /// <summary>Of the last routing.</summary>
    protected int Layer { get; private set; }
    /// <summary>Of the last routing.</summary>
    protected long Token { get; private set; }

    /// <summary>Hears which experts a row chose in a layer. Rows of one pass are told one after the other.</summary>
    public void Route(in RoutedRow row)
    {
        Step++;
        (Layer, Token) = (row.Layer, row.Token);
        Count(row);
        for (int i = 0; i < row.Experts.Length; i++)
        {
            int unit = Shape.Unit(row.Layer, row.Experts[i]);
            SliceSet wanted = row.WantedOf(i);
            if ((wanted & SliceSet.Hi) != 0) Use(CacheShape.Hi(unit));
            if ((wanted & SliceSet.Lo) != 0) Use(CacheShape.Lo(unit));
        }
    }

    /// <summary>A new sequence begins; what was learnt of the last one may not hold.</summary>
    public virtual void BeginSequence() { }

    /// <summary>How much the slice should stay, now; comparable among slices of this policy at this moment only.
    /// </summary>
    public abstract double Worth(int slice);

    /// <summary>Index into <paramref name="candidates"/> (slices, at least one) of the one that is worth least. Of
    /// equal ones the least recently used leaves, of these LO before HI, of these the lowest number: the order of the
    /// candidates does not matter.</summary>
    public int Victim(ReadOnlySpan<int> candidates)
    {
        int victim = 0;
        double least = Worth(candidates[0]);
        for (int i = 1; i < candidates.Length; i++)
        {
            double worth = Worth(candidates[i]);
            if (worth > least || worth == least && !LeavesBefore(candidates[i], candidates[victim])) continue;
            (victim, least) = (i, worth);
        }
        return victim;
    }

    /// <summary>Learns from a routing; <see cref="LastUse"/> still tells of the time before it.</summary>
    protected virtual void Count(in RoutedRow row) { }

    /// <summary>A slice that the current routing wants.</summary>
    protected virtual void Used(int slice) { }

    /// <summary>Step of the slice's last use; 0 = never.</summary>
    protected long LastUse(int slice) => _lastUse[slice];

    private void Use(int slice)
    {
        Used(slice);
        _lastUse[slice] = Step;
    }

    private bool LeavesBefore(int a, int b) =>
        _lastUse[a] != _lastUse[b] ? _lastUse[a] < _lastUse[b]
        : CacheShape.IsLo(a) != CacheShape.IsLo(b) ? CacheShape.IsLo(a)
        : a < b;
}
