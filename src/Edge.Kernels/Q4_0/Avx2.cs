using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="Q4_0Scalar"/>, the same bits: a lane is a row, so nothing is added across lanes.
/// Sixteen products of nibble and activation stay below 2^15, so a block is summed in 16 bits and widened
/// once. From four tokens on, <see cref="Pair"/> does all but an odd tile.</summary>
public static unsafe class Q4_0Avx2
{
    internal const long SegmentBlocks = 16, UnpackedBytes = 640;

    /// <inheritdoc cref="Q4_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Tiles.Q4_0BlockBytes;
        long tokenBytes = Tiles.ActivationBytes(columns);
        byte* tile = w + row0 / Tiles.Rows * tileBytes;
        long fours = tokens & ~3, pairs = fours > 0 ? row0 + ((row1 - row0) & ~15) : row0;
        for (long r = row0; r < pairs; r += 16)
        {
            Pair(tile + (r - row0) / Tiles.Rows * tileBytes, tileBytes, Tiles.Q4_0BlockBytes, &Unpack, x, y + r,
                columns, fours, yStride);
        }
        for (long r = row0; r < row1; r += Tiles.Rows, tile += tileBytes)
        {
            long t = r < pairs ? fours : 0;
            for (; t + 4 <= tokens; t += 4)
                Four(tile, x + t * tokenBytes, tokenBytes, y + t * yStride + r, yStride, columns, row1 - r);
            for (; t < tokens; t++) One(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r);
        }
    }

    /// <summary>Sixteen rows and all tokens, a multiple of four. A segment of columns is unpacked once for all of them,
    /// into a scratch that stays in the first-level cache; a sum rests in y from one segment to the next.
    /// <paramref name="unpack"/> takes the block where a segment begins, what is passed as
    /// <paramref name="next"/>, the scratch, and how many blocks there are.</summary>
    [SkipLocalsInit]
    internal static void Pair(byte* rows, long next, long blockBytes, delegate*<byte*, long, byte*, long, void> unpack,
        byte* x, float* y, long columns, long tokens, long yStride)
    {
        Scratch memory;
        byte* scratch = (byte*)(((nint)(&memory) + 63) & ~(nint)63);
        long tokenBytes = Tiles.ActivationBytes(columns), blocks = columns / Tiles.Block;
        for (long b = 0; b < blocks; b += SegmentBlocks)
        {
            long n = blocks - b < SegmentBlocks ? blocks - b : SegmentBlocks;
            unpack(rows + b * blockBytes, next, scratch, n);
            for (long t = 0; t < tokens; t += 4)
                Segment(scratch, x + t * tokenBytes, y + t * yStride, yStride, columns, b, n);
        }
    }

    /// <summary>Two tiles, the second <paramref name="tileBytes"/> further.</summary>
    private static void Unpack(byte* block, long tileBytes, byte* scratch, long blocks)
    {
        Unpack(block, scratch, blocks);
        Unpack(block + tileBytes, scratch + 64, blocks);
    }

    /// <summary>One tile's half of the scratch. Layout, per block: five lines of 128 bytes, of which the first tile has
    /// the first half and the second tile the second: a vector's low nibbles and its high ones, four times; then eight
    /// scales and 32 bytes of nothing.</summary>
    private static void Unpack(byte* block, byte* to, long blocks)
    {
        for (byte* end = to + blocks * UnpackedBytes; to < end; to += UnpackedBytes, block += Tiles.Q4_0BlockBytes)
        {
            // The next segment's weights, a long way ahead: all tokens come between.
            Sse.Prefetch1(block + SegmentBlocks * Tiles.Q4_0BlockBytes);
            Sse.Prefetch1(block + SegmentBlocks * Tiles.Q4_0BlockBytes + 64);
            Sse.Prefetch1(block + SegmentBlocks * Tiles.Q4_0BlockBytes + 128);
            for (long v = 0; v < 4; v++)
            {
                Vector256<byte> pairs = Avx.LoadVector256(block + Tiles.ScaleBytes + v * 32);
                Avx.Store(to + v * 128, Low(pairs));
                Avx.Store(to + v * 128 + 32, High(pairs));
            }
            Avx.Store((float*)(to + 512), TilesAvx2.Scales(block));
        }
    }

    /// <summary>Adds a segment's products to the sums of sixteen rows and four tokens. The eight sums in 16 bits and
    /// the weights fill the registers; each broadcast of activations serves both tiles. A sum starts at −8 · Σq in its
    /// even lane: with that, a lane is at most 16 · 8 · 127 + 8 · 16 · 127 &lt; 2^15 at the end, and may wrap before.
    /// </summary>
    private static void Segment(byte* w, byte* x, float* y, long yStride, long columns, long block, long blocks)
    {
        long tokenBytes = Tiles.ActivationBytes(columns), toSum = columns / Tiles.Block * 4;
        byte* scale = x + columns + block * 4;
        byte* q0 = x + block * Tiles.Block;
        byte* q1 = q0 + tokenBytes, q2 = q1 + tokenBytes, q3 = q2 + tokenBytes;
        float* sums = (float*)(w + SegmentBlocks * UnpackedBytes);
        Begin(y, sums, block);
        Begin(y + yStride, sums + 16, block);
        Begin(y + 2 * yStride, sums + 32, block);
        Begin(y + 3 * yStride, sums + 48, block);
        for (byte* end = w + blocks * UnpackedBytes; w < end; scale += 4)
        {
            byte* n = scale + toSum;
            Vector256<short> a0 = Start(n), a1 = Start(n + tokenBytes);
            Vector256<short> a2 = Start(n + 2 * tokenBytes), a3 = Start(n + 3 * tokenBytes);
            Vector256<short> b0 = a0, b1 = a1, b2 = a2, b3 = a3;
            for (byte* last = w + 512; w < last; w += 128, q0 += 4, q1 += 4, q2 += 4, q3 += 4)
            {
                Vector256<byte> aLow = Avx.LoadVector256(w), aHigh = Avx.LoadVector256(w + 32);
                Vector256<byte> bLow = Avx.LoadVector256(w + 64), bHigh = Avx.LoadVector256(w + 96);
                Vector256<sbyte> low, high;
                (low, high) = (TilesAvx2.Four(q0), TilesAvx2.Four(q0 + 16));
                a0 = AddProducts(a0, aLow, low, aHigh, high);
                b0 = AddProducts(b0, bLow, low, bHigh, high);
                (low, high) = (TilesAvx2.Four(q1), TilesAvx2.Four(q1 + 16));
                a1 = AddProducts(a1, aLow, low, aHigh, high);
                b1 = AddProducts(b1, bLow, low, bHigh, high);
                (low, high) = (TilesAvx2.Four(q2), TilesAvx2.Four(q2 + 16));
                a2 = AddProducts(a2, aLow, low, aHigh, high);
                b2 = AddProducts(b2, bLow, low, bHigh, high);
                (low, high) = (TilesAvx2.Four(q3), TilesAvx2.Four(q3 + 16));
                a3 = AddProducts(a3, aLow, low, aHigh, high);
                b3 = AddProducts(b3, bLow, low, bHigh, high);
            }
            q0 += 16;
            q1 += 16;
            q2 += 16;
            q3 += 16;
            Vector256<float> aScale = Avx.LoadVector256((float*)w), bScale = Avx.LoadVector256((float*)w + 16);
            AddTo(sums, a0, b0, aScale, bScale, scale);
            AddTo(sums + 16, a1, b1, aScale, bScale, scale + tokenBytes);
            AddTo(sums + 32, a2, b2, aScale, bScale, scale + 2 * tokenBytes);
            AddTo(sums + 48, a3, b3, aScale, bScale, scale + 3 * tokenBytes);
            w += UnpackedBytes - 512;
        }
        End(y, sums);
        End(y + yStride, sums + 16);
        End(y + 2 * yStride, sums + 32);
        End(y + 3 * yStride, sums + 48);
    }

    private static void One(byte* block, byte* q, float* y, long columns, long rows)
    {
        float* scale = (float*)(q + columns);
        int* sum = (int*)(scale + columns / Tiles.Block);
        byte* end = q + columns;
        Vector256<float> y0 = Vector256<float>.Zero;
        for (; q < end; q += Tiles.Block, block += Tiles.Q4_0BlockBytes, scale++, sum++)
        {
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 64);
            Sse.Prefetch0(block + TilesAvx2.PrefetchBytes + 128);
            Vector256<byte> v0 = Avx.LoadVector256(block + 16), v1 = Avx.LoadVector256(block + 48);
            Vector256<byte> v2 = Avx.LoadVector256(block + 80), v3 = Avx.LoadVector256(block + 112);
            Vector256<int> dot = Dot(
                Low(v0), Low(v1), Low(v2), Low(v3), High(v0), High(v1), High(v2), High(v3), q, sum);
            y0 = TilesAvx2.AddScaled(y0, dot, TilesAvx2.Scales(block), scale);
        }
        TilesAvx2.Store(y, y0, rows);
    }

    /// <summary>Four tokens at a time: each block's nibbles are unpacked once.</summary>
    private static void Four(byte* block, byte* q, long tokenBytes, float* y, long yStride, long columns, long rows)
    {
        long toScale = columns, toSum = columns + columns / Tiles.Block * 4;
        Vector256<float> y0 = Vector256<float>.Zero, y1 = y0, y2 = y0, y3 = y0;
        for (long b = 0; b < columns / Tiles.Block; b++, block += Tiles.Q4_0BlockBytes)
        {
            Vector256<byte> h0 = Avx.LoadVector256(block + 16), h1 = Avx.LoadVector256(block + 48);
            Vector256<byte> h2 = Avx.LoadVector256(block + 80), h3 = Avx.LoadVector256(block + 112);
            Vector256<byte> l0 = Low(h0), l1 = Low(h1), l2 = Low(h2), l3 = Low(h3);
            (h0, h1, h2, h3) = (High(h0), High(h1), High(h2), High(h3));
            Vector256<float> scales = TilesAvx2.Scales(block);
            byte* t = q + b * Tiles.Block;
            byte* s = q + toScale + b * 4;
            byte* n = q + toSum + b * 4;
            Vector256<int> dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t, (int*)n);
            y0 = TilesAvx2.AddScaled(y0, dot, scales, (float*)s);
            dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t + tokenBytes, (int*)(n + tokenBytes));
            y1 = TilesAvx2.AddScaled(y1, dot, scales, (float*)(s + tokenBytes));
            dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t + 2 * tokenBytes, (int*)(n + 2 * tokenBytes));
            y2 = TilesAvx2.AddScaled(y2, dot, scales, (float*)(s + 2 * tokenBytes));
            dot = Dot(l0, l1, l2, l3, h0, h1, h2, h3, t + 3 * tokenBytes, (int*)(n + 3 * tokenBytes));
            y3 = TilesAvx2.AddScaled(y3, dot, scales, (float*)(s + 3 * tokenBytes));
        }
        TilesAvx2.Store(y, y0, rows);
        TilesAvx2.Store(y + yStride, y1, rows);
        TilesAvx2.Store(y + 2 * yStride, y2, rows);
        TilesAvx2.Store(y + 3 * yStride, y3, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Start(byte* sum) => Avx2.MultiplyLow(
        Avx2.BroadcastScalarToVector256((int*)sum).AsInt16(), Vector256.Create(0xFFF8).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> AddProducts(Vector256<short> sum, Vector256<byte> w1, Vector256<sbyte> q1,
        Vector256<byte> w2, Vector256<sbyte> q2) =>
        Avx2.Add(sum, Avx2.Add(Avx2.MultiplyAddAdjacent(w1, q1), Avx2.MultiplyAddAdjacent(w2, q2)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, Vector256<short> a, Vector256<short> b, Vector256<float> aScale,
        Vector256<float> bScale, byte* scale)
    {
        Vector256<short> ones = Vector256.Create((short)1);
        Vector256<int> first = Avx2.MultiplyAddAdjacent(a, ones), second = Avx2.MultiplyAddAdjacent(b, ones);
        Avx.Store(sums, TilesAvx2.AddScaled(Avx.LoadVector256(sums), first, aScale, (float*)scale));
        Avx.Store(sums + 8, TilesAvx2.AddScaled(Avx.LoadVector256(sums + 8), second, bScale, (float*)scale));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Begin(float* y, float* sums, long block)
    {
        Avx.Store(sums, block == 0 ? Vector256<float>.Zero : Avx.LoadVector256(y));
        Avx.Store(sums + 8, block == 0 ? Vector256<float>.Zero : Avx.LoadVector256(y + 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(float* y, float* sums)
    {
        Avx.Store(y, Avx.LoadVector256(sums));
        Avx.Store(y + 8, Avx.LoadVector256(sums + 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> Low(Vector256<byte> pairs) => Avx2.And(pairs, Vector256.Create((byte)15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> High(Vector256<byte> pairs) =>
        Avx2.And(Avx2.ShiftRightLogical(pairs.AsUInt16(), 4).AsByte(), Vector256.Create((byte)15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Mul(Vector256<byte> w, byte* q) => Avx2.MultiplyAddAdjacent(w, TilesAvx2.Four(q));

    /// <summary>Eight rows' exact dot products of a block: Σ nibble · q − 8 · sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dot(Vector256<byte> l0, Vector256<byte> l1, Vector256<byte> l2, Vector256<byte> l3,
        Vector256<byte> h0, Vector256<byte> h1, Vector256<byte> h2, Vector256<byte> h3, byte* q, int* sum)
    {
        Vector256<short> low = Avx2.Add(
            Avx2.Add(Mul(l0, q), Mul(l1, q + 4)), Avx2.Add(Mul(l2, q + 8), Mul(l3, q + 12)));
        Vector256<short> high = Avx2.Add(
            Avx2.Add(Mul(h0, q + 16), Mul(h1, q + 20)), Avx2.Add(Mul(h2, q + 24), Mul(h3, q + 28)));
        Vector256<int> dot = Avx2.MultiplyAddAdjacent(Avx2.Add(low, high), Vector256.Create((short)1));
        // Shifted before it is broadcast: RyuJIT 10.0.12 on an AVX-512 machine makes wrong code of a shifted broadcast.
        return Avx2.Subtract(dot, Vector256.Create(*sum << 3));
    }

    /// <summary>A segment of two tiles unpacked, and the sums of four tokens; aligned by hand.</summary>
    [StructLayout(LayoutKind.Sequential, Size = (int)(SegmentBlocks * UnpackedBytes + 256 + 63))]
    private struct Scratch;
}
