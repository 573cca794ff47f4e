namespace Edge.Engine;

/// <summary>One timed run. Units: tokens per second.</summary>
public sealed record SpeedSample(double PrefillTokensPerSecond, double DecodeTokensPerSecond);
