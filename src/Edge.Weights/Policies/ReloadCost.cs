namespace Edge.Weights.Policies;

/// <summary>The default: mean router score × bytes to read again; of a LO slice × the share of its expert's uses that
/// wanted it, lately.</summary>
/// <remarks>HybriMoE's mean with a slower pace and more near misses, which hit more on the traces under tests/golden.
/// The nearness of the layer in the turn, as HOBBIT has it, hit less; so did LO before any HI: what is wanted often is
/// worth keeping whichever slice it is.</remarks>
internal sealed class ReloadCost(CacheShape shape, double alpha, double spread) : EvictionPolicy(shape)
{
    private const double Pace = 0.1;
    private readonly RouterScores _scores = new(shape, alpha, spread);
    private readonly double[] _precise = [.. Enumerable.Repeat(1.0, shape.Units)];

    public override double Worth(int slice)
    {
        int unit = CacheShape.UnitOf(slice);
        double worth = _scores[unit] * Shape.SliceBytes(slice) / Shape.SliceBytesMax;
        return CacheShape.IsLo(slice) ? worth * _precise[unit] : worth;
    }

    protected override void Count(in RoutedRow row)
    {
        _scores.Count(row);
        for (int i = 0; i < row.Experts.Length; i++)
        {
            ref double precise = ref _precise[Shape.Unit(row.Layer, row.Experts[i])];
            precise += Pace * (((row.WantedOf(i) & SliceSet.Lo) != 0 ? 1 : 0) - precise);
        }
    }
}
