namespace Edge.Weights.Policies;

/// <summary>LFU: the slice that was used least often leaves.</summary>
internal sealed class Frequency(CacheShape shape) : EvictionPolicy(shape)
{
    private readonly long[] _uses = new long[shape.Slices];

    public override double Worth(int slice) => _uses[slice];

    protected override void Used(int slice) => _uses[slice]++;
}
