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

    /// <inheritdoc cref="GateScalar.GeGlu"/>
    public static void GeGlu(float* gate, float* up, float* y, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> g = Avx.LoadVector256(gate + i);
            Vector256<float> inner = Avx.Add(Vector256.Create(GateScalar.GeluLinear),
                Avx.Multiply(Vector256.Create(GateScalar.GeluCubic), Avx.Multiply(g, g)));
            inner = Avx.Xor(Avx.Multiply(g, inner), Vector256.Create(-0f));
            g = Avx.Divide(g, Avx.Add(Vector256.Create(1f), SoftmaxAvx2.Exp(inner)));
            Avx.Store(y + i, Avx.Multiply(g, Avx.LoadVector256(up + i)));
        }
        GateScalar.GeGlu(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.SwiGluClamped"/>
    public static void SwiGluClamped(float* gate, float* up, float* y, long n)
    {
        Vector256<float> limit = Vector256.Create(GateScalar.ClampLimit);
        Vector256<float> least = Vector256.Create(-GateScalar.ClampLimit), one = Vector256.Create(1f);
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> g = Avx.Min(Avx.LoadVector256(gate + i), limit);
            Vector256<float> u = Avx.Max(Avx.Min(Avx.LoadVector256(up + i), limit), least);
            Vector256<float> inner = Avx.Multiply(Vector256.Create(GateScalar.ClampSlope), g);
            g = Avx.Divide(g, Avx.Add(one, SoftmaxAvx2.Exp(Avx.Xor(inner, Vector256.Create(-0f)))));
            Avx.Store(y + i, Avx.Multiply(g, Avx.Add(u, one)));
        }
        GateScalar.SwiGluClamped(gate + i, up + i, y + i, n - i);
    }

    /// <inheritdoc cref="GateScalar.ReGlu"/>
    public static void ReGlu(float* gate, float* up, float* y, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8)
        {
            Vector256<float> g = Avx.Max(Avx.LoadVector256(gate + i), Vector256<float>.Zero);
            Avx.Store(y + i, Avx.Multiply(g, Avx.LoadVector256(up + i)));
        }
        GateScalar.ReGlu(gate + i, up + i, y + i, n - i);
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
