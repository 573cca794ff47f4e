using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Three ternary weights in five bits with the dot product; the same bits as <see cref="Ternary1_67Scalar"/>.
/// The field itself is an operand, two table look-ups give its second and third weight; the first is what remains of
/// the field's sum.</summary>
public static unsafe class Ternary1_67NeonDot
{
    /// <inheritdoc cref="Ternary1_67Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long rows = ((int*)w)[1], whole = rows - rows % 12;
        byte* tile = w + Digits.Ternary1_67FirstTile(rows) + row0 / 12 * Digits.Ternary1_67TileBytes(columns);
        byte* scales = w + Digits.Ternary1_67HeaderBytes;
        float unit = *(float*)w;
        long tokenBytes = Digits.TokenActivationBytes(columns);
        long r = row0;
        for (; r < row1 && r < whole; r += 12, tile += Digits.Ternary1_67TileBytes(columns))
        {
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                FourTokens(tile, scales + r, unit, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes,
                    yStride, row1 - r);
            for (; t < tokens; t++)
                Tile(tile, scales + r, unit, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
        long part = Digits.Ternary1_67Part(columns);
        for (; r < row1; r += 4, tile += Digits.Ternary1_67TileBytes(part))
            for (long t = 0; t < tokens; t++)
                Short(tile, scales + r, unit, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
    }

    private static void Tile(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        byte* end = x + columns;
        // The second and the third weight of every field, in two registers each. The record ends in zeros; one of
        // them, which the compiler cannot see through, makes the tables variables: constants it would load again for
        // every look-up.
        var opaque = AdvSimd.LoadAndReplicateToVector128(record + 8);
        var p0 = Vector128.Create((sbyte)-1, -1, -1, 0, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 0, 1).AsByte() ^ opaque;
        var p1 = Vector128.Create((sbyte)1, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0).AsByte() ^ opaque;
        var p2 = Vector128.Create((sbyte)-1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0).AsByte() ^ opaque;
        var p3 = Vector128.Create((sbyte)0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2).AsByte() ^ opaque;
        var m31 = Vector128.Create((byte)31) ^ opaque; // last, so that each table's registers follow one another
        Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, u0 = s0, u1 = s0, u2 = s0;
        for (; x < end; x += 32, w += 80)
        {
            var a = AdvSimd.LoadVector128((sbyte*)x);
            var b = AdvSimd.LoadVector128((sbyte*)x + 16);
            var v0 = AdvSimd.LoadVector128(w);
            var v1 = AdvSimd.LoadVector128(w + 16);
            var v2 = AdvSimd.LoadVector128(w + 32);
            var v3 = AdvSimd.LoadVector128(w + 48);
            var v4 = AdvSimd.LoadVector128(w + 64);
            Field(ref s0, ref s1, ref s2, v0 & m31, a, 0, p0, p1, p2, p3);
            Field(ref u0, ref u1, ref u2, v1 & m31, a, 1, p0, p1, p2, p3);
            Field(ref s0, ref s1, ref s2, v2 & m31, a, 2, p0, p1, p2, p3);
            Field(ref u0, ref u1, ref u2, v3 & m31, a, 3, p0, p1, p2, p3);
            Field(ref s0, ref s1, ref s2, v4 & m31, b, 0, p0, p1, p2, p3);
            var t = AdvSimd.ShiftRightAndInsert(v1, v0, 3);
            var q = AdvSimd.ShiftRightAndInsert(v3, v2, 3);
            Field(ref u0, ref u1, ref u2, AdvSimd.ShiftRightLogical(t, 2) & m31, b, 1, p0, p1, p2, p3);
            Field(ref s0, ref s1, ref s2, AdvSimd.ShiftRightLogical(q, 2) & m31, b, 2, p0, p1, p2, p3);
            q = AdvSimd.ShiftRightAndInsert(AdvSimd.ShiftRightAndInsert(q, t, 1), v4, 2);
            Field(ref u0, ref u1, ref u2, AdvSimd.ShiftRightLogical(q, 3), b, 3, p0, p1, p2, p3);
        }
        FieldSums sums;
        sums.A = s0 + u0;
        sums.B = s1 + u1;
        sums.C = s2 + u2;
        Finish(y, sums, scales, unit, record, rows);
    }

    // Four tokens share the fields and their look-ups.
    private static void FourTokens(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long tokenBytes,
        long yStride, long rows)
    {
        byte* record = x + tokenBytes - Digits.TokenRecordBytes;
        var opaque = AdvSimd.LoadAndReplicateToVector128(record + 8);
        var p0 = Vector128.Create((sbyte)-1, -1, -1, 0, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 0, 1).AsByte() ^ opaque;
        var p1 = Vector128.Create((sbyte)1, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0).AsByte() ^ opaque;
        var p2 = Vector128.Create((sbyte)-1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0).AsByte() ^ opaque;
        var p3 = Vector128.Create((sbyte)0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2).AsByte() ^ opaque;
        var m31 = Vector128.Create((byte)31) ^ opaque;
        FieldSums s0 = default, s1 = default, s2 = default, s3 = default;
        for (byte* end = x + columns; x < end; x += 32, w += 80)
        {
            var x0 = AdvSimd.LoadVector128((sbyte*)x);
            var x1 = AdvSimd.LoadVector128((sbyte*)x + tokenBytes);
            var x2 = AdvSimd.LoadVector128((sbyte*)x + 2 * tokenBytes);
            var x3 = AdvSimd.LoadVector128((sbyte*)x + 3 * tokenBytes);
            var v0 = AdvSimd.LoadVector128(w);
            OfFour(ref s0, ref s1, ref s2, ref s3, v0 & m31, x0, x1, x2, x3, 0, p0, p1, p2, p3);
            var v1 = AdvSimd.LoadVector128(w + 16);
            OfFour(ref s0, ref s1, ref s2, ref s3, v1 & m31, x0, x1, x2, x3, 1, p0, p1, p2, p3);
            var t = AdvSimd.ShiftRightAndInsert(v1, v0, 3);
            var v2 = AdvSimd.LoadVector128(w + 32);
            OfFour(ref s0, ref s1, ref s2, ref s3, v2 & m31, x0, x1, x2, x3, 2, p0, p1, p2, p3);
            var v3 = AdvSimd.LoadVector128(w + 48);
            OfFour(ref s0, ref s1, ref s2, ref s3, v3 & m31, x0, x1, x2, x3, 3, p0, p1, p2, p3);
            var q = AdvSimd.ShiftRightAndInsert(v3, v2, 3);
            x0 = AdvSimd.LoadVector128((sbyte*)x + 16);
            x1 = AdvSimd.LoadVector128((sbyte*)x + (tokenBytes + 16));
            x2 = AdvSimd.LoadVector128((sbyte*)x + (2 * tokenBytes + 16));
            x3 = AdvSimd.LoadVector128((sbyte*)x + (3 * tokenBytes + 16));
            var v4 = AdvSimd.LoadVector128(w + 64);
            OfFour(ref s0, ref s1, ref s2, ref s3, v4 & m31, x0, x1, x2, x3, 0, p0, p1, p2, p3);
            OfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.ShiftRightLogical(t, 2) & m31, x0, x1, x2, x3, 1,
                p0, p1, p2, p3);
            OfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.ShiftRightLogical(q, 2) & m31, x0, x1, x2, x3, 2,
                p0, p1, p2, p3);
            q = AdvSimd.ShiftRightAndInsert(AdvSimd.ShiftRightAndInsert(q, t, 1), v4, 2);
            OfFour(ref s0, ref s1, ref s2, ref s3, AdvSimd.ShiftRightLogical(q, 3), x0, x1, x2, x3, 3,
                p0, p1, p2, p3);
        }
        Finish(y, s0, scales, unit, record, rows);
        Finish(y + yStride, s1, scales, unit, record + tokenBytes, rows);
        Finish(y + 2 * yStride, s2, scales, unit, record + 2 * tokenBytes, rows);
        Finish(y + 3 * yStride, s3, scales, unit, record + 3 * tokenBytes, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OfFour(ref FieldSums s0, ref FieldSums s1, ref FieldSums s2, ref FieldSums s3,
        Vector128<byte> field, Vector128<sbyte> x0, Vector128<sbyte> x1, Vector128<sbyte> x2, Vector128<sbyte> x3,
        [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<byte> p0, Vector128<byte> p1, Vector128<byte> p2,
        Vector128<byte> p3)
    {
        var first = field.AsSByte();
        var second = AdvSimd.Arm64.VectorTableLookup((p0, p1), field).AsSByte();
        var third = AdvSimd.Arm64.VectorTableLookup((p2, p3), field).AsSByte();
        Add(ref s0, first, second, third, x0, quadruplet);
        Add(ref s1, first, second, third, x1, quadruplet);
        Add(ref s2, first, second, third, x2, quadruplet);
        Add(ref s3, first, second, third, x3, quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref FieldSums s, Vector128<sbyte> first, Vector128<sbyte> second, Vector128<sbyte> third,
        Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        s.A = Dp.DotProductBySelectedQuadruplet(s.A, first, x, quadruplet);
        s.B = Dp.DotProductBySelectedQuadruplet(s.B, second, x, quadruplet);
        s.C = Dp.DotProductBySelectedQuadruplet(s.C, third, x, quadruplet);
    }

    private static void Finish(float* y, FieldSums s, byte* scales, float unit, byte* record, long rows)
    {
        // The field's sum is d0 + 3·d1 + 9·d2 + 13 · Σ activations.
        var first = s.A - s.B * Vector128.Create(3) - s.C * Vector128.Create(9)
            - AdvSimd.LoadAndReplicateToVector128((int*)record + 1) * Vector128.Create(13);
        // Sixteen bytes from the scales on are the matrix's: tiles follow them.
        var scale = Vector128.Create(unit * *(float*)record);
        var bytes = AdvSimd.LoadVector128(scales);
        var low = AdvSimd.ZeroExtendWideningLower(bytes.GetLower());
        var high = AdvSimd.ZeroExtendWideningUpper(bytes);
        DigitsNeon.Store(y, Scaled(first, AdvSimd.ZeroExtendWideningLower(low.GetLower()), scale), rows);
        DigitsNeon.Store(y + 4, Scaled(s.B, AdvSimd.ZeroExtendWideningUpper(low), scale), rows - 4);
        DigitsNeon.Store(y + 8, Scaled(s.C, AdvSimd.ZeroExtendWideningLower(high.GetLower()), scale), rows - 8);
    }

    // Four rows; the three weights of a field are of three parts of the columns.
    private static void Short(byte* w, byte* scales, float unit, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        long part = Digits.Ternary1_67Part(columns);
        byte* end = x + part;
        var m31 = Vector128.Create((byte)31);
        Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0;
        for (; x < end; x += 32, w += 80)
        {
            var v0 = AdvSimd.LoadVector128(w);
            var v1 = AdvSimd.LoadVector128(w + 16);
            var v2 = AdvSimd.LoadVector128(w + 32);
            var v3 = AdvSimd.LoadVector128(w + 48);
            var v4 = AdvSimd.LoadVector128(w + 64);
            Parts(ref s0, ref s1, ref s2, v0 & m31, (sbyte*)x, part, 0);
            Parts(ref s0, ref s1, ref s2, v1 & m31, (sbyte*)x, part, 1);
            Parts(ref s0, ref s1, ref s2, v2 & m31, (sbyte*)x, part, 2);
            Parts(ref s0, ref s1, ref s2, v3 & m31, (sbyte*)x, part, 3);
            Parts(ref s0, ref s1, ref s2, v4 & m31, (sbyte*)x + 16, part, 0);
            var t = AdvSimd.ShiftRightAndInsert(v1, v0, 3);
            var q = AdvSimd.ShiftRightAndInsert(v3, v2, 3);
            Parts(ref s0, ref s1, ref s2, AdvSimd.ShiftRightLogical(t, 2) & m31, (sbyte*)x + 16, part, 1);
            Parts(ref s0, ref s1, ref s2, AdvSimd.ShiftRightLogical(q, 2) & m31, (sbyte*)x + 16, part, 2);
            q = AdvSimd.ShiftRightAndInsert(AdvSimd.ShiftRightAndInsert(q, t, 1), v4, 2);
            Parts(ref s0, ref s1, ref s2, AdvSimd.ShiftRightLogical(q, 3), (sbyte*)x + 16, part, 3);
        }
        var codes = AdvSimd.ZeroExtendWideningLower(AdvSimd.LoadVector128(scales).GetLower());
        var scale = Vector128.Create(unit * *(float*)record);
        DigitsNeon.Store(y, Scaled(s0 + s1 + s2, AdvSimd.ZeroExtendWideningLower(codes.GetLower()), scale), rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Scaled(Vector128<int> dot, Vector128<uint> code, Vector128<float> scale) =>
        AdvSimd.ConvertToSingle(dot) * (AdvSimd.ConvertToSingle(code.AsInt32()) * scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Parts(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        Vector128<byte> field, sbyte* x, long part, [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        var first = AdvSimd.Arm64.VectorTableLookup((
            Vector128.Create((sbyte)-1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1).AsByte(),
            Vector128.Create((sbyte)0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0).AsByte()), field);
        var second = AdvSimd.Arm64.VectorTableLookup((
            Vector128.Create((sbyte)-1, -1, -1, 0, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 0, 1).AsByte(),
            Vector128.Create((sbyte)1, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1, -1, -1, -1, 0, 0).AsByte()), field);
        var third = AdvSimd.Arm64.VectorTableLookup((
            Vector128.Create((sbyte)-1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0).AsByte(),
            Vector128.Create((sbyte)0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2).AsByte()), field);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, first.AsSByte(), AdvSimd.LoadVector128(x), quadruplet);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, second.AsSByte(), AdvSimd.LoadVector128(x + part), quadruplet);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, third.AsSByte(), AdvSimd.LoadVector128(x + 2 * part), quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Field(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        Vector128<byte> field, Vector128<sbyte> x,
        [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<byte> p0, Vector128<byte> p1, Vector128<byte> p2,
            Vector128<byte> p3)
    {
        s0 = Dp.DotProductBySelectedQuadruplet(s0, field.AsSByte(), x, quadruplet);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, AdvSimd.Arm64.VectorTableLookup((p0, p1), field).AsSByte(), x,
            quadruplet);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, AdvSimd.Arm64.VectorTableLookup((p2, p3), field).AsSByte(), x,
            quadruplet);
    }
}
