namespace Edge.Models;

/// <summary>Time in a model's matrices per token, with the kernels of one set.</summary>
public sealed record SetSpeed(string Variant, Spread DecodeNsPerToken, Spread PrefillNsPerToken)
{
    /// <summary>A request with as many tokens to read as to write.</summary>
    public double NsPerToken => DecodeNsPerToken.Median + PrefillNsPerToken.Median;
}
