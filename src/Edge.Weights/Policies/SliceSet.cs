namespace Edge.Weights.Policies;

/// <summary>The two slices of an expert: HI alone is a coarse expert, HI and LO are the whole one.</summary>
[Flags]
public enum SliceSet : byte { None = 0, Hi = 1, Lo = 2, Both = 3 }
