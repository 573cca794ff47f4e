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
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, false);

    /// <summary>Coarse: the digits stand for the middle of a range, see <see cref="Nested4Scalar"/>.</summary>
    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, bool coarse)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits2GroupBytes;
        long tokenBytes = Digits.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 16)
        {
            byte* tile = w + r / 16 * tileBytes;
            long t = 0;
            for (; t + 4 <= tokens && r + 16 <= row1; t += 4)
                FourTokens(tile, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride, coarse);
            for (; t < tokens; t++)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, coarse);
        }
    }

    // As in Digits4NeonDot.
    private static void FourTokens(byte* w, byte* x, float* y, long columns, long tokenBytes, long yStride,
        bool coarse)
    {
        byte* record = x + columns;
        byte* end = record;
        Words.Of(out Words words, coarse);
        for (long t = 0; t < 4; t++) DigitsNeon.Clear(y + t * yStride, 16);
        while (x < end)
        {
            ushort* h = (ushort*)w;
            w += 32;
            RowSums s0, s1, s2, s3;
            Start(out s0, record, words);
            Start(out s1, record + tokenBytes, words);
            Start(out s2, record + 2 * tokenBytes, words);
            Start(out s3, record + 3 * tokenBytes, words);
            byte* stop = x + Digits.Group;
            do
            {
                SixteenOfFour(ref s0, ref s1, ref s2, ref s3, (sbyte*)w, (sbyte*)x, tokenBytes);
                x += 16;
                w += 64;
            } while (x < stop);
            RowScales.FromBF16(out RowScales scales, h);
            Finish(y, s0, scales, record, words);
            Finish(y + yStride, s1, scales, record + tokenBytes, words);
            Finish(y + 2 * yStride, s2, scales, record + 2 * tokenBytes, words);
            Finish(y + 3 * yStride, s3, scales, record + 3 * tokenBytes, words);
            record += Digits.RecordBytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start(out RowSums s, byte* record, Words words)
    {
        s.A = AdvSimd.LoadAndReplicateToVector128((int*)record + 1);
        s.B = AdvSimd.LoadAndReplicateToVector128((int*)record + 2);
        s.C = AdvSimd.LoadAndReplicateToVector128((int*)(record + words.Starts) + 3);
        s.D = AdvSimd.LoadAndReplicateToVector128((int*)(record + words.Starts) + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, RowSums s, RowScales scales, byte* record, Words words)
    {
        var magic = Vector128.Create(12582912f);
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        DigitsNeon.Accumulate(y, Middle(s.A.AsSingle() - magic, record + words.First) * (scales.A * scale));
        DigitsNeon.Accumulate(y + 4,
            Middle((s.B - s.A).AsSingle() - magic, record + words.Second) * (scales.B * scale));
        DigitsNeon.Accumulate(y + 8, ((s.C - s.B).AsSingle() - magic) * (scales.C * scale));
        DigitsNeon.Accumulate(y + 12, ((s.D - s.C).AsSingle() - magic) * (scales.D * scale));
    }

    // What the start values cannot hold, as it is no whole number; the sum is exact.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Middle(Vector128<float> dot, byte* word) =>
        dot + AdvSimd.LoadAndReplicateToVector128((float*)word);

    // Where a record has what the two readings of digits differ in, in bytes: further start values, and what the first
    // two fields add (the last word is zero). No branch, so that the sums stay in registers.
    private struct Words
    {
        public long Starts, First, Second;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Of(out Words words, bool coarse)
        {
            words.Starts = coarse ? 40 : 0;
            words.First = coarse ? 44 : 60;
            words.Second = coarse ? 48 : 60;
        }
    }

    /// <summary>Sixteen columns of four tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void SixteenOfFour(ref RowSums s0, ref RowSums s1, ref RowSums s2, ref RowSums s3, sbyte* w,
        sbyte* x, long tokenBytes)
    {
        var x0 = AdvSimd.LoadVector128(x);
        var x1 = AdvSimd.LoadVector128(x + tokenBytes);
        var x2 = AdvSimd.LoadVector128(x + 2 * tokenBytes);
        var x3 = AdvSimd.LoadVector128(x + 3 * tokenBytes);
        FourOfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.LoadVector128(w), x0, x1, x2, x3, 0);
        FourOfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.LoadVector128(w + 16), x0, x1, x2, x3, 1);
        FourOfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.LoadVector128(w + 32), x0, x1, x2, x3, 2);
        FourOfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.LoadVector128(w + 48), x0, x1, x2, x3, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourOfFour(ref RowSums s0, ref RowSums s1, ref RowSums s2, ref RowSums s3, Vector128<sbyte> v,
        Vector128<sbyte> x0, Vector128<sbyte> x1, Vector128<sbyte> x2, Vector128<sbyte> x3,
        [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        var a = v & Vector128.Create((sbyte)3);
        var b = v & Vector128.Create((sbyte)15);
        var c = v & Vector128.Create((sbyte)63);
        s0.Add(a, b, c, v, x0, quadruplet);
        s1.Add(a, b, c, v, x1, quadruplet);
        s2.Add(a, b, c, v, x2, quadruplet);
        s3.Add(a, b, c, v, x3, quadruplet);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, bool coarse)
    {
        byte* record = x + columns;
        byte* end = record;
        Words.Of(out Words words, coarse);
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
            var s2 = AdvSimd.LoadAndReplicateToVector128((int*)(record + words.Starts) + 3);
            var s3 = AdvSimd.LoadAndReplicateToVector128((int*)(record + words.Starts) + 4);
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
            f0 += Middle(s0.AsSingle() - magic, record + words.First) * (DigitsNeon.Low(h0, zero) * scale);
            f1 += Middle((s1 - s0).AsSingle() - magic, record + words.Second) * (DigitsNeon.High(h0, zero) * scale);
            f2 += ((s2 - s1).AsSingle() - magic) * (DigitsNeon.Low(h1, zero) * scale);
            f3 += ((s3 - s2).AsSingle() - magic) * (DigitsNeon.High(h1, zero) * scale);
            record += Digits.RecordBytes;
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
