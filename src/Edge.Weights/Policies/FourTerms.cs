namespace Edge.Weights.Policies;

/// <summary>HOBBIT's priority: recency, frequency, uses in high precision and nearness of the layer, each between 0 and
/// 1, by weights that sum to 1; the counts are of the sequence.</summary>
/// <remarks>p = w1·R/T + w2·F/T + w3·H/T + w4·(1 − ((l_t − l_i + l_n) mod l_n)/l_n). Source: HOBBIT, arXiv 2411.01433.
/// </remarks>
internal sealed class FourTerms : EvictionPolicy
{
    private readonly double _recency, _frequency, _precision, _nearness;
    private readonly long[] _lastToken, _uses, _preciseUses;
    private long _firstToken;
    private bool _begins = true;

    public FourTerms(CacheShape shape, double recency, double frequency, double precision, double nearness)
        : base(shape)
    {
        (_recency, _frequency, _precision, _nearness) = (recency, frequency, precision, nearness);
        _lastToken = new long[shape.Slices];
        _uses = new long[shape.Slices];
        _preciseUses = new long[shape.Units];
    }

    public override double Worth(int slice)
    {
        double tokens = Token - _firstToken + 1;
        int unit = CacheShape.UnitOf(slice);
        return _recency * _lastToken[slice] / tokens + _frequency * _uses[slice] / tokens
            + _precision * _preciseUses[unit] / tokens
            + _nearness * (1 - (double)Shape.Distance(Layer, Shape.Layer(slice)) / Shape.Layers);
    }

    public override void BeginSequence()
    {
        Array.Clear(_lastToken);
        Array.Clear(_uses);
        Array.Clear(_preciseUses);
        _begins = true;
    }

    protected override void Count(in RoutedRow row)
    {
        if (_begins) _firstToken = row.Token;
        _begins = false;
    }

    protected override void Used(int slice)
    {
        _lastToken[slice] = Token - _firstToken + 1;
        _uses[slice]++;
        if (CacheShape.IsLo(slice)) _preciseUses[CacheShape.UnitOf(slice)]++;
    }
}
