using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>4-bit weights with the dot product; the same bits as <see cref="Digits4Scalar"/>. The whole byte and its
/// low nibble go through the dot product with the same activations; the difference of the sums is the upper row. No
/// shift.</summary>
public static unsafe class Digits4NeonDot
{
    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits4GroupBytes;
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * tileBytes, x + t * Digits.ActivationBytes(columns), y + t * yStride + r, columns,
                    row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        var nibble = Vector128.Create((sbyte)15);
        var zero = Vector128<ushort>.Zero;
        var magic = Vector128.Create(12582912f);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        while (x < end)
        {
            var h0 = AdvSimd.LoadVector128((ushort*)w);
            var h1 = AdvSimd.LoadVector128((ushort*)w + 8);
            w += 32;
            var s0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 8);
            var s1 = AdvSimd.LoadAndReplicateToVector128((int*)record + 9);
            var s2 = s0;
            var s3 = s1;
            byte* stop = x + Digits.Group;
            do
            {
                Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w, AdvSimd.LoadVector128((sbyte*)x), nibble);
                Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 128, AdvSimd.LoadVector128((sbyte*)x + 16), nibble);
                x += 32;
                w += 256;
            } while (x < stop);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            record += Digits.RecordBytes;
            f0 += (s0.AsSingle() - magic) * (DigitsNeon.Low(h0, zero) * scale);
            f1 += ((s1 - s0).AsSingle() - magic) * (DigitsNeon.High(h0, zero) * scale);
            f2 += (s2.AsSingle() - magic) * (DigitsNeon.Low(h1, zero) * scale);
            f3 += ((s3 - s2).AsSingle() - magic) * (DigitsNeon.High(h1, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    /// <summary>Sixteen columns: eight vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Sixteen(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        ref Vector128<int> s3,
        sbyte* w, Vector128<sbyte> x, Vector128<sbyte> nibble)
    {
        Four(ref s0, ref s1, ref s2, ref s3, w, x, 0, nibble);
        Four(ref s0, ref s1, ref s2, ref s3, w + 32, x, 1, nibble);
        Four(ref s0, ref s1, ref s2, ref s3, w + 64, x, 2, nibble);
        Four(ref s0, ref s1, ref s2, ref s3, w + 96, x, 3, nibble);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2, ref Vector128<int> s3,
        sbyte* w, Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<sbyte> nibble)
    {
        var v = AdvSimd.LoadVector128(w);
        var u = AdvSimd.LoadVector128(w + 16);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, v, x, quadruplet);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, v & nibble, x, quadruplet);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, u, x, quadruplet);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, u & nibble, x, quadruplet);
    }
}
