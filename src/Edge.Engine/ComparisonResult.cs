namespace Edge.Engine;

/// <summary>Sums over the compared positions.</summary>
public sealed class ComparisonResult
{
    private double _divergence, _surpriseA, _surpriseB;
    private long _agreed;

    public long Tokens { get; private set; }
    /// <summary>KL(A ‖ B) of the next token's distribution, in nats.</summary>
    public double MeanDivergence => _divergence / Math.Max(1, Tokens);
    public double MaxDivergence { get; private set; }
    /// <summary>Part of the positions where both expect the same token most.</summary>
    public double TopAgreement => (double)_agreed / Math.Max(1, Tokens);
    /// <summary>Largest difference of two logits.</summary>
    public double MaxLogitError { get; private set; }
    public double NatsPerTokenA => _surpriseA / Math.Max(1, Tokens);
    public double NatsPerTokenB => _surpriseB / Math.Max(1, Tokens);

    /// <summary>Adds a position: both models' logits, and the token that follows.</summary>
    internal void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int next)
    {
        (double logA, int topA) = Normaliser(a);
        (double logB, int topB) = Normaliser(b);
        double divergence = 0, worst = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double logP = a[i] - logA, logQ = b[i] - logB;
            divergence += Math.Exp(logP) * (logP - logQ);
            worst = Math.Max(worst, Math.Abs((double)a[i] - b[i]));
        }
        // Rounding may leave a little below zero.
        divergence = Math.Max(divergence, 0);
        _divergence += divergence;
        MaxDivergence = Math.Max(MaxDivergence, divergence);
        MaxLogitError = Math.Max(MaxLogitError, worst);
        if (topA == topB) _agreed++;
        _surpriseA += logA - a[next];
        _surpriseB += logB - b[next];
        Tokens++;
    }

    /// <summary>log Σ exp, and the place of the largest.</summary>
    private static (double Log, int Top) Normaliser(ReadOnlySpan<float> logits)
    {
        int top = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[top]) top = i;
        double sum = 0;
        foreach (float x in logits) sum += Math.Exp((double)x - logits[top]);
        return (logits[top] + Math.Log(sum), top);
    }
}
