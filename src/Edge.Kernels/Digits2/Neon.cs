using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>2-bit digits in the tiles of the dot product with the widening multiplication of ARMv8.0; the same bits as
/// <see cref="Digits2Scalar"/>. For Nested4 and Ternary2: a matrix of no more than 2-bit digits is looked up instead
/// (<see cref="Digits2LutNeon"/>).</summary>
public static unsafe class Digits2Neon
{
    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, false);

    /// <summary>Coarse: the digits stand for the middle of a range, see <see cref="Nested4Scalar"/>.</summary>
    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, bool coarse)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits2GroupBytes;
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * tileBytes, x + t * Digits.ActivationBytes(columns), y + t * yStride + r, columns,
                    row1 - r, coarse);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, bool coarse)
    {
        byte* record = x + columns;
        byte* end = record;
        var zero = Vector128<ushort>.Zero;
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        while (x < end)
        {
            ushort* h = (ushort*)w;
            w += 32;
            SixteenRows s = default;
            byte* stop = x + Digits.Group;
            do
            {
                s.Sixteen((sbyte*)w, AdvSimd.LoadVector128((sbyte*)x));
                x += 16;
                w += 64;
            } while (x < stop);
            var sum = AdvSimd.LoadAndReplicateToVector128((int*)record + 10);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            record += Digits.RecordBytes;
            var h0 = AdvSimd.LoadVector128(h);
            var h1 = AdvSimd.LoadVector128(h + 8);
            // The offset of an unsigned digit is 2, or 13 eighths; of the signed one 2 less.
            var bias = coarse ? sum * Vector128.Create(13) : sum << 1;
            f0 += Dot(s.A(), bias, 0, coarse) * (DigitsNeon.Low(h0, zero) * scale);
            f1 += Dot(s.B(), bias, 2, coarse) * (DigitsNeon.High(h0, zero) * scale);
            f2 += Dot(s.C(), bias, 4, coarse) * (DigitsNeon.Low(h1, zero) * scale);
            bias -= sum << (coarse ? 4 : 1);
            f3 += Dot(s.D(), bias, 6, coarse) * (DigitsNeon.High(h1, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Dot(Vector128<int> codes, Vector128<int> bias, [ConstantExpected] int power,
        bool coarse) => coarse
        ? AdvSimd.ConvertToSingle(((codes << 3) - bias) << power) * Vector128.Create(0.125f)
        : AdvSimd.ConvertToSingle((codes - bias) << power);

    /// <summary>Sums in int16 of sixteen rows; 86 products fit. The lowest three digits are unsigned, the top one is
    /// signed.</summary>
    internal struct SixteenRows
    {
        private Vector128<short> _a0, _a1, _b0, _b1, _c0, _c1, _d0, _d1;

        /// <summary>Sixteen columns: four vectors.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Sixteen(sbyte* w, Vector128<sbyte> x)
        {
            Four(AdvSimd.LoadVector128(w), x, 0);
            Four(AdvSimd.LoadVector128(w + 16), x, 1);
            Four(AdvSimd.LoadVector128(w + 32), x, 2);
            Four(AdvSimd.LoadVector128(w + 48), x, 3);
        }

        /// <summary>Rows 0 … 3.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> A() => Join(_a0, _a1);

        /// <summary>Rows 4 … 7.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> B() => Join(_b0, _b1);

        /// <summary>Rows 8 … 11.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> C() => Join(_c0, _c1);

        /// <summary>Rows 12 … 15.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> D() => Join(_d0, _d1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Four(Vector128<sbyte> v, Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet)
        {
            var four = AdvSimd.DuplicateSelectedScalarToVector128(x.AsInt32(), quadruplet).AsSByte();
            var three = Vector128.Create((sbyte)3);
            var a = v & three;
            var b = (v >>> 2) & three;
            var c = (v >>> 4) & three;
            var d = v >> 6;
            // The upper halves first, as in Digits4Neon.
            _a1 = AdvSimd.MultiplyWideningUpperAndAdd(_a1, a, four);
            _b1 = AdvSimd.MultiplyWideningUpperAndAdd(_b1, b, four);
            _c1 = AdvSimd.MultiplyWideningUpperAndAdd(_c1, c, four);
            _d1 = AdvSimd.MultiplyWideningUpperAndAdd(_d1, d, four);
            var low = four.GetLower();
            _a0 = AdvSimd.MultiplyWideningLowerAndAdd(_a0, a.GetLower(), low);
            _b0 = AdvSimd.MultiplyWideningLowerAndAdd(_b0, b.GetLower(), low);
            _c0 = AdvSimd.MultiplyWideningLowerAndAdd(_c0, c.GetLower(), low);
            _d0 = AdvSimd.MultiplyWideningLowerAndAdd(_d0, d.GetLower(), low);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<int> Join(Vector128<short> low, Vector128<short> high) =>
            AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(low), AdvSimd.AddPairwiseWidening(high));
    }
}
