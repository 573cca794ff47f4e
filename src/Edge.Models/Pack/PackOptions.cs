namespace Edge.Models.Pack;

/// <summary>How to pack a model.</summary>
public sealed record PackOptions
{
    public PackTarget Target { get; init; } = PackTarget.Digits4;
    public TernaryLayout Ternary { get; init; } = TernaryLayout.Bits1_67;
    public PackHead Head { get; init; } = PackHead.Q8_0;
    /// <summary>0: one per core.</summary>
    public int Threads { get; init; }
}
