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
        for (long r = row0; r < row1; r += 20, tile += Digits.Ternary1_6TileBytes(columns))
            for (long t = 0; t < tokens; t++)
                Tile(tile, x + t * Digits.TokenActivationBytes(columns), y + t * yStride + r, columns, row1 - r);
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
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var zero = Vector128<ushort>.Zero;
        var h0 = AdvSimd.LoadVector128(h);
        var h1 = AdvSimd.LoadVector128(h + 8);
        var h2 = AdvSimd.LoadVector128(h + 16);
        var f0 = AdvSimd.ConvertToSingle(Row(s0, s1)) * (DigitsNeon.Low(h0, zero) * scale);
        var f1 = AdvSimd.ConvertToSingle(Row(s1, s2)) * (DigitsNeon.High(h0, zero) * scale);
        var f2 = AdvSimd.ConvertToSingle(Row(s2, s3)) * (DigitsNeon.Low(h1, zero) * scale);
        var f3 = AdvSimd.ConvertToSingle(Row(s3, s4)) * (DigitsNeon.High(h1, zero) * scale);
        var f4 = AdvSimd.ConvertToSingle(Row(s4, s5)) * (DigitsNeon.Low(h2, zero) * scale);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
        DigitsNeon.Store(y + 16, f4, rows - 16);
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
