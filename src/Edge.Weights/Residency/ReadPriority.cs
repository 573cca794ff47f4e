namespace Edge.Weights;

/// <summary>Demand: somebody waits. Prefetch: likely needed soon. Idle: only while nothing else is asked.</summary>
public enum ReadPriority { Demand, Prefetch, Idle }
