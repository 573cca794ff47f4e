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
