using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Five ternary weights in a byte with the widening multiplication of ARMv8.0; the same bits as <see
/// cref="Ternary1_6Scalar"/>. Comparisons tell the top weight of a code, which is then multiplied by
/// three.</summary>
public static unsafe class Ternary1_6Neon
{
    /// <inheritdoc cref="Ternary1_6Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = Digits.Ternary1_6TileBytes(columns);
        byte* tile = w + row0 / 20 * tileBytes;
        for (long r = row0; r < row1; r += 20, tile += tileBytes)
            Tile(tile, x, y + r, columns, row1 - r, tokens, yStride);
    }

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        CodesNeon.Room room;
        byte* codes = (byte*)&room;
        const int Pair = 2 * CodesNeon.FieldBytes;
        long tokenBytes = Digits.TokenActivationBytes(columns);
        ushort* h = (ushort*)w;
        w += 48;
        for (long c = 0; c < columns; c += CodesNeon.ChunkColumns)
        {
            long count = columns - c < CodesNeon.ChunkColumns ? columns - c : CodesNeon.ChunkColumns;
            Unpack((sbyte*)w, codes, count);
            w += count * 4;
            for (long t = 0; t < tokens; t++)
            {
                byte* at = x + t * tokenBytes + c;
                float* to = y + t * yStride;
                CodesNeon.AddChunk(codes, at, count, to, rows, c == 0);
                CodesNeon.AddChunk(codes + Pair, at, count, to + 8, rows - 8, c == 0);
                CodesNeon.AddChunkOfOne(codes + 2 * Pair, at, count, to + 16, rows < 20 ? rows - 16 : 4, c == 0);
            }
        }
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < tokens; t++, record += tokenBytes, y += yStride) Finish(h, record, y, rows);
    }

    private static void Finish(ushort* h, byte* record, float* y, long rows)
    {
        RowScales.FromBF16(out RowScales scales, h);
        var last = DigitsNeon.Low(AdvSimd.LoadVector128(h + 16), Vector128<ushort>.Zero);
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        CodesNeon.Finish(scales.A * scale, record, 8, y, rows);
        CodesNeon.Finish(scales.B * scale, record, 8, y + 4, rows - 4);
        CodesNeon.Finish(scales.C * scale, record, 8, y + 8, rows - 8);
        CodesNeon.Finish(scales.D * scale, record, 8, y + 12, rows - 12);
        CodesNeon.Finish(last * scale, record, 8, y + 16, rows < 20 ? rows - 16 : 4);
    }

    private static void Unpack(sbyte* w, byte* codes, long columns)
    {
        const int Field = CodesNeon.FieldBytes;
        for (sbyte* end = w + columns * 4; w < end; w += 16, codes += 16)
        {
            var v = AdvSimd.LoadVector128(w);
            AdvSimd.Store(codes, Code(v));
            v = v + v + v;
            AdvSimd.Store(codes + Field, Code(v));
            v = v + v + v;
            AdvSimd.Store(codes + 2 * Field, Code(v));
            v = v + v + v;
            AdvSimd.Store(codes + 3 * Field, Code(v));
            v = v + v + v;
            AdvSimd.Store(codes + 4 * Field, Code(v));
        }
    }

    // Three times the byte leaves a byte's range from 43 on, either way. True is −1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Code(Vector128<sbyte> v)
    {
        var less = AdvSimd.CompareGreaterThan(Vector128.Create((sbyte)-42), v).AsSByte();
        var more = AdvSimd.CompareGreaterThan(v, Vector128.Create((sbyte)42)).AsSByte();
        return (Vector128.Create((sbyte)1) + less - more).AsByte();
    }
}
