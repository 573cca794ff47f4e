namespace Edge.Weights.Policies;

/// <summary>LRU: the slice whose last use is longest ago leaves.</summary>
internal sealed class Recency(CacheShape shape) : EvictionPolicy(shape)
{
    public override double Worth(int slice) => LastUse(slice);
}
