using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Softmax with NEON, within the bound of <see cref="SoftmaxScalar"/>.</summary>
public static unsafe class SoftmaxNeon
{
    /// <inheritdoc cref="SoftmaxScalar.InPlace"/>
    public static void InPlace(float* x, long n)
    {
        long i = 0;
        float max = x[0];
        if (n >= 4)
        {
            var m = AdvSimd.LoadVector128(x);
            for (i = 4; i + 4 <= n; i += 4) m = AdvSimd.Max(m, AdvSimd.LoadVector128(x + i));
            max = AdvSimd.Arm64.MaxAcross(m).ToScalar();
        }
        for (; i < n; i++) max = x[i] > max ? x[i] : max;
        var tops = Vector128.Create(max);
        var sums = Vector128<float>.Zero;
        for (i = 0; i + 4 <= n; i += 4)
        {
            var e = Exp(AdvSimd.LoadVector128(x + i) - tops);
            AdvSimd.Store(x + i, e);
            sums += e;
        }
        float sum = FloatNeon.Sum(sums);
        for (; i < n; i++)
        {
            x[i] = SoftmaxScalar.Exp(x[i] - max);
            sum += x[i];
        }
        float inverse = 1 / sum;
        var inverses = Vector128.Create(inverse);
        for (i = 0; i + 4 <= n; i += 4) AdvSimd.Store(x + i, AdvSimd.LoadVector128(x + i) * inverses);
        for (; i < n; i++) x[i] *= inverse;
    }

    /// <summary>Four times <see cref="SoftmaxScalar.Exp"/>, with fused steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Exp(Vector128<float> x)
    {
        x = AdvSimd.Min(AdvSimd.Max(x, Vector128.Create(-87f)), Vector128.Create(88f));
        var n = AdvSimd.ConvertToInt32RoundToEven(x * Vector128.Create(1.44269504f));
        var whole = AdvSimd.ConvertToSingle(n);
        var r = AdvSimd.FusedMultiplySubtract(x, whole, Vector128.Create(0.693359375f));
        r = AdvSimd.FusedMultiplyAdd(r, whole, Vector128.Create(2.12194440e-4f));
        var p = Vector128.Create(1.9875691500e-4f);
        p = AdvSimd.FusedMultiplyAdd(Vector128.Create(1.3981999507e-3f), p, r);
        p = AdvSimd.FusedMultiplyAdd(Vector128.Create(8.3334519073e-3f), p, r);
        p = AdvSimd.FusedMultiplyAdd(Vector128.Create(4.1665795894e-2f), p, r);
        p = AdvSimd.FusedMultiplyAdd(Vector128.Create(1.6666665459e-1f), p, r);
        p = AdvSimd.FusedMultiplyAdd(Vector128.Create(5.0000001201e-1f), p, r);
        p = AdvSimd.FusedMultiplyAdd(r, p, r * r) + Vector128.Create(1f);
        return p * ((n + Vector128.Create(127)) << 23).AsSingle();
    }
}
