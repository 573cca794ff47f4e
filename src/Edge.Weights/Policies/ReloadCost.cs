namespace Edge.Weights.Policies;

/// <summary>The default: mean router score × bytes to read again × nearness of the layer. Where an expert may run on HI
/// alone, every LO slice leaves before any HI slice.</summary>
internal sealed class ReloadCost(CacheShape shape, double alpha, double spread, bool loFirst) : EvictionPolicy(shape)
{
    private readonly RouterScores _scores = new(shape, alpha, spread);

    public override double Worth(int slice)
    {
        int layer = Shape.Layer(slice);
        double nearness = 1 - (double)Shape.Distance(Layer, layer) / Shape.Layers;
        double bytes = (double)Shape.SliceBytes(slice) / Shape.SliceBytesMax;
        double worth = _scores[CacheShape.UnitOf(slice)] * bytes * nearness; // below 1
        return loFirst && !CacheShape.IsLo(slice) ? 2 + worth : worth;
    }

    protected override void Count(in RoutedRow row) => _scores.Count(row);
}
