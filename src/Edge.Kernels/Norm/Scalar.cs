namespace Edge.Kernels;

/// <summary>Root-mean-square norm.
/// <para>Bound: variants agree within 2e-6 relative.</para></summary>
public static unsafe class NormScalar
{
    /// <summary>y = x · weight / √(mean(x²) + eps). Shapes: x, weight, y are float[n]; y may be x.</summary>
    public static void Rms(float* x, float* weight, float* y, long n, float eps)
    {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            s0 += x[i] * x[i];
            s1 += x[i + 1] * x[i + 1];
            s2 += x[i + 2] * x[i + 2];
            s3 += x[i + 3] * x[i + 3];
        }
        for (; i < n; i++) s0 += x[i] * x[i];
        float scale = InverseRoot((s0 + s2 + (s1 + s3)) / n + eps);
        for (i = 0; i < n; i++) y[i] = x[i] * scale * weight[i];
    }

    /// <summary>1 / √x for x ≥ 1e-30, rounded from a double that is right to its last bits; all variants call this
    /// one.</summary>
    public static float InverseRoot(float x)
    {
        // A first guess from the exponent, then Newton: each step doubles the 3 good bits.
        double v = x < 1e-30f ? 1e-30 : x;
        long bits = 0x5FE6EB50C7B537A9 - (*(long*)&v >> 1);
        double root = *(double*)&bits;
        for (int step = 0; step < 5; step++) root *= 1.5 - 0.5 * v * root * root;
        return (float)root;
    }
}
