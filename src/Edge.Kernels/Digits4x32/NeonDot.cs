using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q4_0 in the tile of the dot product; the same bits as <see cref="Digits4x32Scalar"/>.</summary>
public static unsafe class Digits4x32NeonDot
{
    private const float Whole = 5.192296858534828e33f; // 2^112: from the exponent of a half to that of a float
    private const float Sixteenth = 3.2451855365842673e32f; // 2^108: the upper nibbles count sixteenfold

    /// <inheritdoc cref="Digits4x32Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Digits.Digits4x32BlockBytes;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 16)
        {
            byte* tile = w + r / 16 * tileBytes;
            long t = 0;
            for (; t + 4 <= tokens && r + 16 <= row1; t += 4)
                FourTokens(tile, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride);
            for (; t < tokens; t++)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    // As in Digits4NeonDot.
    private static void FourTokens(byte* w, byte* x, float* y, long columns, long tokenBytes, long yStride)
    {
        byte* end = x + columns;
        byte* scales = end;
        long sums = columns / Tiles.Block * sizeof(float);
        var nibble = Vector128.Create((sbyte)15);
        for (long t = 0; t < 4; t++) DigitsNeon.Clear(y + t * yStride, 16);
        do
        {
            RowSums s0, s1, s2, s3;
            Start(out s0, scales + sums);
            Start(out s1, scales + sums + tokenBytes);
            Start(out s2, scales + sums + 2 * tokenBytes);
            Start(out s3, scales + sums + 3 * tokenBytes);
            Digits4NeonDot.SixteenOfFour(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 32, (sbyte*)x, tokenBytes, nibble);
            Digits4NeonDot.SixteenOfFour(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 160, (sbyte*)x + 16, tokenBytes,
                nibble);
            Scales(out RowScales rows, (short*)w);
            Finish(y, s0, rows, scales);
            Finish(y + yStride, s1, rows, scales + tokenBytes);
            Finish(y + 2 * yStride, s2, rows, scales + 2 * tokenBytes);
            Finish(y + 3 * yStride, s3, rows, scales + 3 * tokenBytes);
            w += Digits.Digits4x32BlockBytes;
            x += Tiles.Block;
            scales += sizeof(float);
        } while (x < end);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start(out RowSums s, byte* sum)
    {
        s.A = AdvSimd.LoadAndReplicateToVector128((int*)sum) * Vector128.Create(-8);
        s.B = s.A;
        s.C = s.A;
        s.D = s.A;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scales(out RowScales scales, short* h)
    {
        var bits = Vector128.Create(unchecked((int)0x8FFFE000));
        var low = AdvSimd.LoadVector128(h);
        var high = AdvSimd.LoadVector128(h + 8);
        scales.A = Low(low, bits, Vector128.Create(Whole));
        scales.B = High(low, bits, Vector128.Create(Sixteenth));
        scales.C = Low(high, bits, Vector128.Create(Whole));
        scales.D = High(high, bits, Vector128.Create(Sixteenth));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, RowSums s, RowScales scales, byte* scale)
    {
        var a = AdvSimd.LoadAndReplicateToVector128((float*)scale);
        DigitsNeon.Accumulate(y, AdvSimd.ConvertToSingle(s.A) * (scales.A * a));
        DigitsNeon.Accumulate(y + 4, AdvSimd.ConvertToSingle(s.B - s.A) * (scales.B * a));
        DigitsNeon.Accumulate(y + 8, AdvSimd.ConvertToSingle(s.C) * (scales.C * a));
        DigitsNeon.Accumulate(y + 12, AdvSimd.ConvertToSingle(s.D - s.C) * (scales.D * a));
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* end = x + columns;
        float* scales = (float*)end;
        int* sums = (int*)(scales + columns / Tiles.Block);
        var nibble = Vector128.Create((sbyte)15);
        var minusEight = Vector128.Create(-8);
        var bits = Vector128.Create(unchecked((int)0x8FFFE000));
        var whole = Vector128.Create(Whole);
        var sixteenth = Vector128.Create(Sixteenth);
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
