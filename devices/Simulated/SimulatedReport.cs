namespace Edge.Devices.Simulated;

/// <summary>One line of readings from a place, and how bad the worst of them is by the place's limits.</summary>
public sealed record SimulatedReport(string Location, string Line, Severity Worst, IReadOnlyList<Reading> Readings);
