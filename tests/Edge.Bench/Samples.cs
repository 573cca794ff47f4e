namespace Edge.Bench;

/// <summary>Median and spread of repeated measurements.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public void Add(double value) => _values.Add(value);
    public double Min => _values.Min();
    public double Max => _values.Max();
    public double Median => _values.Order().ElementAt(_values.Count / 2);
}
