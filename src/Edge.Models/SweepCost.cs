namespace Edge.Models;

/// <summary>What a pass reads from storage, measured. Units: bytes, of a pass of one row and of every further row in
/// it: 0 for dense layers, the growth of the union of chosen experts for a mixture.</summary>
public readonly record struct SweepCost(double Bytes, double BytesPerExtraRow);
