using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="GateScalar"/>, the same bits.</summary>
public static unsafe class GateAvx2
{
    /// <inheritdoc cref="GateScalar.SwiGlu"/>
    public static void SwiGlu(float* gate, float* up, float* y, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> g = Avx.LoadVector256(gate + i);
            Vector256<float> e = SoftmaxAvx2.Exp(Avx.Xor(g, Vector256.Create(-0f)));
            g = Avx.Divide(g, Avx.Add(Vector256.Create(1f), e));
            Avx.Store(y + i, Avx.Multiply(g, Avx.LoadVector256(up + i)));
        }
        GateScalar.SwiGlu(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.Add"/>
    public static void Add(float* y, float* x, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8) Avx.Store(y + i, Avx.Add(Avx.LoadVector256(y + i), Avx.LoadVector256(x + i)));
        GateScalar.Add(y + i, x + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.AddScaled"/>
    public static void AddScaled(float* y, float* x, float scale, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> scaled = Avx.Multiply(Vector256.Create(scale), Avx.LoadVector256(x + i));
            Avx.Store(y + i, Avx.Add(Avx.LoadVector256(y + i), scaled));
        }
        GateScalar.AddScaled(y + i, x + i, scale, n - i);
    }
}
