namespace Edge.Models;

/// <summary>Does items <paramref name="from"/> to <paramref name="to"/> (exclusive) of a loop, on thread number
/// <paramref name="worker"/> of the pool.</summary>
internal delegate void LoopPart(int worker, long from, long to);
