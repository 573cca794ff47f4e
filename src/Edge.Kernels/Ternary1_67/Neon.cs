using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Three ternary weights in five bits with the widening multiplication of ARMv8.0; the same bits as <see
/// cref="Ternary1_67Scalar"/>. Comparisons take a field apart, once for all tokens.</summary>
public static unsafe class Ternary1_67Neon
{
    /// <inheritdoc cref="Ternary1_67Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long all = ((int*)w)[1], whole = all - all % 12, part = Digits.Ternary1_67Part(columns);
        long tileBytes = Digits.Ternary1_67TileBytes(columns);
        byte* scales = w + Digits.Ternary1_67HeaderBytes;
        byte* tile = w + Digits.Ternary1_67FirstTile(all) + row0 / 12 * tileBytes;
        float unit = *(float*)w;
        long r = row0;
        for (; r < row1 && r < whole; r += 12, tile += tileBytes)
            Tile(tile, scales + r, unit, x, y + r, columns, row1 - r < 12 ? row1 - r : 12, tokens, yStride);
        for (; r < row1; r += 4, tile += Digits.Ternary1_67TileBytes(part))
            Short(tile, scales + r, unit, x, y + r, columns, row1 - r < 4 ? row1 - r : 4, tokens, yStride);
    }

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long rows, long tokens,
        long yStride)
    {
        CodesNeon.Room room;
        byte* codes = (byte*)&room;
        long tokenBytes = Digits.TokenActivationBytes(columns);
        for (long c = 0; c < columns; c += CodesNeon.ChunkColumns)
        {
            long count = columns - c < CodesNeon.ChunkColumns ? columns - c : CodesNeon.ChunkColumns;
            for (long i = 0; i < count; i += 32, w += 80) Unpack(w, codes + i * 4);
            for (long t = 0; t < tokens; t++)
            {
                byte* at = x + t * tokenBytes + c;
                float* to = y + t * yStride;
                CodesNeon.AddChunk(codes, at, count, to, rows, c == 0);
                CodesNeon.AddChunkOfOne(codes + 2 * CodesNeon.FieldBytes, at, count, to + 8, rows - 8, c == 0);
            }
        }
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        for (long t = 0; t < tokens; t++, record += tokenBytes, y += yStride)
            for (long r = 0; r < rows; r += 4)
                CodesNeon.Finish(Scales(scales + r, unit, record), record, 0, y + r, rows - r);
    }

    /// <summary>Four rows whose three column parts stand where a whole tile has its groups of rows.</summary>
    [SkipLocalsInit]
    private static void Short(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long rows,
        long tokens, long yStride)
    {
        CodesNeon.Room room;
        byte* codes = (byte*)&room;
        long part = Digits.Ternary1_67Part(columns), tokenBytes = Digits.TokenActivationBytes(columns);
        for (long t = 0; t < tokens; t++, x += tokenBytes, y += yStride)
        {
            var dot = Vector128<int>.Zero;
            byte* from = w;
            for (long c = 0; c < part; c += 32, from += 80)
            {
                Unpack(from, codes);
                for (long d = 0; d < 3 && d * part + c < columns; d++)
                    dot += CodesNeon.One(codes + d * CodesNeon.FieldBytes, x + d * part + c, 32);
            }
            byte* record = x + tokenBytes - Digits.TokenRecordBytes;
            DigitsNeon.Store(y, dot.AsSingle(), rows);
            CodesNeon.Finish(Scales(scales, unit, record), record, 0, y, rows);
        }
    }

    // Sixteen bytes from the scales on are the matrix's: tiles follow them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Scales(byte* scales, float unit, byte* record)
    {
        var bytes = AdvSimd.ZeroExtendWideningLower(AdvSimd.LoadVector128(scales).GetLower());
        var code = AdvSimd.ZeroExtendWideningLower(bytes.GetLower());
        return AdvSimd.ConvertToSingle(code.AsInt32()) * Vector128.Create(unit * *(float*)record);
    }

    // 32 columns: the low five bits of five vectors, and three more fields from their top bits, as in
    // Ternary1_67NeonDot.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(byte* w, byte* codes)
    {
        var m31 = Vector128.Create((byte)31);
        var v0 = AdvSimd.LoadVector128(w);
        var v1 = AdvSimd.LoadVector128(w + 16);
        var v2 = AdvSimd.LoadVector128(w + 32);
        var v3 = AdvSimd.LoadVector128(w + 48);
        var v4 = AdvSimd.LoadVector128(w + 64);
        Field(v0 & m31, codes);
        Field(v1 & m31, codes + 16);
        Field(v2 & m31, codes + 32);
        Field(v3 & m31, codes + 48);
        Field(v4 & m31, codes + 64);
        var t = AdvSimd.ShiftRightAndInsert(v1, v0, 3);
        var q = AdvSimd.ShiftRightAndInsert(v3, v2, 3);
        Field((t >>> 2) & m31, codes + 80);
        Field((q >>> 2) & m31, codes + 96);
        q = AdvSimd.ShiftRightAndInsert(AdvSimd.ShiftRightAndInsert(q, t, 1), v4, 2);
        Field(q >>> 3, codes + 112);
    }

    // A field is d0 + 3·d1 + 9·d2. Comparisons count how often nine, then three fit; true is −1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Field(Vector128<byte> field, byte* codes)
    {
        var v = field.AsSByte();
        var third = AdvSimd.CompareGreaterThan(v, Vector128.Create((sbyte)8)).AsSByte()
            + AdvSimd.CompareGreaterThan(v, Vector128.Create((sbyte)17)).AsSByte()
            + AdvSimd.CompareGreaterThan(v, Vector128.Create((sbyte)26)).AsSByte(); // no packer writes those
        v = AdvSimd.MultiplyAdd(v, third, Vector128.Create((sbyte)9));
        var second = AdvSimd.CompareGreaterThan(v, Vector128.Create((sbyte)2)).AsSByte()
            + AdvSimd.CompareGreaterThan(v, Vector128.Create((sbyte)5)).AsSByte();
        AdvSimd.Store(codes, AdvSimd.MultiplyAdd(v, second, Vector128.Create((sbyte)3)).AsByte());
        AdvSimd.Store(codes + CodesNeon.FieldBytes, (-second).AsByte());
        AdvSimd.Store(codes + 2 * CodesNeon.FieldBytes, (-third).AsByte());
    }
}
