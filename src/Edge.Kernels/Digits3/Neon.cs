using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>3-bit weights with the widening multiplication of ARMv8.0; the same bits as <see cref="Digits3Scalar"/>. A
/// group is taken apart, then multiplied with all tokens.</summary>
public static unsafe class Digits3Neon
{
    /// <inheritdoc cref="Digits3Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits3GroupBytes;
        byte* tile = w + row0 / 32 * tileBytes;
        for (long r = row0; r < row1; r += 32, tile += tileBytes)
            Tile(tile, x, y + r, columns, row1 - r, tokens, yStride);
    }

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        CodesNeon.Room room;
        byte* codes = (byte*)&room;
        const int Pair = 2 * CodesNeon.FieldBytes;
        byte* record = x + columns;
        for (byte* end = record; x < end; x += Digits.Group, record += Digits.RecordBytes,
            w += Digits.Digits3GroupBytes)
        {
            ushort* scales = (ushort*)w;
            Unpack(w + 64, codes);
            bool first = record == end;
            for (long t = 0; t < tokens; t++)
            {
                byte* at = x + t * Digits.ActivationBytes(columns), with = record + t * Digits.ActivationBytes(columns);
                float* to = y + t * yStride;
                CodesNeon.AddGroup(codes, at, with, scales, 2, 0, 3, to, rows, first);
                CodesNeon.AddGroup(codes + Pair, at, with, scales + 8, 2, 0, 3, to + 8, rows - 8, first);
                CodesNeon.AddGroup(codes + 2 * Pair, at, with, scales + 16, 2, 0, 3, to + 16, rows - 16, first);
                CodesNeon.AddGroup(codes + 3 * Pair, at, with, scales + 24, 2, 6, 6, to + 24, rows - 24, first);
            }
        }
    }

    private static void Unpack(byte* w, byte* codes)
    {
        const int Field = CodesNeon.FieldBytes;
        var seven = Vector128.Create((byte)7);
        var four = Vector128.Create((byte)4);
        var two = Vector128.Create((byte)2);
        for (byte* end = codes + Field; codes < end; codes += 16, w += 48)
        {
            var a = AdvSimd.LoadVector128(w);
            var b = AdvSimd.LoadVector128(w + 16);
            var c = AdvSimd.LoadVector128(w + 32);
            AdvSimd.Store(codes, a & seven);
            AdvSimd.Store(codes + Field, (a >>> 3) & seven);
            AdvSimd.Store(codes + 2 * Field, b & seven);
            AdvSimd.Store(codes + 3 * Field, (b >>> 3) & seven);
            AdvSimd.Store(codes + 4 * Field, c & seven);
            AdvSimd.Store(codes + 5 * Field, (c >>> 3) & seven);
            // The signed fields, their upper bit flipped, are the low two bits of the seventh and the eighth weight.
            AdvSimd.Store(codes + 6 * Field, ((a >>> 6) ^ two) | ((c >>> 4) & four));
            AdvSimd.Store(codes + 7 * Field, ((b >>> 6) ^ two) | ((c >>> 5) & four));
        }
    }
}
