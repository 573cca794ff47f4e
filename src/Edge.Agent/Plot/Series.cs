namespace Edge.Agent.Plot;

/// <summary>A line of a panel. <paramref name="Dashed"/>: a bound rather than a measurement.</summary>
internal sealed record Series(string Name, IReadOnlyList<Point> Points, bool Dashed = false);

/// <summary>One pair of axes. <paramref name="YMax"/>: where the axis ends; null: what the points need. Both axes begin
/// at 0.</summary>
internal sealed record Panel(
    string Title, string XLabel, string YLabel, IReadOnlyList<Series> Series, double? YMax = null);
