using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Digits2Scalar"/>, the same bits. Decode masks each byte where it stands: the second and fourth digit
/// count fourfold, which their scales expect anyway. Prefill takes a group apart once for all tokens.</summary>
public static unsafe class Digits2Avx2
{
    // Tokens from which taking apart pays.
    private const long Many = 3;

    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits2GroupBytes;
        long tokenBytes = Digits.ActivationBytes(columns);
        byte* tile = w + row0 / 16 * tileBytes;
        for (long r = row0; r < row1; r += 16, tile += tileBytes)
        {
            if (tokens >= Many) Tile(tile, x, y + r, columns, row1 - r, tokens, yStride);
            else
                for (long t = 0; t < tokens; t++) One(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    private static void One(byte* w, byte* x, float* y, long columns, long rows)
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
            Vector256<int> bias = Bias(((int*)record)[10]);
            y0 = DigitsAvx2.AddScaled(y0, Avx2.Subtract(DigitsAvx2.Join(a, b), bias), scales, (float*)record);
            Vector256<int> upper = Avx2.ShiftLeftLogical(Avx2.Subtract(DigitsAvx2.Join(c, d), bias), 4);
            y1 = DigitsAvx2.AddScaled(y1, upper, scales + 8, (float*)record);
            w += Digits.Digits2GroupBytes;
            x += Digits.Group;
            record += Digits.RecordBytes;
        }
        DigitsAvx2.Store(y, y0, rows);
        DigitsAvx2.Store(y + 8, y1, rows - 8);
    }

    /// <summary>The weights' offset of two times Σ activations; fourfold for rows 4 … 7. (Shifted before it is broadcast, see
    /// <see cref="Q4_0Avx2"/>.)</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Bias(int sum) => Vector256.Create(Vector128.Create(sum << 1), Vector128.Create(sum << 3));

    /// <summary>Adds Σ code · activation of four rows each, as two halves of the columns; b and d count fourfold. Shapes: columns is 32
    /// or 64: sixteen products of 12 and 127 fit 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Sum(byte* w, byte* x, long columns, ref Vector256<int> a, ref Vector256<int> b, ref Vector256<int> c, ref Vector256<int> d)
    {
        Vector256<byte> pattern = DigitsAvx2.Pattern();
        Vector256<short> s0 = Vector256<short>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (byte* end = x + columns; x < end; x += 16, w += 64)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Eight(w, DigitsAvx2.Eight(x, pattern), ref s0, ref s1, ref s2, ref s3);
            Eight(w + 32, DigitsAvx2.Eight(x + 8, pattern), ref s0, ref s1, ref s2, ref s3);
        }
        a = DigitsAvx2.Widen(a, s0);
        b = DigitsAvx2.Widen(b, s1);
        c = DigitsAvx2.Widen(c, s2);
        d = DigitsAvx2.Widen(d, s3);
    }

    // About what one core has in flight at memory speed.
    private const long PrefetchBytes = 4096;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(byte* w, Vector256<sbyte> x, ref Vector256<short> s0, ref Vector256<short> s1, ref Vector256<short> s2,
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

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        DigitsAvx2.Codes room;
        byte* codes = room.Bytes;
        Vector256<int> lower = Vector256.Create(0, 0, 0, 0, 2, 2, 2, 2), upper = Vector256.Create(4, 4, 4, 4, 6, 6, 6, 6);
        byte* record = x + columns;
        for (byte* end = record; x < end; x += Digits.Group, record += Digits.RecordBytes, w += Digits.Digits2GroupBytes)
        {
            Unpack(w + 32, codes, Digits.Group);
            for (long t = 0; t < tokens; t++)
            {
                byte* at = x + t * Digits.ActivationBytes(columns);
                byte* with = record + t * Digits.ActivationBytes(columns);
                float* to = y + t * yStride;
                bool first = record == end;
                DigitsAvx2.AddGroup(codes, at, with, (ushort*)w, 1, lower, to, rows, first);
                DigitsAvx2.AddGroup(codes + 2 * DigitsAvx2.FieldBytes, at, with, (ushort*)w + 8, 1, upper, to + 8, rows - 8, first);
            }
        }
    }

    /// <summary>Takes four digits of up to 128 columns apart (layout: <see cref="DigitsAvx2"/>).</summary>
    internal static void Unpack(byte* w, byte* codes, long columns)
    {
        Vector256<byte> three = Vector256.Create((byte)3);
        for (byte* end = w + columns * 4; w < end; w += 32, codes += 32)
        {
            Vector256<byte> v = Avx2.Xor(Avx.LoadVector256(w), Vector256.Create((byte)128));
            Avx.Store(codes, Avx2.And(v, three));
            Avx.Store(codes + DigitsAvx2.FieldBytes, Avx2.And(Avx2.ShiftRightLogical(v.AsUInt16(), 2).AsByte(), three));
            Avx.Store(codes + 2 * DigitsAvx2.FieldBytes, Avx2.And(Avx2.ShiftRightLogical(v.AsUInt16(), 4).AsByte(), three));
            Avx.Store(codes + 3 * DigitsAvx2.FieldBytes, Avx2.And(Avx2.ShiftRightLogical(v.AsUInt16(), 6).AsByte(), three));
        }
    }
}
