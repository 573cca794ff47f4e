using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="SoftmaxScalar"/>; the exponential has the same bits, the sum another
/// order.</summary>
public static unsafe class SoftmaxAvx2
{
    /// <inheritdoc cref="SoftmaxScalar.InPlace"/>
    public static void InPlace(float* x, long n)
    {
        float inverse = 1 / ExpSum(x, n, Max(x, n, x[0]));
        for (long i = 0; i < n; i++) x[i] *= inverse;
    }

    /// <summary>The greatest of <paramref name="least"/> and x.</summary>
    internal static float Max(float* x, long n, float least)
    {
        Vector256<float> top = Vector256.Create(least);
        long i = 0;
        for (; i + 8 <= n; i += 8) top = Avx.Max(Avx.LoadVector256(x + i), top);
        Vector128<float> four = Sse.Max(top.GetLower(), top.GetUpper());
        Vector128<float> two = Sse.Max(four, Sse.MoveHighToLow(four, four));
        float max = two.ToScalar() > two.GetElement(1) ? two.ToScalar() : two.GetElement(1);
        for (; i < n; i++) max = x[i] > max ? x[i] : max;
        return max;
    }

    /// <summary>x ← exp(x − max); returns the sum.</summary>
    internal static float ExpSum(float* x, long n, float max)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> e = Exp(Avx.Subtract(Avx.LoadVector256(x + i), Vector256.Create(max)));
            Avx.Store(x + i, e);
            sum = Avx.Add(sum, e);
        }
        float total = FloatAvx2.Sum(sum);
        for (; i < n; i++)
        {
            x[i] = SoftmaxScalar.Exp(x[i] - max);
            total += x[i];
        }
        return total;
    }

    /// <inheritdoc cref="SoftmaxScalar.Exp"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Exp(Vector256<float> x)
    {
        x = Avx.Min(Avx.Max(x, Vector256.Create(-87f)), Vector256.Create(88f));
        Vector256<float> shifted =
            Avx.Add(Avx.Multiply(x, Vector256.Create(1.44269504f)), Vector256.Create(12582912f));
        Vector256<float> n = Avx.Subtract(shifted, Vector256.Create(12582912f));
        Vector256<float> r = Avx.Subtract(x, Avx.Multiply(n, Vector256.Create(0.693359375f)));
        r = Avx.Subtract(r, Avx.Multiply(n, Vector256.Create(-2.12194440e-4f)));
        Vector256<float> p = Vector256.Create(1.9875691500e-4f);
        p = Avx.Add(Avx.Multiply(p, r), Vector256.Create(1.3981999507e-3f));
        p = Avx.Add(Avx.Multiply(p, r), Vector256.Create(8.3334519073e-3f));
        p = Avx.Add(Avx.Multiply(p, r), Vector256.Create(4.1665795894e-2f));
        p = Avx.Add(Avx.Multiply(p, r), Vector256.Create(1.6666665459e-1f));
        p = Avx.Add(Avx.Multiply(p, r), Vector256.Create(5.0000001201e-1f));
        p = Avx.Add(Avx.Add(Avx.Multiply(p, Avx.Multiply(r, r)), r), Vector256.Create(1f));
        Vector256<int> bits = Avx2.ShiftLeftLogical(
            Avx2.Add(shifted.AsInt32(), Vector256.Create(127 - 0x4B400000)), 23);
        return Avx.Multiply(p, bits.AsSingle());
    }
}
