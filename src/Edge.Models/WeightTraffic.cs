namespace Edge.Models;

/// <summary>Counters of weights that come from storage while the model runs, since it was loaded.</summary>
/// <param name="StallMicros">Time that arithmetic waited for bytes.</param>
public readonly record struct WeightTraffic(long StallMicros, long BytesRead);
