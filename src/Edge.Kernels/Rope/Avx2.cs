using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="RopeScalar"/>, the same bits.</summary>
public static unsafe class RopeAvx2
{
    /// <inheritdoc cref="RopeScalar.Pairs"/>
    public static void Pairs(float* x, float* cos, float* sin, long headSize, long heads)
    {
        for (long h = 0; h < heads; h++, x += headSize)
        {
            long i = 0;
            for (; i + 8 <= headSize; i += 8)
            {
                // Four angles, each for two neighbours.
                Vector128<float> c = Sse.LoadVector128(cos + i / 2), s = Sse.LoadVector128(sin + i / 2);
                Vector256<float> cc = Vector256.Create(Sse.UnpackLow(c, c), Sse.UnpackHigh(c, c));
                Vector256<float> ss = Vector256.Create(Sse.UnpackLow(s, s), Sse.UnpackHigh(s, s));
                Vector256<float> v = Avx.LoadVector256(x + i);
                Vector256<float> swapped = Avx.Permute(v, 0xB1);
                Avx.Store(x + i, Avx.AddSubtract(Avx.Multiply(v, cc), Avx.Multiply(swapped, ss)));
            }
            if (i < headSize) RopeScalar.Pairs(x + i, cos + i / 2, sin + i / 2, headSize - i, 1);
        }
    }

    /// <inheritdoc cref="RopeScalar.Halves"/>
    public static void Halves(float* x, float* cos, float* sin, long headSize, long heads)
    {
        long half = headSize / 2;
        for (long h = 0; h < heads; h++, x += headSize)
        {
            long i = 0;
            for (; i + 8 <= half; i += 8)
            {
                Vector256<float> a = Avx.LoadVector256(x + i), b = Avx.LoadVector256(x + i + half);
                Vector256<float> c = Avx.LoadVector256(cos + i), s = Avx.LoadVector256(sin + i);
                Avx.Store(x + i, Avx.Subtract(Avx.Multiply(a, c), Avx.Multiply(b, s)));
                Avx.Store(x + i + half, Avx.Add(Avx.Multiply(b, c), Avx.Multiply(a, s)));
            }
            for (; i < half; i++)
            {
                float a = x[i], b = x[i + half];
                x[i] = a * cos[i] - b * sin[i];
                x[i + half] = b * cos[i] + a * sin[i];
            }
        }
    }
}
