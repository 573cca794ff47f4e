namespace Edge.Weights.Policies;

/// <summary>ClassLRU: a slice ages at half the speed for every doubling of its decayed count of uses; the oldest
/// leaves.</summary>
/// <remarks>Class = ⌊log2 count⌋, at most 7; the count halves every <c>halfLife</c> tokens. Source: the class rule of
/// llama.cpp's cache of experts.</remarks>
internal sealed class AgeClasses(CacheShape shape, double halfLife) : EvictionPolicy(shape)
{
    private const int ClassMax = 7;
    private readonly double[] _count = new double[shape.Slices];
    private readonly double[] _pace = new double[shape.Slices];
    private readonly long[] _token = new long[shape.Slices];

    public override double Worth(int slice) => -(Step - LastUse(slice)) * _pace[slice];

    protected override void Used(int slice)
    {
        double tokens = Math.Max(0, Token - _token[slice]);
        _count[slice] = _count[slice] * Math.Pow(2, -tokens / halfLife) + 1;
        _token[slice] = Token;
        _pace[slice] = 1.0 / (1 << Math.Min(ClassMax, (int)Math.Log2(_count[slice])));
    }
}
