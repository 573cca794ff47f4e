using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripGroups = delegate*<Edge.Kernels.CodesAvx2.Strip*, Edge.Kernels.CodesAvx2.Reading*,
    Edge.Kernels.CodesAvx2.Reading*, Edge.Kernels.CodesAvx2.Target*, long, long, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Digits3Scalar"/>, the same bits: a group is taken apart, then multiplied with all
/// tokens.</summary>
public static unsafe class Digits3Avx2
{
    private const long PrefetchBytes = 4096;

    /// <inheritdoc cref="Digits3Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvx2.AddGroups);

    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, StripGroups add)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits3GroupBytes;
        long tokenBytes = Digits.ActivationBytes(columns), fours = tokens & -CodesAvx2.Tokens;
        byte* tile = w + row0 / 32 * tileBytes;
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 16);
        for (long r = row0; r < row1; r += 32, tile += tileBytes)
        {
            CodesAvx2.Next(&target, r, row1);
            if (fours > 0) TileOfTokens(tile, columns, &target, add);
            if (fours < tokens)
                Tile(tile, x + fours * tokenBytes, y + fours * yStride + r, columns, row1 - r, tokens - fours, yStride);
        }
    }

    [SkipLocalsInit]
    private static void TileOfTokens(byte* w, long columns, CodesAvx2.Target* target, StripGroups add)
    {
        CodesAvx2.Room room;
        CodesAvx2.Strip* strip = CodesAvx2.Align(&room);
        CodesAvx2.Reading first, second;
        Vector256<uint> lower = Vector256.Create(0u, 0, 0, 0, 3, 3, 3, 3);
        CodesAvx2.Plain(&first, 4, 64, lower, lower);
        CodesAvx2.Plain(&second, 4, 64, lower, Vector256.Create(6u));
        long groups = columns / Digits.Group;
        for (long g = 0; g < groups; g += CodesAvx2.Chunks)
        {
            long n = groups - g < CodesAvx2.Chunks ? groups - g : CodesAvx2.Chunks;
            for (long i = 0; i < n; i++, w += Digits.Digits3GroupBytes)
            {
                CodesAvx2.PutScales(strip, 0, i, w);
                CodesAvx2.PutScales(strip, 1, i, w + 32);
                UnpackBlocks(w + 64, strip->Codes + i * CodesAvx2.ChunkBytes);
            }
            add(strip, &first, &second, target, g, n);
        }
    }

    // A group's two blocks of a strip.
    private static void UnpackBlocks(byte* w, byte* codes)
    {
        for (byte* end = codes + CodesAvx2.ChunkBytes; codes < end; codes += 128, w += 96)
        {
            Eight(w, out Vector256<byte> f0, out Vector256<byte> f1, out Vector256<byte> f2, out Vector256<byte> f3,
                out Vector256<byte> f4, out Vector256<byte> f5, out Vector256<byte> f6, out Vector256<byte> f7);
            CodesAvx2.Put(codes, f0, f1, f2, f3);
            CodesAvx2.Put(codes + CodesAvx2.BlockBytes, f4, f5, f6, f7);
        }
    }

    [SkipLocalsInit]
    private static void Tile(byte* w, byte* x, float* y, long columns, long rows, long tokens, long yStride)
    {
        DigitsAvx2.Codes room;
        byte* codes = room.Bytes;
        const int Pair = 2 * DigitsAvx2.FieldBytes;
        Vector256<int> lower = Vector256.Create(0, 0, 0, 0, 3, 3, 3, 3), top = Vector256.Create(6);
        byte* record = x + columns;
        for (byte* end = record; x < end; x += Digits.Group, record += Digits.RecordBytes,
            w += Digits.Digits3GroupBytes)
        {
            ushort* scales = (ushort*)w;
            Unpack(w + 64, codes);
            for (long t = 0; t < tokens; t++)
            {
                byte* at = x + t * Digits.ActivationBytes(columns);
                byte* with = record + t * Digits.ActivationBytes(columns);
                float* to = y + t * yStride;
                bool first = record == end;
                DigitsAvx2.AddGroup(codes, at, with, scales, 2, lower, to, rows, first);
                DigitsAvx2.AddGroup(codes + Pair, at, with, scales + 8, 2, lower, to + 8, rows - 8, first);
                DigitsAvx2.AddGroup(codes + 2 * Pair, at, with, scales + 16, 2, lower, to + 16, rows - 16, first);
                DigitsAvx2.AddGroup(codes + 3 * Pair, at, with, scales + 24, 2, top, to + 24, rows - 24, first);
            }
        }
    }

    private static void Unpack(byte* w, byte* codes)
    {
        const int Field = DigitsAvx2.FieldBytes;
        for (byte* end = codes + Field; codes < end; codes += 32, w += 96)
        {
            Eight(w, out Vector256<byte> f0, out Vector256<byte> f1, out Vector256<byte> f2, out Vector256<byte> f3,
                out Vector256<byte> f4, out Vector256<byte> f5, out Vector256<byte> f6, out Vector256<byte> f7);
            Avx.Store(codes, f0);
            Avx.Store(codes + Field, f1);
            Avx.Store(codes + 2 * Field, f2);
            Avx.Store(codes + 3 * Field, f3);
            Avx.Store(codes + 4 * Field, f4);
            Avx.Store(codes + 5 * Field, f5);
            Avx.Store(codes + 6 * Field, f6);
            Avx.Store(codes + 7 * Field, f7);
        }
    }

    // Eight columns of eight fields, as weights + 4.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(byte* w, out Vector256<byte> f0, out Vector256<byte> f1, out Vector256<byte> f2,
        out Vector256<byte> f3, out Vector256<byte> f4, out Vector256<byte> f5, out Vector256<byte> f6,
        out Vector256<byte> f7)
    {
        Sse.Prefetch0(w + PrefetchBytes);
        Sse.Prefetch0(w + PrefetchBytes + 64);
        // The signed fields, their upper bit flipped, are the low two bits of the seventh and the eighth weight.
        Vector256<byte> sign = Vector256.Create((byte)128);
        Vector256<byte> a = Avx2.Xor(Two(w), sign), b = Avx2.Xor(Two(w + 16), sign), c = Two(w + 32);
        f0 = Bits(a, 0, 7);
        f1 = Bits(a, 3, 7);
        f2 = Bits(b, 0, 7);
        f3 = Bits(b, 3, 7);
        f4 = Bits(c, 0, 7);
        f5 = Bits(c, 3, 7);
        f6 = Avx2.Or(Bits(a, 6, 3), Bits(c, 4, 4));
        f7 = Avx2.Or(Bits(b, 6, 3), Bits(c, 5, 4));
    }

    // The same vector of two neighbouring column quadruplets.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Two(byte* w) =>
        Vector256.Create(Sse2.LoadVector128(w), Sse2.LoadVector128(w + 48));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Bits(Vector256<byte> v, int shift, byte mask) =>
        Avx2.And((v.AsUInt16() >>> shift).AsByte(), Vector256.Create(mask));
}
