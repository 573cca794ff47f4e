namespace Edge.Engine;

/// <summary>Numbers of one finished request. Units: milliseconds. QueueMs: accepted to slot. PromptMs: slot to the
/// first token. TtftMs: accepted to the first token. TokensPerSecond: decode alone, first token to last (0 below two
/// tokens). CachedTokens: prompt tokens that were still in the slot's cache and did not have to be run.
/// Drafted: tokens that were guessed and verified, Accepted: those of them that were right.</summary>
public sealed record GenerationTimings(
    double QueueMs, double PromptMs, double TtftMs, double TokensPerSecond, int CachedTokens,
    int Drafted = 0, int Accepted = 0);
