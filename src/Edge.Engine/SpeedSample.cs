namespace Edge.Engine;

/// <summary>One timed run. Units: tokens per second; bytes that storage gave for all decoded tokens.</summary>
public sealed record SpeedSample(
    double PrefillTokensPerSecond, double DecodeTokensPerSecond, long DecodeReadBytes);
