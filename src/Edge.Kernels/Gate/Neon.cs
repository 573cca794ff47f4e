using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Element-wise work with NEON, within the bounds of <see cref="GateScalar"/>.</summary>
public static unsafe class GateNeon
{
    /// <inheritdoc cref="GateScalar.SwiGlu"/>
    public static void SwiGlu(float* gate, float* up, float* y, long n)
    {
        var one = Vector128.Create(1f);
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var g = AdvSimd.LoadVector128(gate + i);
            AdvSimd.Store(y + i, g / (one + SoftmaxNeon.Exp(-g)) * AdvSimd.LoadVector128(up + i));
        }
        GateScalar.SwiGlu(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.GeGlu"/>
    public static void GeGlu(float* gate, float* up, float* y, long n)
    {
        Vector128<float> linear = Vector128.Create(GateScalar.GeluLinear);
        Vector128<float> cubic = Vector128.Create(GateScalar.GeluCubic), one = Vector128.Create(1f);
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var g = AdvSimd.LoadVector128(gate + i);
            var inner = g * (linear + cubic * (g * g));
            AdvSimd.Store(y + i, g / (one + SoftmaxNeon.Exp(-inner)) * AdvSimd.LoadVector128(up + i));
        }
        GateScalar.GeGlu(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.SwiGluClamped"/>
    public static void SwiGluClamped(float* gate, float* up, float* y, long n)
    {
        Vector128<float> limit = Vector128.Create(GateScalar.ClampLimit), one = Vector128.Create(1f);
        Vector128<float> least = Vector128.Create(-GateScalar.ClampLimit);
        Vector128<float> slope = Vector128.Create(GateScalar.ClampSlope);
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var g = AdvSimd.Min(AdvSimd.LoadVector128(gate + i), limit);
            var u = AdvSimd.Max(AdvSimd.Min(AdvSimd.LoadVector128(up + i), limit), least);
            AdvSimd.Store(y + i, g / (one + SoftmaxNeon.Exp(-(slope * g))) * (u + one));
        }
        GateScalar.SwiGluClamped(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.ReGlu"/>
    public static void ReGlu(float* gate, float* up, float* y, long n)
    {
        long i = 0;
        for (; i + 4 <= n; i += 4)
        {
            var g = AdvSimd.Max(AdvSimd.LoadVector128(gate + i), Vector128<float>.Zero);
            AdvSimd.Store(y + i, g * AdvSimd.LoadVector128(up + i));
        }
        GateScalar.ReGlu(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.Add"/>
    public static void Add(float* y, float* x, long n)
    {
        long i = 0;
        for (; i + 4 <= n; i += 4) AdvSimd.Store(y + i, AdvSimd.LoadVector128(y + i) + AdvSimd.LoadVector128(x + i));
        for (; i < n; i++) y[i] += x[i];
    }

    /// <inheritdoc cref="GateScalar.AddScaled"/>
    public static void AddScaled(float* y, float* x, float scale, long n)
    {
        var scales = Vector128.Create(scale);
        long i = 0;
        for (; i + 4 <= n; i += 4)
            AdvSimd.Store(y + i, AdvSimd.LoadVector128(y + i) + scales * AdvSimd.LoadVector128(x + i));
        for (; i < n; i++) y[i] += scale * x[i];
    }
}
