using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>3-bit weights with the dot product; the same bits as <see cref="Digits3Scalar"/>. Three bytes hold eight
/// weights: six fields of three bits, and the spare top bits make the seventh and eighth. Ten dot products and seven
/// ANDs per 128 weights, no shift.</summary>
public static unsafe class Digits3NeonDot
{
    /// <inheritdoc cref="Digits3Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits3GroupBytes;
        long tokenBytes = Digits.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 32)
        {
            byte* tile = w + r / 32 * tileBytes;
            long t = 0;
            for (; t + 2 <= tokens && r + 32 <= row1; t += 2)
                TwoTokens(tile, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride);
            for (; t < tokens; t++)
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    // Two tokens share loads and masks; their sums are in y, which has room when the tile is whole.
    private static void TwoTokens(byte* w, byte* x, float* y, long columns, long tokenBytes, long yStride)
    {
        byte* record = x + columns;
        byte* end = record;
        var m7 = Vector128.Create((sbyte)7);
        var m63 = Vector128.Create((sbyte)63);
        var m127 = Vector128.Create((sbyte)127);
        for (long t = 0; t < 2; t++) DigitsNeon.Clear(y + t * yStride, 32);
        while (x < end)
        {
            ushort* h = (ushort*)w;
            w += 64;
            FieldSums a, b, d, e;
            RowSums c, f;
            Start(out a, out b, out c, record);
            Start(out d, out e, out f, record + tokenBytes);
            byte* stop = x + Digits.Group;
            do
            {
                var x0 = AdvSimd.LoadVector128((sbyte*)x);
                var x1 = AdvSimd.LoadVector128((sbyte*)x + tokenBytes);
                FourOfTwo(ref a, ref b, ref c, ref d, ref e, ref f, (sbyte*)w, x0, x1, 0, m7, m63,
                    m127);
                FourOfTwo(ref a, ref b, ref c, ref d, ref e, ref f, (sbyte*)w + 48, x0, x1, 1, m7, m63,
                    m127);
                FourOfTwo(ref a, ref b, ref c, ref d, ref e, ref f, (sbyte*)w + 96, x0, x1, 2, m7, m63,
                    m127);
                FourOfTwo(ref a, ref b, ref c, ref d, ref e, ref f, (sbyte*)w + 144, x0, x1, 3, m7, m63,
                    m127);
                x += 16;
                w += 192;
            } while (x < stop);
            Finish(y, a, b, c, h, record);
            Finish(y + yStride, d, e, f, h, record + tokenBytes);
            record += Digits.RecordBytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Start(out FieldSums a, out FieldSums b, out RowSums c, byte* record)
    {
        a.A = AdvSimd.LoadAndReplicateToVector128((int*)record + 5);
        a.B = AdvSimd.LoadAndReplicateToVector128((int*)record + 6);
        a.C = AdvSimd.LoadAndReplicateToVector128((int*)record + 7);
        b = a;
        c.A = a.A;
        c.B = c.C = c.D = a.B;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourOfTwo(ref FieldSums a, ref FieldSums b, ref RowSums c, ref FieldSums d, ref FieldSums e,
        ref RowSums f, sbyte* w, Vector128<sbyte> x0, Vector128<sbyte> x1,
        [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<sbyte> m7, Vector128<sbyte> m63,
        Vector128<sbyte> m127)
    {
        var v = AdvSimd.LoadVector128(w);
        var low = v & m7;
        var middle = v & m63;
        Add(ref a, low, middle, v, x0, quadruplet);
        Add(ref d, low, middle, v, x1, quadruplet);
        var u = AdvSimd.LoadVector128(w + 16);
        var lowU = u & m7;
        var middleU = u & m63;
        Add(ref b, lowU, middleU, u, x0, quadruplet);
        Add(ref e, lowU, middleU, u, x1, quadruplet);
        var t = AdvSimd.LoadVector128(w + 32);
        var lowT = t & m7;
        var middleT = t & m63;
        var highT = t & m127;
        c.Add(lowT, middleT, highT, t, x0, quadruplet);
        f.Add(lowT, middleT, highT, t, x1, quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref FieldSums s, Vector128<sbyte> a, Vector128<sbyte> b, Vector128<sbyte> c,
        Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet)
    {
        s.A = Dp.DotProductBySelectedQuadruplet(s.A, a, x, quadruplet);
        s.B = Dp.DotProductBySelectedQuadruplet(s.B, b, x, quadruplet);
        s.C = Dp.DotProductBySelectedQuadruplet(s.C, c, x, quadruplet);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(float* y, FieldSums a, FieldSums b, RowSums c, ushort* h, byte* record)
    {
        var magic = Vector128.Create(12582912f);
        var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
        RowScales.FromBF16(out RowScales s, h);
        DigitsNeon.Accumulate(y, (a.A.AsSingle() - magic) * (s.A * scale));
        DigitsNeon.Accumulate(y + 4, ((a.B - a.A).AsSingle() - magic) * (s.B * scale));
        DigitsNeon.Accumulate(y + 8, (b.A.AsSingle() - magic) * (s.C * scale));
        DigitsNeon.Accumulate(y + 12, ((b.B - b.A).AsSingle() - magic) * (s.D * scale));
        RowScales.FromBF16(out s, h + 16);
        DigitsNeon.Accumulate(y + 16, (c.A.AsSingle() - magic) * (s.A * scale));
        DigitsNeon.Accumulate(y + 20, ((c.B - c.A).AsSingle() - magic) * (s.B * scale));
        // As in Tile.
        var seventh = a.C - a.B + ((c.C - c.B) << 2);
        var eighth = b.C - b.B + ((c.C - c.D) << 1);
        DigitsNeon.Accumulate(y + 24, (seventh.AsSingle() - magic) * (s.C * scale));
        DigitsNeon.Accumulate(y + 28, (eighth.AsSingle() - magic) * (s.D * scale));
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        var m7 = Vector128.Create((sbyte)7);
        var m63 = Vector128.Create((sbyte)63);
        var m127 = Vector128.Create((sbyte)127);
        Vector128<float> f0 = Vector128<float>.Zero, f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0, f6 = f0, f7 = f0;
        while (x < end)
        {
            byte* h = w;
            w += 64;
            var a0 = AdvSimd.LoadAndReplicateToVector128((int*)record + 5);
            var a1 = AdvSimd.LoadAndReplicateToVector128((int*)record + 6);
            var a2 = AdvSimd.LoadAndReplicateToVector128((int*)record + 7);
            Vector128<int> b0 = a0, b1 = a1, b2 = a2, c0 = a0, c1 = a1, c2 = a1, c3 = a1;
            byte* stop = x + Digits.Group;
            do
            {
                var activations = AdvSimd.LoadVector128((sbyte*)x);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w,
                    activations, 0, m7, m63, m127);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w + 48,
                    activations, 1, m7, m63, m127);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w + 96,
                    activations, 2, m7, m63, m127);
                Four(ref a0, ref a1, ref a2, ref b0, ref b1, ref b2, ref c0, ref c1, ref c2, ref c3, (sbyte*)w + 144,
                    activations, 3, m7, m63, m127);
                x += 16;
                w += 192;
            } while (x < stop);
            var zero = Vector128<ushort>.Zero;
            var magic = Vector128.Create(12582912f);
            var scale = AdvSimd.LoadAndReplicateToVector128((float*)record);
            record += Digits.RecordBytes;
            var s = AdvSimd.LoadVector128((ushort*)h);
            f0 += (a0.AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f1 += ((a1 - a0).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
            s = AdvSimd.LoadVector128((ushort*)h + 8);
            f2 += (b0.AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f3 += ((b1 - b0).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
            s = AdvSimd.LoadVector128((ushort*)h + 16);
            f4 += (c0.AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f5 += ((c1 - c0).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
            s = AdvSimd.LoadVector128((ushort*)h + 24);
            // 64 times the seventh and the eighth weight: their low two bits, then their top bit, which counts 4
            // (there 64) or 4 (there 128).
            f6 += ((a2 - a1 + ((c2 - c1) << 2)).AsSingle() - magic) * (DigitsNeon.Low(s, zero) * scale);
            f7 += ((b2 - b1 + ((c2 - c3) << 1)).AsSingle() - magic) * (DigitsNeon.High(s, zero) * scale);
        }
        DigitsNeon.Store(y, f0, f1, f2, f3, rows);
        DigitsNeon.Store(y + 16, f4, f5, f6, f7, rows - 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(ref Vector128<int> a0, ref Vector128<int> a1, ref Vector128<int> a2,
        ref Vector128<int> b0, ref Vector128<int> b1,
        ref Vector128<int> b2, ref Vector128<int> c0, ref Vector128<int> c1, ref Vector128<int> c2,
            ref Vector128<int> c3,
        sbyte* w, Vector128<sbyte> x, [ConstantExpected(Max = (byte)3)] byte quadruplet, Vector128<sbyte> m7,
            Vector128<sbyte> m63, Vector128<sbyte> m127)
    {
        var v = AdvSimd.LoadVector128(w);
        a2 = Dp.DotProductBySelectedQuadruplet(a2, v, x, quadruplet);
        a1 = Dp.DotProductBySelectedQuadruplet(a1, v & m63, x, quadruplet);
        a0 = Dp.DotProductBySelectedQuadruplet(a0, v & m7, x, quadruplet);
        v = AdvSimd.LoadVector128(w + 16);
        b2 = Dp.DotProductBySelectedQuadruplet(b2, v, x, quadruplet);
        b1 = Dp.DotProductBySelectedQuadruplet(b1, v & m63, x, quadruplet);
        b0 = Dp.DotProductBySelectedQuadruplet(b0, v & m7, x, quadruplet);
        v = AdvSimd.LoadVector128(w + 32);
        c3 = Dp.DotProductBySelectedQuadruplet(c3, v, x, quadruplet);
        c2 = Dp.DotProductBySelectedQuadruplet(c2, v & m127, x, quadruplet);
        c1 = Dp.DotProductBySelectedQuadruplet(c1, v & m63, x, quadruplet);
        c0 = Dp.DotProductBySelectedQuadruplet(c0, v & m7, x, quadruplet);
    }
}
