using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Root-mean-square norm with NEON, within the bound of <see cref="NormScalar"/>.</summary>
public static unsafe class NormNeon
{
    /// <inheritdoc cref="NormScalar.Rms"/>
    public static void Rms(float* x, float* weight, float* y, long n, float eps)
    {
        Vector128<float> s0 = Vector128<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
        long i = 0;
        for (; i + 16 <= n; i += 16)
        {
            var a = AdvSimd.LoadVector128(x + i);
            var b = AdvSimd.LoadVector128(x + i + 4);
            var c = AdvSimd.LoadVector128(x + i + 8);
            var d = AdvSimd.LoadVector128(x + i + 12);
            s0 = AdvSimd.FusedMultiplyAdd(s0, a, a);
            s1 = AdvSimd.FusedMultiplyAdd(s1, b, b);
            s2 = AdvSimd.FusedMultiplyAdd(s2, c, c);
            s3 = AdvSimd.FusedMultiplyAdd(s3, d, d);
        }
        float sum = FloatNeon.Sum(s0 + s1 + (s2 + s3));
        for (; i < n; i++) sum += x[i] * x[i];
        float scale = NormScalar.InverseRoot(sum / n + eps);
        var scales = Vector128.Create(scale);
        for (i = 0; i + 4 <= n; i += 4)
            AdvSimd.Store(y + i, AdvSimd.LoadVector128(x + i) * scales * AdvSimd.LoadVector128(weight + i));
        for (; i < n; i++) y[i] = x[i] * scale * weight[i];
    }
}
