using System.Globalization;

namespace Edge.Agent.Plot;

/// <summary>Where an axis from 0 to what is shown has its marks: round steps of 1, 2 or 5.</summary>
internal sealed record Ticks(double Step, int Count)
{
    public double End => Step * Count;

    /// <summary>Four to ten steps that reach <paramref name="max"/>; one step of 1 for nothing.</summary>
    public static Ticks For(double max)
    {
        if (!(max > 0) || !double.IsFinite(max)) return new Ticks(1, 1);
        double power = Math.Pow(10, Math.Floor(Math.Log10(max / 4)));
        foreach (int factor in (int[])[1, 2, 5])
        {
            // A hair's breadth beyond the last mark is rounding, not another step.
            int count = (int)Math.Ceiling(max / (power * factor) - 1e-9);
            if (count <= 8) return new Ticks(power * factor, count);
        }
        return new Ticks(power * 10, (int)Math.Ceiling(max / (power * 10) - 1e-9));
    }

    /// <summary>The mark's number, with a unit prefix from a thousand on.</summary>
    public string Label(int index)
    {
        double value = Step * index;
        (double scale, string prefix) = End switch
        {
            >= 1e9 => (1e9, "G"),
            >= 1e6 => (1e6, "M"),
            >= 1e4 => (1e3, "k"),
            _ => (1, ""),
        };
        return (value / scale).ToString("0.######", CultureInfo.InvariantCulture) + (index == 0 ? "" : prefix);
    }
}
