using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>2-bit weights by table look-up with ARMv8.0; the same bits as <see cref="Digits2LutScalar"/>. One look-up
/// serves sixteen rows and two columns; the low parts of four are added as bytes before they widen, the high parts of
/// sixteen.</summary>
public static unsafe class Digits2LutNeon
{
    // Tables of 1024 columns are 16 KiB: half of the first-level cache of a Cortex-A72. Tiles take turns on them.
    private const int ChunkGroups = 8;

    /// <inheritdoc cref="Digits2LutScalar.Tables"/>
    public static void Tables(byte* x, byte* tables, long columns, long tokens)
    {
        var first = Vector128.Create(-2, -1, 0, 1).AsInt32();
        var pattern = AdvSimd.Arm64.UnzipEven(first.AsInt16(), first.AsInt16());
        var minusTwoOne = AdvSimd.Arm64.UnzipEven(Vector128.Create(-2).AsInt16(), Vector128.Create(-1).AsInt16());
        var zeroOne = AdvSimd.Arm64.UnzipEven(Vector128.Create(0).AsInt16(), Vector128.Create(1).AsInt16());
        var low = Vector128.Create((byte)63);
        for (long t = 0; t < tokens; t++, x += Digits.ActivationBytes(columns))
        {
            byte* to = tables + t * Digits2LutScalar.TableBytes(columns);
            for (long c = 0; c < columns; c += 8)
            {
                var q = AdvSimd.SignExtendWideningLower(AdvSimd.LoadVector64((sbyte*)x + c));
                for (int lane = 0; lane < 4; lane++, to += Digits2LutScalar.PairBytes)
                {
                    var a = pattern * AdvSimd.DuplicateSelectedScalarToVector128(q, 0);
                    var b = AdvSimd.DuplicateSelectedScalarToVector128(q, 1);
                    q = AdvSimd.ExtractVector128(q, q, 2);
                    var v = AdvSimd.MultiplyAdd(a, minusTwoOne, b);
                    var u = AdvSimd.MultiplyAdd(a, zeroOne, b);
                    AdvSimd.Store(to, AdvSimd.Arm64.UnzipEven(v.AsByte(), u.AsByte()) & low);
                    AdvSimd.Store(to + 16, AdvSimd.Arm64.UnzipEven((v >> 6).AsByte(), (u >> 6).AsByte()));
                }
            }
            byte* end = tables + (t + 1) * Digits2LutScalar.TableBytes(columns);
            for (long g = 0; g < columns / Digits.Group; g++, to += 4)
                *(float*)to = *(float*)(x + columns + g * Digits.RecordBytes);
            for (; to < end; to++) *to = 0;
        }
    }

