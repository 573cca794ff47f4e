using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Rotary position embedding with NEON; the same bits as <see cref="RopeScalar"/>.</summary>
public static unsafe class RopeNeon
{
    /// <inheritdoc cref="RopeScalar.Pairs"/>
    public static void Pairs(float* x, float* cos, float* sin, long headSize, long heads)
    {
        long half = headSize / 2;
        for (long h = 0; h < heads; h++, x += headSize)
        {
            long i = 0;
            for (; i + 4 <= half; i += 4)
            {
                var low = AdvSimd.LoadVector128(x + 2 * i);
                var high = AdvSimd.LoadVector128(x + 2 * i + 4);
                var a = AdvSimd.Arm64.UnzipEven(low, high);
                var b = AdvSimd.Arm64.UnzipOdd(low, high);
                var c = AdvSimd.LoadVector128(cos + i);
                var s = AdvSimd.LoadVector128(sin + i);
                var p = a * c - b * s;
                var q = b * c + a * s;
                AdvSimd.Store(x + 2 * i, AdvSimd.Arm64.ZipLow(p, q));
                AdvSimd.Store(x + 2 * i + 4, AdvSimd.Arm64.ZipHigh(p, q));
            }
            if (i < half) RopeScalar.Pairs(x + 2 * i, cos + i, sin + i, headSize - 2 * i, 1);
        }
    }

    /// <inheritdoc cref="RopeScalar.Halves"/>
    public static void Halves(float* x, float* cos, float* sin, long headSize, long heads)
    {
        long half = headSize / 2;
        for (long h = 0; h < heads; h++, x += headSize)
        {
            long i = 0;
            for (; i + 4 <= half; i += 4)
            {
                var a = AdvSimd.LoadVector128(x + i);
                var b = AdvSimd.LoadVector128(x + i + half);
                var c = AdvSimd.LoadVector128(cos + i);
                var s = AdvSimd.LoadVector128(sin + i);
                AdvSimd.Store(x + i, a * c - b * s);
                AdvSimd.Store(x + i + half, b * c + a * s);
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
