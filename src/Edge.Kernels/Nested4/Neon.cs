using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Two planes of 2-bit digits with the widening multiplication of ARMv8.0; the same bits as <see
/// cref="Nested4Scalar"/>. Products of
/// 4-bit weights are added in int16, sixteen before they widen; HI alone goes the way of <see
/// cref="Digits2Neon"/>.</summary>
public static unsafe class Nested4Neon
{
    /// <inheritdoc cref="Nested4Scalar.Coarse"/>
    public static void Coarse(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        Digits2Neon.Rows(w, x, y, columns, row0, row1, tokens, yStride, true);

    /// <inheritdoc cref="Nested4Scalar.Rows"/>
    public static void Rows(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride)
    {
        long groups = columns / Digits.Group;
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(hi + r / 16 * groups * Digits.Digits2GroupBytes,
                    lo + r / 16 * groups * Digits.Nested4LowGroupBytes, x + t * Digits.ActivationBytes(columns),
                    y + t * yStride + r, columns, row1 - r);
    }

    /// <summary>Where a byte of HI has the digits that are upper ones in their half as they stand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> UpperDigits() => Vector128.Create((byte)0xCC);

    /// <summary>The sign of a byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Top() => Vector128.Create((byte)0x80);

    /// <summary>Four columns: bytes of two 4-bit weights, the lower one unsigned, the upper one signed: rows 0 … 3 and
    /// 8 … 11 (even), 4 … 7 and 12 … 15 (odd).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Weights(byte* hi, byte* lo, Vector128<byte> mask, Vector128<byte> top,
        out Vector128<sbyte> even, out Vector128<sbyte> odd)
    {
        var v = AdvSimd.LoadVector128(hi);
        var u = AdvSimd.LoadVector128(lo);
        even = (AdvSimd.BitwiseSelect(mask, v << 2, u >>> 2) ^ top).AsSByte();
        odd = AdvSimd.BitwiseSelect(mask, v, u).AsSByte();
    }

    private static void Tile(byte* w, byte* lo, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        var zero = Vector128<ushort>.Zero;
        var magic = Vector128.Create(12582912f);
        var mask = UpperDigits();
        var top = Top();
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        while (x < end)
        {
            ushort* h = (ushort*)w;
            w += 32;
            var s0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 8);
            var s2 = magic.AsInt32();
            var s1 = s0;
            var s3 = s2;
            byte* stop = x + Digits.Group;
            do
            {
                Digits4Neon.EightRows a = default, b = default;
                byte* half = x + Digits.Group / 2;
                do
                {
                    var q = AdvSimd.LoadVector128((sbyte*)x);
                    Four(ref a, ref b, w, lo, q, 0, mask, top);
                    Four(ref a, ref b, w + 16, lo + 16, q, 1, mask, top);
                    Four(ref a, ref b, w + 32, lo + 32, q, 2, mask, top);
                    Four(ref a, ref b, w + 48, lo + 48, q, 3, mask, top);
                    x += 16;
                    w += 64;
                    lo += 64;
                } while (x < half);
                s0 += a.Low();
                s1 += b.Low();
                s2 += a.High() << 4;
                s3 += b.High() << 4;
            } while (x < stop);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            var quarter = scale * Vector128.Create(0.25f);
            record += Digits.RecordBytes;
            var h0 = AdvSimd.LoadVector128(h);
            var h1 = AdvSimd.LoadVector128(h + 8);
            f0 += (s0.AsSingle() - magic) * (DigitsNeon.Low(h0, zero) * quarter);
            f1 += (s1.AsSingle() - magic) * (DigitsNeon.High(h0, zero) * scale);
            f2 += (s2.AsSingle() - magic) * (DigitsNeon.Low(h1, zero) * quarter);
            f3 += (s3.AsSingle() - magic) * (DigitsNeon.High(h1, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Digits4Neon.EightRows a, ref Digits4Neon.EightRows b, byte* hi, byte* lo,
        Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<byte> mask,
        Vector128<byte> top)
    {
        var four = AdvSimd.DuplicateSelectedScalarToVector128(x.AsInt32(), quadruplet).AsSByte();
        Weights(hi, lo, mask, top, out var even, out var odd);
        a.Add(even, four);
        b.Add(odd, four);
    }
}
