using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Five ternary weights in a byte with the dot product; the same bits as <see cref="Ternary1_6Scalar"/>. The
/// code is multiplied by three (two byte additions) four times and more; three times one sum minus the next is 256
/// times a row.</summary>
public static unsafe class Ternary1_6NeonDot
{
    /// <inheritdoc cref="Ternary1_6Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        byte* tile = w + row0 / 20 * Digits.Ternary1_6TileBytes(columns);
        long tokenBytes = Digits.TokenActivationBytes(columns);
        for (long r = row0; r < row1; r += 20, tile += Digits.Ternary1_6TileBytes(columns))
        {
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                FourTokens(tile, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride, row1 - r);
            for (; t < tokens; t++)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    // Four tokens share the multiplications by three.
    private static void FourTokens(byte* w, byte* x, float* y, long columns, long tokenBytes, long yStride, long rows)
    {
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        ushort* h = (ushort*)w;
        w += 48;
        FieldSums a0 = default, a1 = default, a2 = default, a3 = default;
        FieldSums b0 = default, b1 = default, b2 = default, b3 = default;
        for (byte* end = x + columns; x < end; x += 16, w += 64)
        {
            var x0 = AdvSimd.LoadVector128((sbyte*)x);
            var x1 = AdvSimd.LoadVector128((sbyte*)x + tokenBytes);
            var x2 = AdvSimd.LoadVector128((sbyte*)x + 2 * tokenBytes);
            var x3 = AdvSimd.LoadVector128((sbyte*)x + 3 * tokenBytes);
            FourOfFour(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3,
                AdvSimd.LoadVector128((sbyte*)w), x0, x1, x2, x3, 0);
            FourOfFour(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3,
                AdvSimd.LoadVector128((sbyte*)w + 16), x0, x1, x2, x3, 1);
            FourOfFour(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3,
                AdvSimd.LoadVector128((sbyte*)w + 32), x0, x1, x2, x3, 2);
            FourOfFour(ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3,
                AdvSimd.LoadVector128((sbyte*)w + 48), x0, x1, x2, x3, 3);
        }
        Finish(y, a0, b0, h, record, rows);
        Finish(y + yStride, a1, b1, h, record + tokenBytes, rows);
        Finish(y + 2 * yStride, a2, b2, h, record + 2 * tokenBytes, rows);
        Finish(y + 3 * yStride, a3, b3, h, record + 3 * tokenBytes, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourOfFour(ref FieldSums a0, ref FieldSums a1, ref FieldSums a2, ref FieldSums a3,
        ref FieldSums b0, ref FieldSums b1, ref FieldSums b2, ref FieldSums b3, Vector128<sbyte> v,
        Vector128<sbyte> x0, Vector128<sbyte> x1, Vector128<sbyte> x2, Vector128<sbyte> x3,
        [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        OneOfFour(ref a0.A, ref a1.A, ref a2.A, ref a3.A, v, x0, x1, x2, x3, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        OneOfFour(ref a0.B, ref a1.B, ref a2.B, ref a3.B, v, x0, x1, x2, x3, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        OneOfFour(ref a0.C, ref a1.C, ref a2.C, ref a3.C, v, x0, x1, x2, x3, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        OneOfFour(ref b0.A, ref b1.A, ref b2.A, ref b3.A, v, x0, x1, x2, x3, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        OneOfFour(ref b0.B, ref b1.B, ref b2.B, ref b3.B, v, x0, x1, x2, x3, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        OneOfFour(ref b0.C, ref b1.C, ref b2.C, ref b3.C, v, x0, x1, x2, x3, quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OneOfFour(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        ref Vector128<int> s3, Vector128<sbyte> v, Vector128<sbyte> x0, Vector128<sbyte> x1, Vector128<sbyte> x2,
        Vector128<sbyte> x3, [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        s0 = Dp.DotProductBySelectedQuadruplet(s0, v, x0, quadruplet);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, v, x1, quadruplet);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, v, x2, quadruplet);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, v, x3, quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, FieldSums a, FieldSums b, ushort* h, byte* record, long rows)
    {
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var zero = Vector128<ushort>.Zero;
        var h0 = AdvSimd.LoadVector128(h);
        var h1 = AdvSimd.LoadVector128(h + 8);
        var h2 = AdvSimd.LoadVector128(h + 16);
        var f0 = AdvSimd.ConvertToSingle(Row(a.A, a.B)) * (DigitsNeon.Low(h0, zero) * scale);
        var f1 = AdvSimd.ConvertToSingle(Row(a.B, a.C)) * (DigitsNeon.High(h0, zero) * scale);
        var f2 = AdvSimd.ConvertToSingle(Row(a.C, b.A)) * (DigitsNeon.Low(h1, zero) * scale);
        var f3 = AdvSimd.ConvertToSingle(Row(b.A, b.B)) * (DigitsNeon.High(h1, zero) * scale);
        var f4 = AdvSimd.ConvertToSingle(Row(b.B, b.C)) * (DigitsNeon.Low(h2, zero) * scale);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
        DigitsNeon.Store(y + 16, f4, rows - 16);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        byte* end = x + columns;
        ushort* h = (ushort*)w;
        w += 48;
        Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
        for (; x < end; x += 16, w += 64)
        {
            var activations = AdvSimd.LoadVector128((sbyte*)x);
            var a = AdvSimd.LoadVector128((sbyte*)w);
            var b = AdvSimd.LoadVector128((sbyte*)w + 16);
            Four(ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, a, activations, 0);
            Four(ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, b, activations, 1);
            a = AdvSimd.LoadVector128((sbyte*)w + 32);
            b = AdvSimd.LoadVector128((sbyte*)w + 48);
            Four(ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, a, activations, 2);
            Four(ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, b, activations, 3);
        }
        Finish(y, new FieldSums { A = s0, B = s1, C = s2 }, new FieldSums { A = s3, B = s4, C = s5 }, h, record, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Row(Vector128<int> sum, Vector128<int> next) => sum + sum + sum - next;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2, ref Vector128<int> s3,
        ref Vector128<int> s4, ref Vector128<int> s5, Vector128<sbyte> v, Vector128<sbyte> x,
            [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        s0 = Dp.DotProductBySelectedQuadruplet(s0, v, x, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, v, x, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, v, x, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, v, x, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        s4 = Dp.DotProductBySelectedQuadruplet(s4, v, x, quadruplet);
        v = AdvSimd.Add(AdvSimd.Add(v, v), v);
        s5 = Dp.DotProductBySelectedQuadruplet(s5, v, x, quadruplet);
    }
}
