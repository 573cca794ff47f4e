using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripGroups = delegate*<Edge.Kernels.CodesAvx2.Strip*, Edge.Kernels.CodesAvx2.Reading*,
    Edge.Kernels.CodesAvx2.Reading*, Edge.Kernels.CodesAvx2.Target*, long, long, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Nested4Scalar"/>, the same bits. A vector is sixteen rows × eight columns of both
/// planes: put together to bytes of two 4-bit weights, then as in <see cref="Digits4Avx2"/>.</summary>
public static unsafe class Nested4Avx2
{
    private const long PrefetchBytes = 2048;

    /// <inheritdoc cref="Nested4Scalar.Coarse"/>
    public static void Coarse(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) =>
        Digits2Avx2.Rows(w, x, y, columns, row0, row1, tokens, yStride, true, &CodesAvx2.AddGroups);

    /// <inheritdoc cref="Nested4Scalar.Rows"/>
    public static void Rows(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(hi, lo, x, y, columns, row0, row1, tokens, yStride, &CodesAvx2.AddGroups);

    internal static void Rows(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, StripGroups add)
    {
        long groups = columns / Digits.Group, fours = tokens & -CodesAvx2.Tokens;
        long tokenBytes = Digits.ActivationBytes(columns);
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 16);
        for (long r = row0; r < row1; r += 16)
        {
            byte* high = hi + r / 16 * groups * Digits.Digits2GroupBytes;
            byte* low = lo + r / 16 * groups * Digits.Nested4LowGroupBytes;
            CodesAvx2.Next(&target, r, row1);
            // Two tiles at a time, on the way of the first.
            if (fours > 0 && (r - row0) % 32 == 0) TwoTiles(high, low, columns, &target, add);
            for (long t = fours; t < tokens; t++)
                Tile(high, low, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    [SkipLocalsInit]
    private static void TwoTiles(byte* w, byte* lo, long columns, CodesAvx2.Target* target, StripGroups add)
    {
        CodesAvx2.Room room;
        CodesAvx2.Strip* strip = CodesAvx2.Align(&room);
        CodesAvx2.Reading reading;
        CodesAvx2.Plain(&reading, 8, 32, Vector256<uint>.Zero, Vector256.Create(4u));
        reading.Part = Vector256.Create(Vector128.Create(0.25f), Vector128.Create(1f));
        long groups = columns / Digits.Group, blocks = CodesAvx2.Blocks(target);
        for (long g = 0; g < groups; g += CodesAvx2.Chunks)
        {
            long n = groups - g < CodesAvx2.Chunks ? groups - g : CodesAvx2.Chunks;
            for (long b = 0; b < blocks; b++)
                for (long i = 0; i < n; i++)
                {
                    byte* group = w + (b * groups + g + i) * Digits.Digits2GroupBytes;
                    CodesAvx2.PutScales(strip, b, i, group);
                    Unpack(group + 32, lo + (b * groups + g + i) * Digits.Nested4LowGroupBytes,
                        strip->Codes + b * CodesAvx2.BlockBytes + i * CodesAvx2.ChunkBytes);
                }
            add(strip, &reading, &reading, target, g, n);
        }
    }

    // Codes are weights + 8.
    private static void Unpack(byte* w, byte* lo, byte* codes)
    {
        Vector256<byte> nibble = Vector256.Create((byte)15);
        for (byte* end = codes + CodesAvx2.ChunkBytes; codes < end; codes += 128, w += 32, lo += 32)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Sse.Prefetch0(lo + PrefetchBytes);
            Both(w, lo, out Vector256<byte> even, out Vector256<byte> odd);
            CodesAvx2.Put(codes, Avx2.And(even, nibble), Avx2.And(odd, nibble),
                Avx2.And((even.AsUInt16() >>> 4).AsByte(), nibble), Avx2.And((odd.AsUInt16() >>> 4).AsByte(), nibble));
        }
    }

    private static void Tile(byte* w, byte* lo, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0;
        while (x < end)
        {
            ushort* scales = (ushort*)w;
            w += 32;
            Vector256<int> a = Vector256<int>.Zero, b = a, c = a, d = a;
            for (byte* stop = x + Digits.Group; x < stop; x += 64, w += 256, lo += 256)
                Sum(w, lo, x, ref a, ref b, ref c, ref d);
            Vector256<int> bias = Vector256.Create(((int*)record)[10] * 8);
            Vector256<int> lower = Avx2.Subtract(DigitsAvx2.Join(a, b), bias);
            Vector256<int> upper = Avx2.ShiftLeftLogical(Avx2.Subtract(DigitsAvx2.Join(c, d), bias), 4);
            float scale = *(float*)record;
            Vector256<float> activation = Vector256.Create(Vector128.Create(scale * 0.25f), Vector128.Create(scale));
            y0 = Avx.Add(y0, Scaled(lower, scales, activation));
            y1 = Avx.Add(y1, Scaled(upper, scales + 8, activation));
            record += Digits.RecordBytes;
        }
        DigitsAvx2.Store(y, y0, rows);
        DigitsAvx2.Store(y + 8, y1, rows - 8);
    }

    // Sixteen products of 15 and 127 fit 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum(byte* w, byte* lo, byte* x, ref Vector256<int> a, ref Vector256<int> b,
        ref Vector256<int> c, ref Vector256<int> d)
    {
        Vector256<byte> pattern = DigitsAvx2.Pattern();
        Vector256<short> s0 = Vector256<short>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (byte* end = x + 64; x < end; x += 16, w += 64, lo += 64)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Sse.Prefetch0(lo + PrefetchBytes);
            Eight(w, lo, DigitsAvx2.Eight(x, pattern), ref s0, ref s1, ref s2, ref s3);
            Eight(w + 32, lo + 32, DigitsAvx2.Eight(x + 8, pattern), ref s0, ref s1, ref s2, ref s3);
        }
        a = DigitsAvx2.Widen(a, s0);
        b = DigitsAvx2.Widen(b, s1);
        c = DigitsAvx2.Widen(c, s2);
        d = DigitsAvx2.Widen(d, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(byte* w, byte* lo, Vector256<sbyte> x, ref Vector256<short> s0, ref Vector256<short> s1,
        ref Vector256<short> s2, ref Vector256<short> s3)
    {
        Vector256<byte> nibble = Vector256.Create((byte)15);
        Both(w, lo, out Vector256<byte> even, out Vector256<byte> odd);
        s0 = Avx2.Add(s0, Avx2.MultiplyAddAdjacent(Avx2.And(even, nibble), x));
        s1 = Avx2.Add(s1, Avx2.MultiplyAddAdjacent(Avx2.And(odd, nibble), x));
        even = Avx2.ShiftRightLogical(even.AsUInt16(), 4).AsByte();
        odd = Avx2.ShiftRightLogical(odd.AsUInt16(), 4).AsByte();
        s2 = Avx2.Add(s2, Avx2.MultiplyAddAdjacent(Avx2.And(even, nibble), x));
        s3 = Avx2.Add(s3, Avx2.MultiplyAddAdjacent(Avx2.And(odd, nibble), x));
    }

    // Bytes of two weights + 8: rows 0 … 3 and 8 … 11 (even), 4 … 7 and 12 … 15 (odd).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Both(byte* w, byte* lo, out Vector256<byte> even, out Vector256<byte> odd)
    {
        Vector256<byte> digits = Vector256.Create((byte)0xCC), u = Avx.LoadVector256(lo);
        // The top digit is signed: its upper bit flipped, it has the offset of the others.
        Vector256<byte> v = Avx2.Xor(Avx.LoadVector256(w), Vector256.Create((byte)128));
        odd = Avx2.Or(Avx2.And(v, digits), Avx2.AndNot(digits, u));
        v = Avx2.ShiftLeftLogical(v.AsUInt16(), 2).AsByte();
        u = Avx2.ShiftRightLogical(u.AsUInt16(), 2).AsByte();
        even = Avx2.Or(Avx2.And(v, digits), Avx2.AndNot(digits, u));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scaled(Vector256<int> dot, ushort* scales, Vector256<float> activation) =>
        Avx.Multiply(Avx.ConvertToVector256Single(dot), Avx.Multiply(DigitsAvx2.Scales(scales), activation));
}
