using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Ternary weights in two bits with the widening multiplication of ARMv8.0; the same bits as <see
/// cref="Ternary2Scalar"/>, on the digits of <see cref="Digits2Neon"/>.</summary>
public static unsafe class Ternary2Neon
{
    // 64 products of 3 and 127 fit 16 bits.
    private const long ChunkColumns = 256;

    /// <inheritdoc cref="Ternary2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tokenBytes = Digits.TokenActivationBytes(columns);
        for (long r = row0; r < row1; r += 16)
            for (long t = 0; t < tokens; t++)
                Tile(w + r / 16 * Digits.Ternary2TileBytes(columns), x + t * tokenBytes, y + t * yStride + r, columns,
                    row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        RowScales.FromBF16(out RowScales scales, (ushort*)w);
        w += 32;
        Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (byte* end = x + columns; x < end;)
        {
            Digits2Neon.SixteenRows s = default;
            byte* stop = end - x > ChunkColumns ? x + ChunkColumns : end;
            do
            {
                s.Sixteen((sbyte*)w, AdvSimd.LoadVector128((sbyte*)x));
                x += 16;
                w += 64;
            } while (x < stop);
            s0 += s.A();
            s1 += s.B();
            s2 += s.C();
            s3 += s.D();
        }
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var bias = AdvSimd.LoadAndReplicateToVector128((int*)record + 1) << 1;
        var f0 = AdvSimd.ConvertToSingle(s0 - bias) * (scales.A * scale);
        var f1 = AdvSimd.ConvertToSingle((s1 - bias) << 2) * (scales.B * scale);
        var f2 = AdvSimd.ConvertToSingle((s2 - bias) << 4) * (scales.C * scale);
        var f3 = AdvSimd.ConvertToSingle(s3 << 6) * (scales.D * scale);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
    }
}
