namespace Edge.Weights.Policies;

/// <summary>The most popular experts of the first tokens stay for good, the others pass through: for a cache below one
/// token's cycle, where every rule that follows the routing evicts exactly what comes next.</summary>
internal sealed class Popularity(CacheShape shape, double tokens) : EvictionPolicy(shape)
{
    private readonly double[] _sum = new double[shape.Units];
    private readonly long _rows = (long)tokens * shape.Layers;

    public override double Worth(int slice) => _sum[CacheShape.UnitOf(slice)];

    protected override void Count(in RoutedRow row)
    {
        if (Step > _rows) return;
        for (int i = 0; i < row.Experts.Length; i++)
            _sum[Shape.Unit(row.Layer, row.Experts[i])] += row.Weights[i];
    }
}