    /// <inheritdoc cref="Digits2LutScalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long groups = columns / Digits.Group;
        long tileBytes = groups * Digits2LutScalar.GroupBytes;
        long whole = row0 + (row1 - row0) / 32 * 32;
        for (long t = 0; t < tokens; t++, x += Digits2LutScalar.TableBytes(columns), y += yStride)
        {
            float* scales = (float*)(x + columns / 2 * Digits2LutScalar.PairBytes);
            for (long g0 = 0; g0 < groups; g0 += ChunkGroups)
            {
                long g1 = g0 + ChunkGroups < groups ? g0 + ChunkGroups : groups;
                for (long r = row0; r < whole; r += 32) Tile(w + r / 32 * tileBytes, x, scales, y + r, g0, g1);
            }
            if (whole < row1) Ragged(w + whole / 32 * tileBytes, x, scales, y + whole, groups, row1 - whole);
        }
    }

    // The last rows: y has no room for a whole tile, so their sums begin and end in registers.
    private static void Ragged(byte* w, byte* x, float* scales, float* y, long groups, long rows)
    {
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0, f6 = f0, f7 = f0;
        for (long g = 0; g < groups; g++)
            Group(w + g * Digits2LutScalar.GroupBytes, x + g * Digits.Group / 2 * Digits2LutScalar.PairBytes,
                scales + g,
                ref f0, ref f1, ref f2, ref f3, ref f4, ref f5, ref f6, ref f7);
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
        DigitsNeon.Store(y + 16, f4, f5, f6, f7, rows - 16);
    }

    private static void Tile(byte* w, byte* x, float* scales, float* y, long g0, long g1)
    {
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0, f6 = f0, f7 = f0;
        if (g0 > 0)
        {
            f0 = AdvSimd.LoadVector128(y);
            f1 = AdvSimd.LoadVector128(y + 4);
            f2 = AdvSimd.LoadVector128(y + 8);
            f3 = AdvSimd.LoadVector128(y + 12);
            f4 = AdvSimd.LoadVector128(y + 16);
            f5 = AdvSimd.LoadVector128(y + 20);
            f6 = AdvSimd.LoadVector128(y + 24);
            f7 = AdvSimd.LoadVector128(y + 28);
        }
        for (long g = g0; g < g1; g++)
            Group(w + g * Digits2LutScalar.GroupBytes, x + g * Digits.Group / 2 * Digits2LutScalar.PairBytes,
                scales + g,
                ref f0, ref f1, ref f2, ref f3, ref f4, ref f5, ref f6, ref f7);
        DigitsNeon.Store(y, f0, f1, f2, f3, 16);
        DigitsNeon.Store(y + 16, f4, f5, f6, f7, 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group(byte* w, byte* tables, float* scale, ref Vector128<float> f0, ref Vector128<float> f1,
        ref Vector128<float> f2,
        ref Vector128<float> f3, ref Vector128<float> f4, ref Vector128<float> f5, ref Vector128<float> f6,
            ref Vector128<float> f7)
    {
        ushort* h = (ushort*)w;
        w += 64;
        var nibble = Vector128.Create((byte)15);
        var sixtyFour = Vector128.Create((sbyte)64);
        Vector128<short> d0 = Vector128<short>.Zero, d1 = d0, d2 = d0, d3 = d0;
        byte* end = tables + Digits.Group / 2 * Digits2LutScalar.PairBytes;
        do
        {
            Vector128<sbyte> high0 = Vector128<sbyte>.Zero, high1 = high0;
            byte* stop = tables + 16 * Digits2LutScalar.PairBytes;
            do
            {
                Eight(ref d0, ref d1, ref high0, w, tables, nibble);
                Eight(ref d2, ref d3, ref high1, w + 16, tables, nibble);
                w += 64;
                tables += 4 * Digits2LutScalar.PairBytes;
            } while (tables < stop);
            d0 = AdvSimd.MultiplyWideningLowerAndAdd(d0, high0.GetLower(), sixtyFour.GetLower());
            d1 = AdvSimd.MultiplyWideningUpperAndAdd(d1, high0, sixtyFour);
            d2 = AdvSimd.MultiplyWideningLowerAndAdd(d2, high1.GetLower(), sixtyFour.GetLower());
            d3 = AdvSimd.MultiplyWideningUpperAndAdd(d3, high1, sixtyFour);
        } while (tables < end);
        var zero = Vector128<ushort>.Zero;
        var activation = AdvSimd.LoadAndReplicateToVector128(scale);
        Add(ref f0, ref f1, d0, AdvSimd.LoadVector128(h), zero, activation);
        Add(ref f2, ref f3, d1, AdvSimd.LoadVector128(h + 8), zero, activation);
        Add(ref f4, ref f5, d2, AdvSimd.LoadVector128(h + 16), zero, activation);
        Add(ref f6, ref f7, d3, AdvSimd.LoadVector128(h + 24), zero, activation);
    }

    // Eight columns of sixteen rows: four look-ups.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(ref Vector128<short> low, ref Vector128<short> upper, ref Vector128<sbyte> high,
        byte* w, byte* t, Vector128<byte> nibble)
    {
        var v = AdvSimd.LoadVector128(w);
        var u = AdvSimd.LoadVector128(w + 32);
        var i0 = v & nibble;
        var i1 = v >>> 4;
        var i2 = u & nibble;
        var i3 = u >>> 4;
        var sum = Look(t, i0) + Look(t + 32, i1) + (Look(t + 64, i2) + Look(t + 96, i3));
        high += (Look(t + 16, i0) + Look(t + 48, i1) + (Look(t + 80, i2) + Look(t + 112, i3))).AsSByte();
        low = AdvSimd.AddWideningLower(low.AsUInt16(), sum.GetLower()).AsInt16();
        upper = AdvSimd.AddWideningUpper(upper.AsUInt16(), sum).AsInt16();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Look(byte* table, Vector128<byte> index) =>
        AdvSimd.Arm64.VectorTableLookup(AdvSimd.LoadVector128(table), index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Vector128<float> low, ref Vector128<float> high, Vector128<short> dot,
        Vector128<ushort> scales,
        Vector128<ushort> zero, Vector128<float> activation)
    {
        low += AdvSimd.ConvertToSingle(AdvSimd.SignExtendWideningLower(dot.GetLower()))
            * (DigitsNeon.Low(scales, zero) * activation);
        high += AdvSimd.ConvertToSingle(AdvSimd.SignExtendWideningUpper(dot))
            * (DigitsNeon.High(scales, zero) * activation);
    }
}
