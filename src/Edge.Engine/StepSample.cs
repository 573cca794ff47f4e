using Edge.Models;

namespace Edge.Engine;

/// <summary>One timed pass. <paramref name="StartedAt"/>: of <see cref="System.Diagnostics.Stopwatch"/>.
/// <paramref name="Traffic"/>: what this pass waited for and read; nothing for weights that are resident.</summary>
public readonly record struct StepSample(long StartedAt, double Seconds, int Tokens, WeightTraffic Traffic);
