namespace Edge.Models;

public enum RopeScalingKind { None, Linear, Yarn, Llama3 }

/// <summary>How positions beyond the trained context are squeezed; the names are the keys' under
/// rope.scaling.</summary>
public sealed record RopeScaling
{
    public RopeScalingKind Kind { get; init; }
    public double Factor { get; init; } = 1;
    public int OriginalContextLength { get; init; }
    /// <summary>Multiplies cos and sin, with YaRN besides its own 1 + 0.1 · ln(factor).</summary>
    public double AttnFactor { get; init; } = 1;
    /// <summary>DeepSeek's YaRN: not cos and sin but the scores are multiplied, by (1 + this · ln(factor))²; 0: YaRN's
    /// way.</summary>
    public double YarnLogMultiplier { get; init; }
    /// <summary>YaRN: whether the ramp starts and ends at whole dimensions.</summary>
    public bool YarnTruncate { get; init; } = true;
    public double YarnBetaFast { get; init; } = 32;
    public double YarnBetaSlow { get; init; } = 1;
    public double LowFreqFactor { get; init; } = 1;
    public double HighFreqFactor { get; init; } = 4;
}
