using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Two planes of 2-bit digits with the dot product; the same bits as <see cref="Nested4Scalar"/>. Two
/// selections per vector make bytes of two 4-bit weights, which go the way of <see cref="Digits4NeonDot"/>; HI alone
/// goes that of <see cref="Digits2NeonDot"/>.</summary>
public static unsafe class Nested4NeonDot
{
    /// <inheritdoc cref="Nested4Scalar.Coarse"/>
    public static void Coarse(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        Digits2NeonDot.Rows(w, x, y, columns, row0, row1, tokens, yStride, true);

    /// <inheritdoc cref="Nested4Scalar.Rows"/>
    public static void Rows(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride)
    {
        long groups = columns / Digits.Group, tokenBytes = Digits.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 16)
        {
            byte* high = hi + r / 16 * groups * Digits.Digits2GroupBytes;
            byte* low = lo + r / 16 * groups * Digits.Nested4LowGroupBytes;
            long t = 0;
            for (; t + 4 <= tokens && r + 16 <= row1; t += 4)
                FourTokens(high, low, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride);
            for (; t < tokens; t++)
                Tile(high, low, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    // As in Digits4NeonDot.
    private static void FourTokens(byte* w, byte* lo, byte* x, float* y, long columns, long tokenBytes, long yStride)
    {
        byte* record = x + columns;
        byte* end = record;
        for (long t = 0; t < 4; t++) DigitsNeon.Clear(y + t * yStride, 16);
        var nibble = Vector128.Create((sbyte)15);
        var mask = Nested4Neon.UpperDigits();
        var top = Nested4Neon.Top();
        while (x < end)
        {
            ushort* h = (ushort*)w;
            w += 32;
            RowSums s0, s1, s2, s3;
            Start(out s0, record);
            Start(out s1, record + tokenBytes);
            Start(out s2, record + 2 * tokenBytes);
            Start(out s3, record + 3 * tokenBytes);
            byte* stop = x + Digits.Group;
            do
            {
                var x0 = AdvSimd.LoadVector128((sbyte*)x);
                var x1 = AdvSimd.LoadVector128((sbyte*)x + tokenBytes);
                var x2 = AdvSimd.LoadVector128((sbyte*)x + 2 * tokenBytes);
                var x3 = AdvSimd.LoadVector128((sbyte*)x + 3 * tokenBytes);
                FourOfFour(ref s0, ref s1, ref s2, ref s3, w, lo, x0, x1, x2, x3, 0, nibble, mask, top);
                FourOfFour(ref s0, ref s1, ref s2, ref s3, w + 16, lo + 16, x0, x1, x2, x3, 1, nibble, mask, top);
                FourOfFour(ref s0, ref s1, ref s2, ref s3, w + 32, lo + 32, x0, x1, x2, x3, 2, nibble, mask, top);
                FourOfFour(ref s0, ref s1, ref s2, ref s3, w + 48, lo + 48, x0, x1, x2, x3, 3, nibble, mask, top);
                x += 16;
                w += 64;
                lo += 64;
            } while (x < stop);
            RowScales.FromBF16(out RowScales scales, h);
            Finish(y, s0, scales, record);
            Finish(y + yStride, s1, scales, record + tokenBytes);
            Finish(y + 2 * yStride, s2, scales, record + 2 * tokenBytes);
            Finish(y + 3 * yStride, s3, scales, record + 3 * tokenBytes);
            record += Digits.RecordBytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourOfFour(ref RowSums s0, ref RowSums s1, ref RowSums s2, ref RowSums s3, byte* hi, byte* lo,
        Vector128<sbyte> x0, Vector128<sbyte> x1, Vector128<sbyte> x2, Vector128<sbyte> x3,
        [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<sbyte> nibble, Vector128<byte> mask,
        Vector128<byte> top)
    {
        Nested4Neon.Weights(hi, lo, mask, top, out var even, out var odd);
        var a = even & nibble;
        var b = odd & nibble;
        s0.Add(a, b, even, odd, x0, quadruplet);
        s1.Add(a, b, even, odd, x1, quadruplet);
        s2.Add(a, b, even, odd, x2, quadruplet);
        s3.Add(a, b, even, odd, x3, quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start(out RowSums s, byte* record)
    {
        s.A = AdvSimd.LoadAndReplicateToVector128((int*)record + 8);
        s.C = AdvSimd.LoadAndReplicateToVector128((int*)record + 9);
        s.B = s.A;
        s.D = s.C;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, RowSums s, RowScales scales, byte* record)
    {
        var magic = Vector128.Create(12582912f);
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var quarter = scale * Vector128.Create(0.25f);
        DigitsNeon.Accumulate(y, (s.A.AsSingle() - magic) * (scales.A * quarter));
        DigitsNeon.Accumulate(y + 4, (s.B.AsSingle() - magic) * (scales.B * scale));
        DigitsNeon.Accumulate(y + 8, ((s.C - s.A).AsSingle() - magic) * (scales.C * quarter));
        DigitsNeon.Accumulate(y + 12, ((s.D - s.B).AsSingle() - magic) * (scales.D * scale));
    }

    private static void Tile(byte* w, byte* lo, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        var nibble = Vector128.Create((sbyte)15);
        var mask = Nested4Neon.UpperDigits();
        var top = Nested4Neon.Top();
        var zero = Vector128<ushort>.Zero;
        var magic = Vector128.Create(12582912f);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        while (x < end)
        {
            var h0 = AdvSimd.LoadVector128((ushort*)w);
            var h1 = AdvSimd.LoadVector128((ushort*)w + 8);
            w += 32;
            var s0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 8);
            var s2 = AdvSimd.LoadAndReplicateToVector128((int*)record + 9);
            var s1 = s0;
            var s3 = s2;
            byte* stop = x + Digits.Group;
            do
            {
                Sixteen(ref s0, ref s1, ref s2, ref s3, w, lo, AdvSimd.LoadVector128((sbyte*)x), nibble, mask, top);
                Sixteen(ref s0, ref s1, ref s2, ref s3, w + 64, lo + 64, AdvSimd.LoadVector128((sbyte*)x + 16), nibble,
                    mask, top);
                x += 32;
                w += 128;
                lo += 128;
            } while (x < stop);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            var quarter = scale * Vector128.Create(0.25f);
            record += Digits.RecordBytes;
            f0 += (s0.AsSingle() - magic) * (DigitsNeon.Low(h0, zero) * quarter);
            f1 += (s1.AsSingle() - magic) * (DigitsNeon.High(h0, zero) * scale);
            f2 += ((s2 - s0).AsSingle() - magic) * (DigitsNeon.Low(h1, zero) * quarter);
            f3 += ((s3 - s1).AsSingle() - magic) * (DigitsNeon.High(h1, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        ref Vector128<int> s3, byte* hi, byte* lo, Vector128<sbyte> x, Vector128<sbyte> nibble, Vector128<byte> mask,
        Vector128<byte> top)
    {
        Four(ref s0, ref s1, ref s2, ref s3, hi, lo, x, 0, nibble, mask, top);
        Four(ref s0, ref s1, ref s2, ref s3, hi + 16, lo + 16, x, 1, nibble, mask, top);
        Four(ref s0, ref s1, ref s2, ref s3, hi + 32, lo + 32, x, 2, nibble, mask, top);
        Four(ref s0, ref s1, ref s2, ref s3, hi + 48, lo + 48, x, 3, nibble, mask, top);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        ref Vector128<int> s3, byte* hi, byte* lo, Vector128<sbyte> x,
        [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<sbyte> nibble, Vector128<byte> mask,
        Vector128<byte> top)
    {
        Nested4Neon.Weights(hi, lo, mask, top, out var even, out var odd);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, even, x, quadruplet);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, even & nibble, x, quadruplet);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, odd, x, quadruplet);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, odd & nibble, x, quadruplet);
    }
}
