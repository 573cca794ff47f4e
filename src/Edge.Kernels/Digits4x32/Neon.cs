using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q4_0 in the tile of the dot product with the widening multiplication of ARMv8.0; the same bits as <see
/// cref="Digits4x32Scalar"/>. Half of what Q4_0's own tile costs there: a byte is two rows, not two columns.</summary>
public static unsafe class Digits4x32Neon
{
    /// <inheritdoc cref="Digits4x32Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Digits.Digits4x32BlockBytes;
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * tileBytes, x + t * Tiles.ActivationBytes(columns), y + t * yStride + r, columns,
                    row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* end = x + columns;
        float* scales = (float*)end;
        int* sums = (int*)(scales + columns / Tiles.Block);
        var minusEight = Vector128.Create(-8);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        do
        {
            Digits4Neon.EightRows a = default, b = default;
            Digits4Neon.Sixteen(ref a, ref b, (sbyte*)w + 32, AdvSimd.LoadVector128((sbyte*)x));
            Digits4Neon.Sixteen(ref a, ref b, (sbyte*)w + 160, AdvSimd.LoadVector128((sbyte*)x + 16));
            var start = AdvSimd.LoadAndReplicateToVector128(sums) * minusEight;
            var scale = AdvSimd.LoadAndReplicateToVector128(scales);
            var h0 = AdvSimd.LoadVector128((short*)w);
            var h1 = AdvSimd.LoadVector128((short*)w + 8);
            f0 += AdvSimd.ConvertToSingle(a.Low() + start) * (TilesNeon.ScalesLow(h0) * scale);
            f1 += AdvSimd.ConvertToSingle(a.High()) * (TilesNeon.ScalesHigh(h0) * scale);
            f2 += AdvSimd.ConvertToSingle(b.Low() + start) * (TilesNeon.ScalesLow(h1) * scale);
            f3 += AdvSimd.ConvertToSingle(b.High()) * (TilesNeon.ScalesHigh(h1) * scale);
            w += Digits.Digits4x32BlockBytes;
            x += Tiles.Block;
            scales++;
            sums++;
        } while (x < end);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }
}
