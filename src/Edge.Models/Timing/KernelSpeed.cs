namespace Edge.Models;

/// <summary>How fast one matrix kernel is at one size.</summary>
/// <param name="Family">The folder of src/Edge.Kernels.</param>
/// <param name="Type">The type of the weights.</param>
/// <param name="Level">What holds the weights: l1, l2 (of each thread) or memory.</param>
/// <param name="Rows">Of one thread's matrix.</param>
/// <param name="Tokens">1: decode; more: prefill.</param>
/// <param name="WeightsGbPerSecond">10⁹ bytes of weights that all threads together pass over.</param>
/// <param name="WeightsPerNs">Products of a weight and an activation per nanosecond; with one token, weights.</param>
public sealed record KernelSpeed(
    string Family, string Variant, string Type, string Level, long Rows, long Columns, int Tokens, int Threads,
    double BitsPerWeight, Spread WeightsGbPerSecond, double WeightsPerNs);
