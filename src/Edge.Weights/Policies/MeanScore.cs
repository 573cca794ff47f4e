namespace Edge.Weights.Policies;

/// <summary>MRS: the expert with the lowest mean router score leaves.</summary>
internal sealed class MeanScore(CacheShape shape, double alpha, double spread) : EvictionPolicy(shape)
{
    private readonly RouterScores _scores = new(shape, alpha, spread);

    public override double Worth(int slice) => _scores[CacheShape.UnitOf(slice)];

    protected override void Count(in RoutedRow row) => _scores.Count(row);
}
