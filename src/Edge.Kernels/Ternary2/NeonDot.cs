using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Ternary weights in two bits with the dot product; the same bits as <see cref="Ternary2Scalar"/>.</summary>
public static unsafe class Ternary2NeonDot
{
    /// <inheritdoc cref="Ternary2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tokenBytes = Digits.TokenActivationBytes(columns);
        for (long r = row0; r < row1; r += 16)
        {
            byte* tile = w + r / 16 * Digits.Ternary2TileBytes(columns);
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                FourTokens(tile, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride, row1 - r);
            for (; t < tokens; t++)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    private static void FourTokens(byte* w, byte* x, float* y, long columns, long tokenBytes, long yStride, long rows)
    {
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        RowSums s0, s1, s2, s3;
        s0.A = s0.B = s0.C = s0.D = Vector128<int>.Zero;
        s1 = s2 = s3 = s0;
        RowScales.FromBF16(out RowScales scales, (ushort*)w);
        w += 32;
        for (byte* end = x + columns; x < end; x += 16, w += 64)
            Digits2NeonDot.SixteenOfFour(ref s0, ref s1, ref s2, ref s3, (sbyte*)w, (sbyte*)x, tokenBytes);
        Finish(y, s0, scales, record, rows);
        Finish(y + yStride, s1, scales, record + tokenBytes, rows);
        Finish(y + 2 * yStride, s2, scales, record + 2 * tokenBytes, rows);
        Finish(y + 3 * yStride, s3, scales, record + 3 * tokenBytes, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, RowSums s, RowScales scales, byte* record, long rows)
    {
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var bias = AdvSimd.LoadAndReplicateToVector128((int*)record + 1) << 1;
        var f0 = AdvSimd.ConvertToSingle(s.A - bias) * (scales.A * scale);
        var f1 = AdvSimd.ConvertToSingle(s.B - s.A - (bias << 2)) * (scales.B * scale);
        var f2 = AdvSimd.ConvertToSingle(s.C - s.B - (bias << 4)) * (scales.C * scale);
        var f3 = AdvSimd.ConvertToSingle(s.D - s.C) * (scales.D * scale);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        var m3 = Vector128.Create((sbyte)3);
        var m15 = Vector128.Create((sbyte)15);
        var m63 = Vector128.Create((sbyte)63);
        RowScales.FromBF16(out RowScales scales, (ushort*)w);
        w += 32;
        Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, s3 = s0;
        byte* end = x + columns;
        for (; x + 64 <= end; x += 64, w += 256)
        {
            Digits2NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w, AdvSimd.LoadVector128((sbyte*)x), m3,
                m15, m63);
            Digits2NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 64,
                AdvSimd.LoadVector128((sbyte*)x + 16), m3, m15, m63);
            Digits2NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 128,
                AdvSimd.LoadVector128((sbyte*)x + 32), m3, m15, m63);
            Digits2NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w + 192,
                AdvSimd.LoadVector128((sbyte*)x + 48), m3, m15, m63);
        }
        for (; x < end; x += 16, w += 64)
            Digits2NeonDot.Sixteen(ref s0, ref s1, ref s2, ref s3, (sbyte*)w, AdvSimd.LoadVector128((sbyte*)x), m3,
                m15, m63);
        Finish(y, new RowSums { A = s0, B = s1, C = s2, D = s3 }, scales, record, rows);
    }
}
