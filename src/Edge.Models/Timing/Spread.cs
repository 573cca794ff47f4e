namespace Edge.Models;

/// <summary>Repeated measurements: the median and the quartiles around it. Quartiles, because on a machine that others
/// use the extremes only tell how long the longest interruption was.</summary>
public readonly record struct Spread(double Median, double Low, double High, int Runs)
{
    /// <summary>Of at least one value.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread(At(sorted, 0.5), At(sorted, 0.25), At(sorted, 0.75), sorted.Length);
    }

    /// <summary>The spread in another unit, of which there are <paramref name="factor"/> in one.</summary>
    public Spread Times(double factor) => new(Median * factor, Low * factor, High * factor, Runs);

    private static double At(double[] sorted, double share)
    {
        double at = share * (sorted.Length - 1);
        int below = (int)at;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
