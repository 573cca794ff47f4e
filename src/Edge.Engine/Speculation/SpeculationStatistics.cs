namespace Edge.Engine.Speculation;

/// <summary>What drafts did since start. Drafted: verified ones, Accepted: those of them that became part of a reply,
/// TokensPerStep: tokens that a decoding reply gets from one step (1 without drafts). Problem: why there are no more
/// drafts; null while all is well.</summary>
public sealed record SpeculationStatistics(long Drafted, long Accepted, double TokensPerStep, string? Problem);
