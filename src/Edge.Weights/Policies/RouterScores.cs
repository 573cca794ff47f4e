namespace Edge.Weights.Policies;

/// <summary>MRS: a decaying mean of every expert's router score, where a row counts only its best scores: those that
/// were nearly chosen earn credit too.</summary>
/// <remarks>S ← α · s · 1[s among the top P] + (1 − α) · S, P = <c>spread</c> · used. Source: HybriMoE,
/// arXiv 2504.05897.</remarks>
internal sealed class RouterScores
{
    private readonly CacheShape _shape;
    private readonly double _alpha;
    private readonly int _top;
    private readonly double[] _mean;
    private readonly int[] _best;

    public RouterScores(CacheShape shape, double alpha, double spread)
    {
        (_shape, _alpha) = (shape, alpha);
        _top = (int)Math.Clamp(Math.Round(spread * shape.Used), 1, shape.Experts);
        _mean = new double[shape.Units];
        _best = new int[_top];
    }

    public double this[int unit] => _mean[unit];

    public void Count(in RoutedRow row)
    {
        Span<double> mean = _mean.AsSpan(_shape.Unit(row.Layer, 0), _shape.Experts);
        foreach (ref double m in mean) m *= 1 - _alpha;
        if (row.Scores.IsEmpty)
        {
            // Without all scores the chosen experts are all that is known.
            for (int i = 0; i < row.Experts.Length; i++) mean[row.Experts[i]] += _alpha * row.Weights[i];
            return;
        }
        int found = FindBest(row.Scores);
        for (int i = 0; i < found; i++) mean[_best[i]] += _alpha * row.Scores[_best[i]];
    }

    /// <summary>The experts with the best scores, best first, of equal ones the lower number.</summary>
    private int FindBest(ReadOnlySpan<float> scores)
    {
        int found = 0;
        for (int e = 0; e < scores.Length; e++)
        {
            if (found == _top && !(scores[e] > scores[_best[found - 1]])) continue;
            int at = found < _top ? found++ : found - 1;
            for (; at > 0 && scores[e] > scores[_best[at - 1]]; at--) _best[at] = _best[at - 1];
            _best[at] = e;
        }
        return found;
    }
}
