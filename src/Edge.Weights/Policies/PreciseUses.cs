namespace Edge.Weights.Policies;

/// <summary>LHU: the expert that was wanted least often in high precision (both slices) leaves.</summary>
/// <remarks>Source: HOBBIT, arXiv 2411.01433, one of the terms of its priority.</remarks>
internal sealed class PreciseUses(CacheShape shape) : EvictionPolicy(shape)
{
    private readonly long[] _uses = new long[shape.Units];

    public override double Worth(int slice) => _uses[CacheShape.UnitOf(slice)];

    public override void BeginSequence() => Array.Clear(_uses);

    protected override void Used(int slice)
    {
        if (CacheShape.IsLo(slice)) _uses[CacheShape.UnitOf(slice)]++;
    }
}
