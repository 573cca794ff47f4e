namespace Edge.Models.Pack;

/// <summary>How far a packing is. <paramref name="Done"/> and <paramref name="All"/>: bytes of the source.
/// <paramref name="TakenUp"/>: those of them that an earlier run had done.</summary>
public readonly record struct PackProgress(long Done, long All, long TakenUp);
