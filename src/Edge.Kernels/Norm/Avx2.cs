using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="NormScalar"/>.</summary>
public static unsafe class NormAvx2
{
    /// <inheritdoc cref="NormScalar.Rms"/>
    public static void Rms(float* x, float* weight, float* y, long n, float eps)
    {
        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0;
        long i = 0;
        for (; i + 16 <= n; i += 16)
        {
            Vector256<float> a = Avx.LoadVector256(x + i), b = Avx.LoadVector256(x + i + 8);
            s0 = Fma.MultiplyAdd(a, a, s0);
            s1 = Fma.MultiplyAdd(b, b, s1);
        }
        float sum = FloatAvx2.Sum(Avx.Add(s0, s1));
        for (; i < n; i++) sum += x[i] * x[i];
        float scale = NormScalar.InverseRoot(sum / n + eps);
        for (i = 0; i + 8 <= n; i += 8)
        {
            Vector256<float> scaled = Avx.Multiply(Avx.LoadVector256(x + i), Vector256.Create(scale));
            Avx.Store(y + i, Avx.Multiply(scaled, Avx.LoadVector256(weight + i)));
        }
        for (; i < n; i++) y[i] = x[i] * scale * weight[i];
    }
}
