namespace Edge.Models.Pack;

/// <summary>How to pack a model.</summary>
public sealed record PackOptions
{
    public PackTarget Target { get; init; } = PackTarget.Digits4;
    public TernaryLayout Ternary { get; init; } = TernaryLayout.Bits1_67;
    public PackHead Head { get; init; } = PackHead.Q8_0;
    /// <summary>0: one per core.</summary>
    public int Threads { get; init; }
    /// <summary>What a calibration text said; null: all columns count the same.</summary>
    public Importance? Importance { get; init; }
    /// <summary>Of Mixed: the file's size, at most.</summary>
    public long TargetBytes { get; init; }
    /// <summary>Of Mixed: experts of one stack may differ. Their stack becomes a tensor per expert, and such a file
    /// does not stream.</summary>
    public bool PerExpert { get; init; }
}
