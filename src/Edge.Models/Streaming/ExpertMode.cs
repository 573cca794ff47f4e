namespace Edge.Models.Streaming;

/// <summary>What may be traded for speed when experts stream. Exact: nothing; the bits are those of a model in memory.
/// Balanced: an expert of little weight that is not there runs on its coarse slice, or not at all. Fast: also prefers
/// experts that are there, and drops absent ones of little weight.</summary>
public enum ExpertMode { Exact, Balanced, Fast }
