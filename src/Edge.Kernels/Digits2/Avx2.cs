using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripGroups = delegate*<Edge.Kernels.CodesAvx2.Strip*, Edge.Kernels.CodesAvx2.Reading*,
    Edge.Kernels.CodesAvx2.Reading*, Edge.Kernels.CodesAvx2.Target*, long, long, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Digits2Scalar"/>, the same bits. Each byte is masked where it stands: the second
/// and fourth digit count fourfold, which their scales expect anyway. Four tokens and more share the codes of
/// <see cref="CodesAvx2"/>.</summary>
public static unsafe class Digits2Avx2
{
    // About what one core has in flight at memory speed.
    private const long PrefetchBytes = 4096;

    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, false, &CodesAvx2.AddGroups);

    /// <summary>Coarse: the digits stand for the middle of a range, see <see cref="Nested4Scalar"/>. Add:
    /// multiplies four tokens and more.</summary>
    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, bool coarse, StripGroups add)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits2GroupBytes;
        long tokenBytes = Digits.ActivationBytes(columns), fours = tokens & -CodesAvx2.Tokens;
        byte* tile = w + row0 / 16 * tileBytes;
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 16);
        for (long r = row0; r < row1; r += 32, tile += 2 * tileBytes)
        {
            CodesAvx2.Next(&target, r, row1);
            if (fours > 0) TwoTiles(tile, tileBytes, columns, &target, coarse, add);
            for (long t = fours; t < tokens; t++)
            {
                byte* with = x + t * tokenBytes;
                float* to = y + t * yStride + r;
                OneToken(tile, with, to, columns, row1 - r, coarse);
                if (r + 16 < row1) OneToken(tile + tileBytes, with, to + 16, columns, row1 - r - 16, coarse);
            }
        }
    }

    [SkipLocalsInit]
    private static void TwoTiles(byte* w, long tileBytes, long columns, CodesAvx2.Target* target, bool coarse,
        StripGroups add)
    {
        CodesAvx2.Room room;
        CodesAvx2.Strip* strip = CodesAvx2.Align(&room);
        CodesAvx2.Reading reading;
        CodesAvx2.Plain(&reading, coarse ? 13 : 2, 128, Vector256.Create(0u, 0, 0, 0, 2, 2, 2, 2),
            Vector256.Create(4u, 4, 4, 4, 6, 6, 6, 6));
        if (coarse)
        {
            reading.Shift = 3;
            reading.Factor = 0.125f;
        }
        long groups = columns / Digits.Group, blocks = CodesAvx2.Blocks(target);
        for (long g = 0; g < groups; g += CodesAvx2.Chunks)
        {
            long n = groups - g < CodesAvx2.Chunks ? groups - g : CodesAvx2.Chunks;
            for (long b = 0; b < blocks; b++)
                for (long i = 0; i < n; i++)
                {
                    byte* group = w + b * tileBytes + (g + i) * Digits.Digits2GroupBytes;
                    byte* codes = strip->Codes + b * CodesAvx2.BlockBytes + i * CodesAvx2.ChunkBytes;
                    CodesAvx2.PutScales(strip, b, i, group);
                    Unpack(group + 32, codes, Digits.Group);
                }
            add(strip, &reading, &reading, target, g, n);
        }
    }

    /// <summary>Takes up to 128 columns apart; codes are weights + 2. Shapes: columns is a multiple of 8.</summary>
    internal static void Unpack(byte* w, byte* codes, long columns)
    {
        Vector256<byte> three = Vector256.Create((byte)3), sign = Vector256.Create((byte)128);
        for (byte* end = w + columns * 4; w < end; w += 32, codes += 128)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Vector256<ushort> v = Avx2.Xor(Avx.LoadVector256(w), sign).AsUInt16();
            CodesAvx2.Put(codes, Avx2.And(v.AsByte(), three), Avx2.And((v >>> 2).AsByte(), three),
                Avx2.And((v >>> 4).AsByte(), three), Avx2.And((v >>> 6).AsByte(), three));
        }
    }

    private static void OneToken(byte* w, byte* x, float* y, long columns, long rows, bool coarse)
    {
        if (coarse) CoarseTile(w, x, y, columns, rows);
        else Tile(w, x, y, columns, rows);
    }

    /// <summary>The digits that count once stay in 16 bits for all 128 columns: sixteen products of 2 · 3 · 127 fit.
    /// </summary>
    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0;
        Vector256<short> one = Vector256.Create((short)1);
        for (; x < end; record += Digits.RecordBytes)
        {
            ushort* scales = (ushort*)w;
            w += 32;
            Vector256<short> a = Vector256<short>.Zero, b = a, c = a, d = a;
            SixtyFour(w, x, ref a, ref b, ref c, ref d);
            Vector256<int> b0 = Avx2.MultiplyAddAdjacent(b, one), d0 = Avx2.MultiplyAddAdjacent(d, one);
            b = d = Vector256<short>.Zero;
            SixtyFour(w + 256, x + 64, ref a, ref b, ref c, ref d);
            w += 512;
            x += Digits.Group;
            Vector256<int> start = Avx2.Blend(Avx2.BroadcastScalarToVector256((int*)record + 1),
                Avx2.BroadcastScalarToVector256((int*)record + 8), 0xF0);
            Vector256<float> scale = Avx.BroadcastScalarToVector256((float*)record);
            y0 = AddScaled(y0, Lower(a, DigitsAvx2.Widen(b0, b), start), scales, scale);
            y1 = AddScaled(y1, Upper(c, DigitsAvx2.Widen(d0, d), start), scales + 8, scale);
        }
        DigitsAvx2.Store(y, y0, rows);
        DigitsAvx2.Store(y + 8, y1, rows - 8);
    }

    /// <summary>Rows 0 … 7, whose offset and conversion the start values hold (see <see cref="Digits"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Lower(Vector256<short> a, Vector256<int> b, Vector256<int> start)
    {
        Vector256<int> dot = DigitsAvx2.Join(Avx2.MultiplyAddAdjacent(a, Vector256.Create((short)1)), b);
        return Avx.Subtract(Avx2.Add(dot, start).AsSingle(), Vector256.Create(12582912f));
    }

    /// <summary>Rows 8 … 15, which count sixteenfold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Upper(Vector256<short> c, Vector256<int> d, Vector256<int> start) =>
        Avx.Multiply(Lower(c, d, start), Vector256.Create(16f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddScaled(Vector256<float> sum, Vector256<float> dot, ushort* scales,
        Vector256<float> scale) => Avx.Add(sum, Avx.Multiply(dot, Avx.Multiply(DigitsAvx2.Scales(scales), scale)));

    private static void CoarseTile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0;
        while (x < end)
        {
            ushort* scales = (ushort*)w;
            Vector256<int> a = Vector256<int>.Zero, b = a, c = a, d = a;
            Sum(w + 32, x, 64, ref a, ref b, ref c, ref d);
            Sum(w + 288, x + 64, 64, ref a, ref b, ref c, ref d);
            Vector256<int> lower = DigitsAvx2.Join(a, b), upper = DigitsAvx2.Join(c, d);
            // Eighths, so that the offset of 1.625 is whole.
            Vector256<int> middle = Middle(((int*)record)[10]);
            lower = Avx2.Subtract(Avx2.ShiftLeftLogical(lower, 3), middle);
            upper = Avx2.ShiftLeftLogical(Avx2.Subtract(Avx2.ShiftLeftLogical(upper, 3), middle), 4);
            y0 = Avx.Add(y0, Eighths(lower, scales, (float*)record));
            y1 = Avx.Add(y1, Eighths(upper, scales + 8, (float*)record));
            w += Digits.Digits2GroupBytes;
            x += Digits.Group;
            record += Digits.RecordBytes;
        }
        DigitsAvx2.Store(y, y0, rows);
        DigitsAvx2.Store(y + 8, y1, rows - 8);
    }

    /// <summary>The weights' offset of two times Σ activations; fourfold for rows 4 … 7. (Shifted before it is
    /// broadcast, see
    /// <see cref="Q4_0Avx2"/>.)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Bias(int sum) =>
        Vector256.Create(Vector128.Create(sum << 1), Vector128.Create(sum << 3));

    private static Vector256<int> Middle(int sum) =>
        Vector256.Create(Vector128.Create(sum * 13), Vector128.Create(sum * 52));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eighths(Vector256<int> dot, ushort* scales, float* activation) =>
        Avx.Multiply(Avx.Multiply(Avx.ConvertToVector256Single(dot), Vector256.Create(0.125f)),
            Avx.Multiply(DigitsAvx2.Scales(scales), Avx.BroadcastScalarToVector256(activation)));

    /// <summary>Adds Σ code · activation of four rows each, as two halves of the columns; b and d count fourfold.
    /// Shapes: columns is 32 or 64: sixteen products of 12 and 127 fit 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Sum(byte* w, byte* x, long columns, ref Vector256<int> a, ref Vector256<int> b,
        ref Vector256<int> c, ref Vector256<int> d)
    {
        Vector256<short> s0 = Vector256<short>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (byte* end = x + columns; x < end; x += 16, w += 64) Sixteen(w, x, ref s0, ref s1, ref s2, ref s3);
        a = DigitsAvx2.Widen(a, s0);
        b = DigitsAvx2.Widen(b, s1);
        c = DigitsAvx2.Widen(c, s2);
        d = DigitsAvx2.Widen(d, s3);
    }

    /// <summary>64 columns, without a loop: its end would be predicted wrongly once per group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixtyFour(byte* w, byte* x, ref Vector256<short> s0, ref Vector256<short> s1,
        ref Vector256<short> s2, ref Vector256<short> s3)
    {
        Sixteen(w, x, ref s0, ref s1, ref s2, ref s3);
        Sixteen(w + 64, x + 16, ref s0, ref s1, ref s2, ref s3);
        Sixteen(w + 128, x + 32, ref s0, ref s1, ref s2, ref s3);
        Sixteen(w + 192, x + 48, ref s0, ref s1, ref s2, ref s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen(byte* w, byte* x, ref Vector256<short> s0, ref Vector256<short> s1,
        ref Vector256<short> s2, ref Vector256<short> s3)
    {
        Vector256<byte> pattern = DigitsAvx2.Pattern();
        Sse.Prefetch0(w + PrefetchBytes);
        Eight(w, DigitsAvx2.Eight(x, pattern), ref s0, ref s1, ref s2, ref s3);
        Eight(w + 32, DigitsAvx2.Eight(x + 8, pattern), ref s0, ref s1, ref s2, ref s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(byte* w, Vector256<sbyte> x, ref Vector256<short> s0, ref Vector256<short> s1,
        ref Vector256<short> s2,
        ref Vector256<short> s3)
    {
        // The top digit is signed: its upper bit flipped, it has the offset of the others.
        Vector256<byte> v = Avx2.Xor(Avx.LoadVector256(w), Vector256.Create((byte)128));
        Vector256<byte> u = Avx2.ShiftRightLogical(v.AsUInt16(), 4).AsByte();
        Vector256<byte> low = Vector256.Create((byte)3), high = Vector256.Create((byte)12);
        s0 = Avx2.Add(s0, Avx2.MultiplyAddAdjacent(Avx2.And(v, low), x));
        s1 = Avx2.Add(s1, Avx2.MultiplyAddAdjacent(Avx2.And(v, high), x));
        s2 = Avx2.Add(s2, Avx2.MultiplyAddAdjacent(Avx2.And(u, low), x));
        s3 = Avx2.Add(s3, Avx2.MultiplyAddAdjacent(Avx2.And(u, high), x));
    }
}
