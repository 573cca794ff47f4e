namespace Edge.Weights.Policies;

/// <summary>The bound: the slice whose next use is farthest away leaves. It needs the future, so only a replay has it.
/// No policy that reads on demand has fewer misses, when all slices are of one size.</summary>
internal sealed class Belady(CacheShape shape, Future future) : EvictionPolicy(shape)
{
    private readonly long[] _next = new long[shape.Slices];

    public override double Worth(int slice) => -_next[slice];

    protected override void Count(in RoutedRow row)
    {
        for (int i = 0; i < row.Experts.Length; i++)
        {
            int unit = Shape.Unit(row.Layer, row.Experts[i]);
            SliceSet wanted = row.WantedOf(i);
            if ((wanted & SliceSet.Hi) != 0) _next[CacheShape.Hi(unit)] = future.Next(Step - 1, i, lo: false);
            if ((wanted & SliceSet.Lo) != 0) _next[CacheShape.Lo(unit)] = future.Next(Step - 1, i, lo: true);
        }
    }
}
