using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q4_0 in the tile of the dot product; the same bits as <see cref="Digits4x32Scalar"/>.</summary>
public static unsafe class Digits4x32NeonDot
{
    /// <inheritdoc cref="Digits4x32Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Digits.Digits4x32BlockBytes;
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * tileBytes, x + t * Tiles.ActivationBytes(columns), y + t * yStride + r, columns,
                    row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* end = x + columns;
        float* scales = (float*)end;
        int* sums = (int*)(scales + columns / Tiles.Block);
        var nibble = Vector128.Create((sbyte)15);
        var minusEight = Vector128.Create(-8);
        var bits = Vector128.Create(unchecked((int)0x8FFFE000));
        var whole = Vector128.Create(5.192296858534828e33f); // 2^112: from the exponent of a half to that of a float
        var sixteenth = Vector128.Create(3.2451855365842673e32f); // 2^108: the upper nibbles count sixteenfold
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0;
        do
        {
            var h0 = AdvSimd.LoadVector128((short*)w);
            var h1 = AdvSimd.LoadVector128((short*)w + 8);
            var s0 = AdvSimd.LoadAndReplicateToVector128(sums) * minusEight;
            Vector128<int> s1 = s0, s2 = s0, s3 = s0;
            Digits4NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 32, AdvSimd.LoadVector128((sbyte*)x),
                nibble);
            Digits4NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 160,
                AdvSimd.LoadVector128((sbyte*)x + 16), nibble);
            var scale = AdvSimd.LoadAndReplicateToVector128(scales);
            f0 += AdvSimd.ConvertToSingle(s0) * (Low(h0, bits, whole) * scale);
            f1 += AdvSimd.ConvertToSingle(s1 - s0) * (High(h0, bits, sixteenth) * scale);
            f2 += AdvSimd.ConvertToSingle(s2) * (Low(h1, bits, whole) * scale);
            f3 += AdvSimd.ConvertToSingle(s3 - s2) * (High(h1, bits, sixteenth) * scale);
            w += Digits.Digits4x32BlockBytes;
            x += Tiles.Block;
            scales++;
            sums++;
        } while (x < end);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    // Finite halves to float; see TilesNeon.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<short> halves, Vector128<int> bits, Vector128<float> rebias) =>
        (AdvSimd.ShiftLeftLogicalWideningLower(halves.GetLower(), 13) & bits).AsSingle() * rebias;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<short> halves, Vector128<int> bits, Vector128<float> rebias) =>
        (AdvSimd.ShiftLeftLogicalWideningUpper(halves, 13) & bits).AsSingle() * rebias;
}
