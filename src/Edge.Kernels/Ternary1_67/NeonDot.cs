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
        byte* tile = w + row0 / 12 * Digits.Ternary1_67TileBytes(columns);
        for (long r = row0; r < row1; r += 12, tile += Digits.Ternary1_67TileBytes(columns))
            for (long t = 0; t < tokens; t++)
                Tile(tile, x + t * Digits.TokenActivationBytes(columns), y + t * yStride + r, columns, row1 - r);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
        byte* end = x + columns;
        ushort* h = (ushort*)w;
        w += 32;
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
        s0 += u0;
        s1 += u1;
        s2 += u2;
        // The field's sum is d0 + 3·d1 + 9·d2 + 13 · Σ activations.
        s0 = s0 - s1 * Vector128.Create(3) - s2 * Vector128.Create(9)
            - AdvSimd.LoadAndReplicateToVector128((int*)record + 1) * Vector128.Create(13);
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        var zero = Vector128<ushort>.Zero;
        var h0 = AdvSimd.LoadVector128(h);
        var h1 = AdvSimd.LoadVector128(h + 8);
        DigitsNeon.Store(y, AdvSimd.ConvertToSingle(s0) * (DigitsNeon.Low(h0, zero) * scale), rows);
        DigitsNeon.Store(y + 4, AdvSimd.ConvertToSingle(s1) * (DigitsNeon.High(h0, zero) * scale), rows - 4);
        DigitsNeon.Store(y + 8, AdvSimd.ConvertToSingle(s2) * (DigitsNeon.Low(h1, zero) * scale), rows - 8);
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
