using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>The part of <see cref="BlockTilesAvx2"/> that prompts use: two tiles and all tokens. A segment of columns
/// is taken apart once for all of them, into a scratch that stays in the first-level cache; a sum rests in y from one
/// segment to the next. Four tokens share each load of weights, two tiles each broadcast of activations.</summary>
internal static unsafe class BlockTilesAvx2Pair
{
    private const long SegmentGroups = 16;

    /// <summary>Shapes: tokens is a multiple of 4; y has 16 rows.</summary>
    [SkipLocalsInit]
    public static void Rows<TFormat>(byte* tile, long tileBytes, byte* x, float* y, long columns, long tokens,
        long yStride) where TFormat : unmanaged
    {
        int format = sizeof(TFormat);
        Scratch memory;
        byte* scratch = (byte*)(((nint)(&memory) + 63) & ~(nint)63);
        long tokenBytes = BlockTiles.ActivationBytes(columns), groups = columns / 32;
        for (long g = 0; g < groups; g += SegmentGroups)
        {
            long n = groups - g < SegmentGroups ? groups - g : SegmentGroups;
            byte* block = tile + g * 32 / BlockTiles.Columns(format) * BlockTiles.BlockBytes(format);
            Unpack<TFormat>(block, scratch, 0, 2, n);
            Unpack<TFormat>(block + tileBytes, scratch, 1, 2, n);
            for (long t = 0; t < tokens; t += 4)
                Segment<TFormat>(scratch, x + t * tokenBytes, y + t * yStride, yStride, columns, g, n);
        }
    }

    /// <summary>Bytes of a group of so many tiles that is taken apart: eight quads, then scales, then
    /// offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long UnpackedBytes(long tiles, int format) => tiles * 32
        * (8 + ((BlockTiles.Halves >> format & 1) != 0 ? 2 : 1) * ((BlockTiles.Offsets >> format & 1) != 0 ? 2 : 1));

    /// <summary>Takes a tile's groups apart. Layout, per group: eight quads, in each a vector per tile; then a vector
    /// of scales per tile, of the first 16 columns and of the others where they differ; then offsets alike.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Unpack<TFormat>(byte* block, byte* to, long tile, long tiles, long groups)
        where TFormat : unmanaged
    {
        BlockTilesAvx2Scales.Memory words;
        Unpack(block, to, tile, tiles, groups, (byte*)&words, sizeof(TFormat));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(byte* block, byte* to, long tile, long tiles, long groups, byte* words, int format)
    {
        long halves = (BlockTiles.Halves >> format & 1) != 0 ? 2 : 1, inBlock = BlockTiles.Columns(format) / 32;
        to += tile * 32;
        for (byte* end = to + groups * UnpackedBytes(tiles, format); to < end; block += BlockTiles.BlockBytes(format))
        {
            BlockTilesAvx2Scales.Words(block, words, format);
            Vector256<float> unit = BlockTilesAvx2Scales.Unit(block, format);
            byte* group = block + BlockTiles.GroupsAt(format);
            for (long g = 0; g < inBlock; g++, group += BlockTiles.GroupBytes(format))
            {
                // The next segment's weights, a long way ahead: all tokens come between.
                for (long line = 0; line < BlockTiles.GroupBytes(format); line += 64)
                    Sse.Prefetch1(group + SegmentGroups / inBlock * BlockTiles.BlockBytes(format) + line);
                Avx.Store(to, BlockTilesAvx2.Code(group, 0, format));
                Avx.Store(to + tiles * 32, BlockTilesAvx2.Code(group, 1, format));
                Avx.Store(to + tiles * 64, BlockTilesAvx2.Code(group, 2, format));
                Avx.Store(to + tiles * 96, BlockTilesAvx2.Code(group, 3, format));
                Avx.Store(to + tiles * 128, BlockTilesAvx2.Code(group, 4, format));
                Avx.Store(to + tiles * 160, BlockTilesAvx2.Code(group, 5, format));
                Avx.Store(to + tiles * 192, BlockTilesAvx2.Code(group, 6, format));
                Avx.Store(to + tiles * 224, BlockTilesAvx2.Code(group, 7, format));
                to += tiles * 256;
                for (long h = 0; h < halves; h++, to += tiles * 32)
                {
                    long k = g * halves + h;
                    Vector256<float> scale = BlockTilesAvx2Scales.Scale(unit, words, k, format);
                    Avx.Store((float*)to, scale);
                    if ((BlockTiles.Offsets >> format & 1) != 0)
                    {
                        Avx.Store((float*)(to + tiles * 32 * halves),
                            BlockTilesAvx2Scales.Offset(block, words, k, scale, format));
                    }
                }
                if ((BlockTiles.Offsets >> format & 1) != 0) to += tiles * 32 * halves;
            }
        }
    }

    /// <summary>Adds a segment's groups to the sums of sixteen rows and four tokens.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Segment<TFormat>(byte* w, byte* x, float* y, long yStride, long columns, long group,
        long groups) where TFormat : unmanaged =>
        Segment(w, x, y, yStride, columns, group, groups, sizeof(TFormat));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Segment(byte* w, byte* x, float* y, long yStride, long columns, long group, long groups,
        int format)
    {
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        byte* scale = x + columns + group * 4, sum = x + columns + columns / 8 + group * 8;
        float* sums = (float*)(w + SegmentGroups * UnpackedBytes(2, format));
        for (long t = 0; t < 4; t++)
        {
            bool first = group == 0;
            Avx.Store(sums + t * 16, first ? Vector256<float>.Zero : Avx.LoadVector256(y + t * yStride));
            Avx.Store(sums + t * 16 + 8, first ? Vector256<float>.Zero : Avx.LoadVector256(y + t * yStride + 8));
        }
        x += group * 32;
        for (byte* end = w + groups * UnpackedBytes(2, format); w < end; w += UnpackedBytes(2, format))
        {
            byte* pair = sum + columns / 4, scales = w + 512;
            if ((BlockTiles.WideTables >> format & 1) != 0) Wide(w, x, scale, tokenBytes, sums);
            else if ((BlockTiles.Halves >> format & 1) != 0)
            {
                Quads(w, 4, x, pair, scales, sum, scale, tokenBytes, sums, Part.First, format);
                Quads(w + 256, 4, x + 16, pair + 4, scales + 64, sum + 4, scale, tokenBytes, sums, Part.Second, format);
            }
            else Quads(w, 8, x, pair, scales, sum, scale, tokenBytes, sums, Part.Whole, format);
            x += 32;
            scale += 4;
            sum += 8;
        }
        for (long t = 0; t < 4; t++)
        {
            Avx.Store(y + t * yStride, Avx.LoadVector256(sums + t * 16));
            Avx.Store(y + t * yStride + 8, Avx.LoadVector256(sums + t * 16 + 8));
        }
    }

