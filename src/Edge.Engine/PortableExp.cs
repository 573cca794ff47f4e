namespace Edge.Engine;

/// <summary>e^x from IEEE additions and multiplications only: C libraries differ in the last bit (fused multiply-add
/// or not), and a seed must give the same tokens on every board. Within 2 units in the last place for x ≤ 0.</summary>
internal static class PortableExp
{
    private const double Log2E = 1.4426950408889634;
    // ln 2 in two parts: the high one has trailing zeros, so that n * high is exact.
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    public static double Of(double x)
    {
        if (x < -708) return 0; // below the smallest normal double: no sampler can draw it
        double n = Math.Floor(x * Log2E + 0.5);
        double r = x - n * Ln2High - n * Ln2Low; // |r| ≤ ln 2 / 2
        // Taylor, by Horner's rule; what is left out is below r^14 / 14! < 5e-18.
        double sum = 1.0 / 479001600 + r * (1.0 / 6227020800);
        sum = 1.0 / 3628800 + r * (1.0 / 39916800 + r * sum);
        sum = 1.0 / 40320 + r * (1.0 / 362880 + r * sum);
        sum = 1.0 / 720 + r * (1.0 / 5040 + r * sum);
        sum = 1.0 / 24 + r * (1.0 / 120 + r * sum);
        sum = 1 + r * (1 + r * (0.5 + r * (1.0 / 6 + r * sum)));
        return sum * BitConverter.Int64BitsToDouble((1023 + (long)n) << 52);
    }
}
