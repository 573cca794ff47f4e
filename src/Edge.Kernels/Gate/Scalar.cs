namespace Edge.Kernels;

/// <summary>Element-wise work between matrices.
/// <para>Bound: SwiGlu, GeGlu and SwiGluClamped within 2e-6 relative + 1e-30; ReGlu, Add and AddScaled the same bits in
/// every variant (not fused).</para>
/// </summary>
public static unsafe class GateScalar
{
    internal const float GeluLinear = 1.5957691216f, GeluCubic = 0.0713548163f;
    internal const float ClampLimit = 7f, ClampSlope = 1.702f;

    /// <summary>y = gate · sigmoid(gate) · up. Shapes: float[n] each; y may be one of the others.</summary>
    public static void SwiGlu(float* gate, float* up, float* y, long n)
    {
        for (long i = 0; i < n; i++) y[i] = gate[i] / (1f + SoftmaxScalar.Exp(-gate[i])) * up[i];
    }

    /// <summary>y = GELU(gate) · up, GELU by its tanh form: gate · sigmoid(√(8/π) · (gate + 0.044715 · gate³)). Shapes:
    /// as
    /// <see cref="SwiGlu"/>.</summary>
    public static void GeGlu(float* gate, float* up, float* y, long n)
    {
        for (long i = 0; i < n; i++)
        {
            float g = gate[i];
            float inner = g * (GeluLinear + GeluCubic * (g * g));
            y[i] = g / (1f + SoftmaxScalar.Exp(-inner)) * up[i];
        }
    }

    /// <summary>y = gate' · sigmoid(1.702 · gate') · (up' + 1), gate' at most 7 and up' within ±7 (Source: gpt-oss).
    /// Shapes: as <see cref="SwiGlu"/>.</summary>
    public static void SwiGluClamped(float* gate, float* up, float* y, long n)
    {
        for (long i = 0; i < n; i++)
        {
            float g = gate[i] > ClampLimit ? ClampLimit : gate[i];
            float u = up[i] > ClampLimit ? ClampLimit : up[i] < -ClampLimit ? -ClampLimit : up[i];
            y[i] = g / (1f + SoftmaxScalar.Exp(-(ClampSlope * g))) * (u + 1f);
        }
    }

    /// <summary>y = max(gate, 0) · up; twice makes the squared ReLU. Shapes: as <see cref="SwiGlu"/>.</summary>
    public static void ReGlu(float* gate, float* up, float* y, long n)
    {
        for (long i = 0; i < n; i++) y[i] = (gate[i] > 0 ? gate[i] : 0f) * up[i];
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
