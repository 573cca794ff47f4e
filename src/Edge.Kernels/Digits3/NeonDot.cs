using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>3-bit weights with the dot product; the same bits as <see cref="Digits3Scalar"/>. Three bytes hold eight
/// weights: six fields of three bits, and the spare top bits make the seventh and eighth. Ten dot products and seven
/// ANDs per 128 weights, no shift.</summary>
public static unsafe class Digits3NeonDot
{
    /// <inheritdoc cref="Digits3Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits3GroupBytes;
        for (long r = row0; r < row1; r += 32)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 32 * tileBytes, x + t * Digits.ActivationBytes(columns), y + t * yStride + r, columns,
                    row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        var m7 = Vector128.Create((sbyte)7);
        var m63 = Vector128.Create((sbyte)63);
        var m127 = Vector128.Create((sbyte)127);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0, f6 = f0, f7 = f0;
        while (x < end)
        {
            byte* h = w;
            w += 64;
            var a0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 5);
            var a1 = AdvSimd.LoadAndReplicateToVector128((int*)record + 6);
            var a2 = AdvSimd.LoadAndReplicateToVector128((int*)record + 7);
            Vector128<int> b0 = a0, b1 = a1, b2 = a2, c0 = a0, c1 = a1, c2 = a1, c3 = a1;
            byte* stop = x + Digits.Group;
            do
            {
                var activations = AdvSimd.LoadVector128((sbyte*)x);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w,
                    activations, 0, m7, m63, m127);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w + 48,
                    activations, 1, m7, m63, m127);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w + 96,
                    activations, 2, m7, m63, m127);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w + 144,
                    activations, 3, m7, m63, m127);
                x += 16;
                w += 192;
            } while (x < stop);
            var zero = Vector128<ushort>.Zero;
            var magic = Vector128.Create(12582912f);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            record += Digits.RecordBytes;
            var s = AdvSimd.LoadVector128((ushort*)h);
            f0 += (a0.AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f1 += ((a1 - a0).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
            s = AdvSimd.LoadVector128((ushort*)h + 8);
            f2 += (b0.AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f3 += ((b1 - b0).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
            s = AdvSimd.LoadVector128((ushort*)h + 16);
            f4 += (c0.AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f5 += ((c1 - c0).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
            s = AdvSimd.LoadVector128((ushort*)h + 24);
            // 64 times the seventh and the eighth weight: their low two bits, then their top bit, which counts 4
            // (there 64) or 4 (there 128).
            f6 += ((a2 - a1 + ((c2 - c1) << 2)).AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f7 += ((b2 - b1 + ((c2 - c3) << 1)).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
        DigitsNeon.Store(y + 16, f4, f5, f6, f7, rows - 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<int> a0, ref Vector128<int> a1, ref Vector128<int> a2,
        ref Vector128<int> b0, ref Vector128<int> b1,
        ref Vector128<int> b2, ref Vector128<int> c0, ref Vector128<int> c1, ref Vector128<int> c2,
            ref Vector128<int> c3,
        sbyte* w, Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<sbyte> m7,
            Vector128<sbyte> m63, Vector128<sbyte> m127)
    {
        var v = AdvSimd.LoadVector128(w);
        a2 = Dp.DotProductBySelectedQuadruplet(a2, v, x, quadruplet);
        a1 = Dp.DotProductBySelectedQuadruplet(a1, v & m63, x, quadruplet);
        a0 = Dp.DotProductBySelectedQuadruplet(a0, v & m7, x, quadruplet);
        v = AdvSimd.LoadVector128(w + 16);
        b2 = Dp.DotProductBySelectedQuadruplet(b2, v, x, quadruplet);
        b1 = Dp.DotProductBySelectedQuadruplet(b1, v & m63, x, quadruplet);
        b0 = Dp.DotProductBySelectedQuadruplet(b0, v & m7, x, quadruplet);
        v = AdvSimd.LoadVector128(w + 32);
        c3 = Dp.DotProductBySelectedQuadruplet(c3, v, x, quadruplet);
        c2 = Dp.DotProductBySelectedQuadruplet(c2, v & m127, x, quadruplet);
        c1 = Dp.DotProductBySelectedQuadruplet(c1, v & m63, x, quadruplet);
        c0 = Dp.DotProductBySelectedQuadruplet(c0, v & m7, x, quadruplet);
    }
}