    /// <summary>So many quads: their sums in 16 bits and the weights fill the registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quads(byte* w, long quads, byte* x, byte* pair, byte* scales, byte* sum, byte* scale,
        long tokenBytes, float* sums, Part part, int format)
    {
        byte* q0 = x, q1 = q0 + tokenBytes, q2 = q1 + tokenBytes, q3 = q2 + tokenBytes;
        Vector256<short> a0 = Start(pair, part, format), a1 = Start(pair + tokenBytes, part, format);
        Vector256<short> a2 = Start(pair + 2 * tokenBytes, part, format);
        Vector256<short> a3 = Start(pair + 3 * tokenBytes, part, format);
        Vector256<short> b0 = a0, b1 = a1, b2 = a2, b3 = a3;
        for (byte* end = w + quads * 64; w < end; w += 128, q0 += 8, q1 += 8, q2 += 8, q3 += 8)
        {
            Vector256<byte> aLow = Avx.LoadVector256(w), aHigh = Avx.LoadVector256(w + 64);
            Vector256<byte> bLow = Avx.LoadVector256(w + 32), bHigh = Avx.LoadVector256(w + 96);
            Vector256<sbyte> low, high;
            (low, high) = (TilesAvx2.Four(q0), TilesAvx2.Four(q0 + 4));
            a0 = AddProducts(a0, aLow, low, aHigh, high);
            b0 = AddProducts(b0, bLow, low, bHigh, high);
            (low, high) = (TilesAvx2.Four(q1), TilesAvx2.Four(q1 + 4));
            a1 = AddProducts(a1, aLow, low, aHigh, high);
            b1 = AddProducts(b1, bLow, low, bHigh, high);
            (low, high) = (TilesAvx2.Four(q2), TilesAvx2.Four(q2 + 4));
            a2 = AddProducts(a2, aLow, low, aHigh, high);
            b2 = AddProducts(b2, bLow, low, bHigh, high);
            (low, high) = (TilesAvx2.Four(q3), TilesAvx2.Four(q3 + 4));
            a3 = AddProducts(a3, aLow, low, aHigh, high);
            b3 = AddProducts(b3, bLow, low, bHigh, high);
        }
        AddTo(sums, a0, b0, scales, sum, scale, part, format);
        AddTo(sums + 16, a1, b1, scales, sum + tokenBytes, scale + tokenBytes, part, format);
        AddTo(sums + 32, a2, b2, scales, sum + 2 * tokenBytes, scale + 2 * tokenBytes, part, format);
        AddTo(sums + 48, a3, b3, scales, sum + 3 * tokenBytes, scale + 3 * tokenBytes, part, format);
    }

    /// <summary>Minus the centre times the activations' sums, of columns 4k, 4k + 1 in even lanes and of the others in
    /// odd ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Start(byte* pair, Part part, int format)
    {
        if ((BlockTiles.Centred >> format & 1) == 0) return Vector256<short>.Zero;
        Vector256<short> sums = Avx2.BroadcastScalarToVector256((int*)pair).AsInt16();
        if (part == Part.Whole)
            sums = Avx2.Add(sums, Avx2.BroadcastScalarToVector256((int*)pair + 1).AsInt16());
        return Avx2.MultiplyLow(sums, Vector256.Create((short)-BlockTiles.Centre(format)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> AddProducts(Vector256<short> sum, Vector256<byte> w1, Vector256<sbyte> q1,
        Vector256<byte> w2, Vector256<sbyte> q2) =>
        Avx2.Add(sum, Avx2.Add(Avx2.MultiplyAddAdjacent(w1, q1), Avx2.MultiplyAddAdjacent(w2, q2)));

    /// <summary>Adds sixteen rows of a token, of a group or of its second half; the first half waits beside the
    /// sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, Vector256<short> a, Vector256<short> b, byte* scales, byte* sum, byte* scale,
        Part part, int format)
    {
        float* half = sums + 64;
        Vector256<float> factor = Avx.BroadcastScalarToVector256((float*)scale);
        Vector256<float> va = Term(a, scales, sum, part, format);
        Vector256<float> vb = Term(b, scales + 32, sum, part, format);
        if (part == Part.First)
        {
            Avx.Store(half, va);
            Avx.Store(half + 8, vb);
            return;
        }
        if (part == Part.Second)
        {
            va = Avx.Add(Avx.LoadVector256(half), va);
            vb = Avx.Add(Avx.LoadVector256(half + 8), vb);
        }
        Avx.Store(sums, Avx.Add(Avx.LoadVector256(sums), Avx.Multiply(va, factor)));
        Avx.Store(sums + 8, Avx.Add(Avx.LoadVector256(sums + 8), Avx.Multiply(vb, factor)));
    }

    /// <summary>dot · scale (+ sum · offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Term(Vector256<short> products, byte* scales, byte* sum, Part part, int format)
    {
        Vector256<int> dot = Avx2.MultiplyAddAdjacent(products, Vector256.Create((short)1));
        Vector256<float> v = Avx.Multiply(Avx.ConvertToVector256Single(dot), Avx.LoadVector256((float*)scales));
        if ((BlockTiles.Offsets >> format & 1) == 0) return v;
        Vector256<float> offset = Avx.LoadVector256((float*)(scales + (part == Part.Whole ? 64 : 128)));
        Vector256<float> sums = part == Part.Whole ? Vector256.Create(((float*)sum)[0] + ((float*)sum)[1])
            : Avx.BroadcastScalarToVector256((float*)sum);
        return Avx.Add(v, Avx.Multiply(sums, offset));
    }

    /// <summary>A group of signed codes that are too large for sums in 16 bits, token by token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Wide(byte* w, byte* x, byte* scale, long tokenBytes, float* sums)
    {
        for (long t = 0; t < 4; t++, x += tokenBytes, scale += tokenBytes, sums += 16)
        {
            Vector256<int> a = Vector256<int>.Zero, b = a;
            for (long k = 0; k < 8; k++)
            {
                Vector256<sbyte> q = TilesAvx2.Four(x + 4 * k), wa = Avx.LoadVector256((sbyte*)w + k * 64);
                Vector256<sbyte> wb = Avx.LoadVector256((sbyte*)w + k * 64 + 32);
                a = Avx2.Add(a, BlockTilesAvx2.Wide(wa, q));
                b = Avx2.Add(b, BlockTilesAvx2.Wide(wb, q));
            }
            Vector256<float> factor = Avx.BroadcastScalarToVector256((float*)scale);
            Vector256<float> va = Avx.Multiply(Avx.ConvertToVector256Single(a), Avx.LoadVector256((float*)(w + 512)));
            Vector256<float> vb = Avx.Multiply(Avx.ConvertToVector256Single(b), Avx.LoadVector256((float*)(w + 544)));
            Avx.Store(sums, Avx.Add(Avx.LoadVector256(sums), Avx.Multiply(va, factor)));
            Avx.Store(sums + 8, Avx.Add(Avx.LoadVector256(sums + 8), Avx.Multiply(vb, factor)));
        }
    }

    /// <summary>What of a group shares a scale.</summary>
    private enum Part { Whole, First, Second }

    /// <summary>A segment of two tiles taken apart, the sums of four tokens, and their first halves; aligned by
    /// hand.</summary>
    [StructLayout(LayoutKind.Sequential, Size = (int)SegmentGroups * 2 * 32 * 12 + 512 + 63)]
    private struct Scratch;
}
