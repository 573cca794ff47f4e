namespace Edge.Kernels;

/// <summary>Softmax and the exponential that it, the gate and attention share.
/// <para>Bound: <see cref="Exp"/> has a relative error of at most 3e-7; probabilities of every variant agree within
/// 1e-6 relative + 1e-12.</para></summary>
public static unsafe class SoftmaxScalar
{
    /// <summary>x ← exp(x − max) / Σ. Shapes: n ≥ 1, at least one value above −∞.</summary>
    public static void InPlace(float* x, long n)
    {
        float max = x[0];
        for (long i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
        float sum = 0;
        for (long i = 0; i < n; i++)
        {
            x[i] = Exp(x[i] - max);
            sum += x[i];
        }
        float inverse = 1 / sum;
        for (long i = 0; i < n; i++) x[i] *= inverse;
    }

    /// <summary>e^x for x clamped to −87 … 88: 2^n times a polynomial on |r| ≤ ln 2 / 2 (Source: Cephes
    /// expf).</summary>
    public static float Exp(float x)
    {
        x = x < -87f ? -87f : x > 88f ? 88f : x;
        float shifted = x * 1.44269504f + 12582912f;
        float n = shifted - 12582912f;
        float r = x - n * 0.693359375f;
        r -= n * -2.12194440e-4f;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * (r * r) + r + 1f;
        int bits = (*(int*)&shifted - 0x4B400000 + 127) << 23;
        return p * *(float*)&bits;
    }
}
