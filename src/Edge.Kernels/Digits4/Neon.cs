using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>4-bit weights with the widening multiplication of ARMv8.0; the same bits as <see cref="Digits4Scalar"/>.
/// Products are added in int16, sixteen before they widen.</summary>
public static unsafe class Digits4Neon
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
        var zero = Vector128<ushort>.Zero;
        var magic = Vector128.Create(12582912f);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        while (x < end)
        {
            ushort* h = (ushort*)w;
            w += 32;
            var s0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 8);
            var s1 = magic.AsInt32();
            var s2 = s0;
            var s3 = s1;
            byte* stop = x + Digits.Group;
            do
            {
                EightRows a = default, b = default;
                byte* half = x + Digits.Group / 2;
                do
                {
                    Sixteen(ref a, ref b, (sbyte*)w, AdvSimd.LoadVector128((sbyte*)x));
                    x += 16;
                    w += 128;
                } while (x < half);
                s0 += a.Low();
                s1 += a.High() << 4;
                s2 += b.Low();
                s3 += b.High() << 4;
            } while (x < stop);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            record += Digits.RecordBytes;
            var h0 = AdvSimd.LoadVector128(h);
            var h1 = AdvSimd.LoadVector128(h + 8);
            f0 += (s0.AsSingle() - magic) * (DigitsNeon.Low(h0, zero) * scale);
            f1 += (s1.AsSingle() - magic) * (DigitsNeon.High(h0, zero) * scale);
            f2 += (s2.AsSingle() - magic) * (DigitsNeon.Low(h1, zero) * scale);
            f3 += (s3.AsSingle() - magic) * (DigitsNeon.High(h1, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    /// <summary>Sixteen columns of sixteen rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Sixteen(ref EightRows a, ref EightRows b, sbyte* w, Vector128<sbyte> x)
    {
        Four(ref a, ref b, w, x, 0);
        Four(ref a, ref b, w + 32, x, 1);
        Four(ref a, ref b, w + 64, x, 2);
        Four(ref a, ref b, w + 96, x, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref EightRows a, ref EightRows b, sbyte* w, Vector128<sbyte> x,
        [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        var four = AdvSimd.DuplicateSelectedScalarToVector128(x.AsInt32(), quadruplet).AsSByte();
        a.Add(AdvSimd.LoadVector128(w), four);
        b.Add(AdvSimd.LoadVector128(w + 16), four);
    }

    /// <summary>Sums of two rows × four columns per vector: rows 0 and 1 (A), 2 and 3 (B) of the low nibbles, which are
    /// unsigned, and of the signed high ones (C, D). Seventeen products fit.</summary>
    internal struct EightRows
    {
        public Vector128<short> A, B, C, D;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(Vector128<sbyte> v, Vector128<sbyte> x)
        {
            var low = v & Vector128.Create((sbyte)15);
            var high = v >> 4;
            // The upper halves first: the lower half of a vector that is used again would be a copy.
            B = AdvSimd.MultiplyWideningUpperAndAdd(B, low, x);
            D = AdvSimd.MultiplyWideningUpperAndAdd(D, high, x);
            A = AdvSimd.MultiplyWideningLowerAndAdd(A, low.GetLower(), x.GetLower());
            C = AdvSimd.MultiplyWideningLowerAndAdd(C, high.GetLower(), x.GetLower());
        }

        /// <summary>Rows 0 … 3: the low nibbles, as unsigned numbers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> Low() =>
            AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(A), AdvSimd.AddPairwiseWidening(B));

        /// <summary>Rows 4 … 7: the high nibbles.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Vector128<int> High() =>
            AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(C), AdvSimd.AddPairwiseWidening(D));
    }
}
