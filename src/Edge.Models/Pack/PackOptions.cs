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
    /// <summary>Of Mixed: experts of one stack may differ. Their stack becomes a tensor per expert, which streams as
    /// a stack does.</summary>
    public bool PerExpert { get; init; }
    /// <summary>Share of a matrix's weights that is kept apart from its digits, exactly; 0 for none, at most
    /// <see cref="OutliersMax"/>. Of Mixed: where it is worth its bytes.</summary>
    public double Outliers { get; init; }

    /// <summary>The I2_S tensors of the file stand in blocks of 64 columns, which their shapes do not tell.</summary>
    public bool HasBlocksOf64 { get; init; }

    /// <summary>Beyond, another bit for all weights costs less.</summary>
    public const double OutliersMax = 0.05;

    /// <summary>Why these options do not go together; null when they do.</summary>
    public string? Problem => Outliers switch
    {
        0 => null,
        < 0 or > OutliersMax or double.NaN => $"a share of outliers lies between 0 and {100 * OutliersMax} %",
        _ => Target switch
        {
            PackTarget.Keep => "outliers are kept apart from digits, and --type keep rounds nothing to digits",
            PackTarget.Ternary => "ternary weights have no outliers: a model for three values has three, and any " +
                "other one is better served by 2 bits",
            PackTarget.Nested4 => "digits2+2 has no outliers: its first plane must stand for the whole matrix alone",
            _ => null,
        },
    };
}
