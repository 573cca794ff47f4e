using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe StripGroups = delegate*<Edge.Kernels.CodesAvx2.Strip*, Edge.Kernels.CodesAvx2.Reading*,
    Edge.Kernels.CodesAvx2.Reading*, Edge.Kernels.CodesAvx2.Target*, long, long, void>;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Digits4Scalar"/>, the same bits. A vector holds sixteen rows × four columns, two
/// rows in a byte.</summary>
public static unsafe class Digits4Avx2
{
    private const long PrefetchBytes = 4096;

    /// <inheritdoc cref="Digits2Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
        => Rows(w, x, y, columns, row0, row1, tokens, yStride, &CodesAvx2.AddGroups);

    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, StripGroups add)
    {
        long tileBytes = columns / Digits.Group * Digits.Digits4GroupBytes;
        long tokenBytes = Digits.ActivationBytes(columns), fours = tokens & -CodesAvx2.Tokens;
        byte* tile = w + row0 / 16 * tileBytes;
        CodesAvx2.Target target;
        CodesAvx2.Aim(&target, x, columns, tokenBytes, y, yStride, fours, 16);
        for (long r = row0; r < row1; r += 32, tile += 2 * tileBytes)
        {
            CodesAvx2.Next(&target, r, row1);
            if (fours > 0) TwoTiles(tile, tileBytes, columns, &target, add);
            for (long t = fours; t < tokens; t++)
            {
                Tile(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
                if (r + 16 < row1)
                    Tile(tile + tileBytes, x + t * tokenBytes, y + t * yStride + r + 16, columns, row1 - r - 16);
            }
        }
    }

    [SkipLocalsInit]
    private static void TwoTiles(byte* w, long tileBytes, long columns, CodesAvx2.Target* target, StripGroups add)
    {
        CodesAvx2.Room room;
        CodesAvx2.Strip* strip = CodesAvx2.Align(&room);
        CodesAvx2.Reading reading;
        Vector256<uint> powers = Vector256.Create(0u, 0, 0, 0, 4, 4, 4, 4);
        CodesAvx2.Plain(&reading, 8, 32, powers, powers);
        long groups = columns / Digits.Group, blocks = CodesAvx2.Blocks(target);
        for (long g = 0; g < groups; g += CodesAvx2.Chunks)
        {
            long n = groups - g < CodesAvx2.Chunks ? groups - g : CodesAvx2.Chunks;
            for (long b = 0; b < blocks; b++)
                for (long i = 0; i < n; i++)
                {
                    byte* group = w + b * tileBytes + (g + i) * Digits.Digits4GroupBytes;
                    CodesAvx2.PutScales(strip, b, i, group);
                    Unpack(group + 32, strip->Codes + b * CodesAvx2.BlockBytes + i * CodesAvx2.ChunkBytes);
                }
            add(strip, &reading, &reading, target, g, n);
        }
    }

    // Codes are weights + 8.
    private static void Unpack(byte* w, byte* codes)
    {
        Vector256<byte> nibble = Vector256.Create((byte)15);
        for (byte* end = codes + CodesAvx2.ChunkBytes; codes < end; codes += 64, w += 32)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Vector256<byte> v = Codes(w);
            Vector256<byte> low = Avx2.And(v, nibble), high = Avx2.And((v.AsUInt16() >>> 4).AsByte(), nibble);
            Avx.Store(codes, Avx2.Permute2x128(low, high, 0x20));
            Avx.Store(codes + 32, Avx2.Permute2x128(low, high, 0x31));
        }
    }

    /// <summary>Adds Σ code · activation of 32 columns: low has rows 0 … 3 and 8 … 11, high the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Block(byte* w, byte* x, ref Vector256<int> low, ref Vector256<int> high)
    {
        Vector256<short> l = Vector256<short>.Zero, h = l;
        for (byte* end = x + 32; x < end; x += 16, w += 128)
        {
            Sse.Prefetch0(w + PrefetchBytes);
            Sse.Prefetch0(w + PrefetchBytes + 64);
            Four(w, x, ref l, ref h);
            Four(w + 32, x + 4, ref l, ref h);
            Four(w + 64, x + 8, ref l, ref h);
            Four(w + 96, x + 12, ref l, ref h);
        }
        low = DigitsAvx2.Widen(low, l);
        high = DigitsAvx2.Widen(high, h);
    }

    private static void Tile(byte* w, byte* x, float* y, long columns, long rows)
    {
        byte* record = x + columns;
        byte* end = record;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0;
        Vector256<uint> powers = Vector256.Create(0u, 0, 0, 0, 4, 4, 4, 4);
        while (x < end)
        {
            ushort* scales = (ushort*)w;
            w += 32;
            Vector256<int> low = Vector256.Create(((int*)record)[10] * -8), high = low;
            for (byte* stop = x + Digits.Group; x < stop; x += 32, w += 256) Block(w, x, ref low, ref high);
            Vector256<int> lower = Avx2.ShiftLeftLogicalVariable(Avx2.Permute2x128(low, high, 0x20), powers);
            Vector256<int> upper = Avx2.ShiftLeftLogicalVariable(Avx2.Permute2x128(low, high, 0x31), powers);
            y0 = DigitsAvx2.AddScaled(y0, lower, scales, (float*)record);
            y1 = DigitsAvx2.AddScaled(y1, upper, scales + 8, (float*)record);
            record += Digits.RecordBytes;
        }
        DigitsAvx2.Store(y, y0, rows);
        DigitsAvx2.Store(y + 8, y1, rows - 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(byte* w, byte* x, ref Vector256<short> low, ref Vector256<short> high)
    {
        Vector256<byte> v = Codes(w), nibble = Vector256.Create((byte)15);
        Vector256<sbyte> four = Avx2.BroadcastScalarToVector256((int*)x).AsSByte();
        low = Avx2.Add(low, Avx2.MultiplyAddAdjacent(Avx2.And(v, nibble), four));
        v = Avx2.ShiftRightLogical(v.AsUInt16(), 4).AsByte();
        high = Avx2.Add(high, Avx2.MultiplyAddAdjacent(Avx2.And(v, nibble), four));
    }

    // The upper weight is signed: its upper bit flipped, it has the offset of the lower one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Codes(byte* w) => Avx2.Xor(Avx.LoadVector256(w), Vector256.Create((byte)128));
}
