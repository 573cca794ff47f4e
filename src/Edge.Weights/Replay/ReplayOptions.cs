namespace Edge.Weights.Replay;

/// <summary>What a replayed cache may do. <paramref name="Whole"/>: every chosen expert needs both slices (exact);
/// else a chosen expert whose better ones hold more than <paramref name="T1"/> of the gate's weight needs HI alone, and
/// beyond <paramref name="T2"/> it is skipped unless it is there (balanced).</summary>
/// <remarks>Source of the thresholds: HOBBIT, arXiv 2411.01433.</remarks>
public sealed record ReplayOptions(long BudgetBytes, bool Whole = true, double T1 = 0.6, double T2 = 0.9);
