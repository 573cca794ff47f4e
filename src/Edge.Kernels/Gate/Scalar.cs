namespace Edge.Kernels;

/// <summary>Element-wise work between matrices.
/// <para>Bound: SwiGlu within 2e-6 relative + 1e-30; Add and AddScaled the same bits in every variant (not
/// fused).</para>
/// </summary>
public static unsafe class GateScalar
{
    /// <summary>y = gate · sigmoid(gate) · up. Shapes: float[n] each; y may be one of the others.</summary>
    public static void SwiGlu(float* gate, float* up, float* y, long n)
    {
        for (long i = 0; i < n; i++) y[i] = gate[i] / (1f + SoftmaxScalar.Exp(-gate[i])) * up[i];
    }

    /// <summary>y ← y + x.</summary>
    public static void Add(float* y, float* x, long n)
    {
        for (long i = 0; i < n; i++) y[i] += x[i];
    }

    /// <summary>y ← y + scale · x.</summary>
    public static void AddScaled(float* y, float* x, float scale, long n)
    {
        for (long i = 0; i < n; i++) y[i] += scale * x[i];
    }
}
