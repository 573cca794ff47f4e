namespace Edge.Agent.Plot;

/// <summary>A place on a panel. A class: native code has instances of every LINQ method for every value type.</summary>
internal sealed record Point(double X, double Y);
