namespace Edge.Weights;

/// <summary>Slots of one size: any slice of the class fits any of them.</summary>
public readonly record struct SlotClass(int Count, long SlotBytes);
