using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Ternary weights in two bits with the dot product; the same bits as <see cref="Ternary2Scalar"/>.</summary>
public static unsafe class Ternary2NeonDot
{
    /// <inheritdoc cref="Ternary2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * Digits.Ternary2TileBytes(columns), x + t * Digits.TokenActivationBytes(columns),
                    y + t * yStride + r, columns, row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        var m3 = Vector128.Create((sbyte)3);
        var m15 = Vector128.Create((sbyte)15);
        var m63 = Vector128.Create((sbyte)63);
        var h0 = AdvSimd.LoadVector128((ushort*)w);
        var h1 = AdvSimd.LoadVector128((ushort*)w + 8);
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
        var zero = Vector128<ushort>.Zero;
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var bias = AdvSimd.LoadAndReplicateToVector128((int*)record + 1) << 1;
        var f0 = AdvSimd.ConvertToSingle(s0 - bias) * (DigitsNeon.Low(h0, zero) * scale);
        var f1 = AdvSimd.ConvertToSingle(s1 - s0 - (bias << 2)) * (DigitsNeon.High(h0, zero) * scale);
        var f2 = AdvSimd.ConvertToSingle(s2 - s1 - (bias << 4)) * (DigitsNeon.Low(h1, zero) * scale);
        var f3 = AdvSimd.ConvertToSingle(s3 - s2) * (DigitsNeon.High(h1, zero) * scale);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }
}
