namespace Edge.Engine;

/// <summary>Tokens per second as a moving average: the quotient of two sums that forget at the same pace, so that a
/// long chunk weighs more than a short one and a single odd step does not.</summary>
internal struct Rate
{
    private const double TokensRemembered = 256;
    private double _tokens, _seconds;

    public readonly double PerSecond => _seconds > 0 ? _tokens / _seconds : 0;

    public void Add(int tokens, double seconds)
    {
        double keep = TokensRemembered / (TokensRemembered + tokens);
        _tokens = _tokens * keep + tokens;
        _seconds = _seconds * keep + seconds;
    }
}
