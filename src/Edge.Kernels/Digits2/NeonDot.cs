using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>2-bit weights with the dot product; the same bits as <see cref="Digits2Scalar"/>. The whole byte and its
/// three remainders by 64, 16 and 4 go through the dot product with the same activations; differences of the sums are
/// the rows. No shift.</summary>
public static unsafe class Digits2NeonDot
{
    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits2GroupBytes;
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * tileBytes, x + t * Digits.ActivationBytes(columns), y + t * yStride + r, columns,
                    row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        var m3 = Vector128.Create((sbyte)3);
        var m15 = Vector128.Create((sbyte)15);
        var m63 = Vector128.Create((sbyte)63);
        var zero = Vector128<ushort>.Zero;
        var magic = Vector128.Create(12582912f);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        while (x < end)
        {
            var h0 = AdvSimd.LoadVector128((ushort*)w);
            var h1 = AdvSimd.LoadVector128((ushort*)w + 8);
            w += 32;
            var s0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 1);
            var s1 = AdvSimd.LoadAndReplicateToVector128((int*)record + 2);
            var s2 = AdvSimd.LoadAndReplicateToVector128((int*)record + 3);
            var s3 = AdvSimd.LoadAndReplicateToVector128((int*)record + 4);
            byte* stop = x + Digits.Group;
            do
            {
                Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w, AdvSimd.LoadVector128((sbyte*)x), m3, m15, m63);
                Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 64, AdvSimd.LoadVector128((sbyte*)x + 16), m3,
                    m15, m63);
                Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 128, AdvSimd.LoadVector128((sbyte*)x + 32), m3,
                    m15, m63);
                Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 192, AdvSimd.LoadVector128((sbyte*)x + 48), m3,
                    m15, m63);
                x += 64;
                w += 256;
            } while (x < stop);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            record += Digits.RecordBytes;
            f0 += (s0.AsSingle() - magic) * (DigitsNeon.Low(h0, zero) * scale);
            f1 += ((s1 - s0).AsSingle() - magic) * (DigitsNeon.High(h0, zero) * scale);
            f2 += ((s2 - s1).AsSingle() - magic) * (DigitsNeon.Low(h1, zero) * scale);
            f3 += ((s3 - s2).AsSingle() - magic) * (DigitsNeon.High(h1, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    /// <summary>Sixteen columns: four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Sixteen(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        ref Vector128<int> s3,
        sbyte* w, Vector128<sbyte> x, Vector128<sbyte> m3, Vector128<sbyte> m15, Vector128<sbyte> m63)
    {
        var a = AdvSimd.LoadVector128(w);
        var b = AdvSimd.LoadVector128(w + 16);
        Four(ref s0, ref s1, ref s2, ref s3, a, x, 0, m3, m15, m63);
        Four(ref s0, ref s1, ref s2, ref s3, b, x, 1, m3, m15, m63);
        a = AdvSimd.LoadVector128(w + 32);
        b = AdvSimd.LoadVector128(w + 48);
        Four(ref s0, ref s1, ref s2, ref s3, a, x, 2, m3, m15, m63);
        Four(ref s0, ref s1, ref s2, ref s3, b, x, 3, m3, m15, m63);
    }

    // Masks come as arguments so that they stay in registers: the compiler would make a constant anew in each round.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2, ref Vector128<int> s3,
        Vector128<sbyte> v, Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet,
            Vector128<sbyte> m3, Vector128<sbyte> m15, Vector128<sbyte> m63)
    {
        s3 = Dp.DotProductBySelectedQuadruplet(s3, v, x, quadruplet);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, v & m63, x, quadruplet);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, v & m15, x, quadruplet);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, v & m3, x, quadruplet);
    }
}
