namespace Edge.Engine;

/// <summary>Sum of the negative log-likelihood (nats) of the scored tokens, their count and the bytes that they stand
/// for.</summary>
public sealed record ScoringResult(double NegativeLogLikelihood, long Tokens, long Bytes)
{
    public double Perplexity => Math.Exp(NegativeLogLikelihood / Math.Max(1, Tokens));
    /// <summary>Comparable between models of different vocabularies.</summary>
    public double BitsPerByte => NegativeLogLikelihood / Math.Log(2) / Math.Max(1, Bytes);
}
