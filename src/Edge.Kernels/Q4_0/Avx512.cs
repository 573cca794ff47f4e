using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX-512 twin of <see cref="Q4_0Scalar"/>, the same bits: <see cref="Q4_0Avx2"/>'s way for four tokens and
/// more, four tiles at a time. Half as many instructions feed the same multipliers, and twice as many registers hold
/// the sums. Fewer tokens are bound by memory and stay with AVX2.</summary>
public static unsafe class Q4_0Avx512
{
    internal const long Tokens = 4, Tile4 = 4 * Tiles.Rows, SegmentBlocks = 16, StepBytes = 256;
    internal const long ScalesAt = 4 * StepBytes, UnpackedBytes = ScalesAt + Tile4 * sizeof(float);

    /// <inheritdoc cref="Q4_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long tileBytes = columns / Tiles.Block * Tiles.Q4_0BlockBytes, tokenBytes = Tiles.ActivationBytes(columns);
        long fours = tokens & -Tokens, rest = tokens - fours, row = row0;
        if (fours > 0)
        {
            for (; row + Tile4 <= row1; row += Tile4)
            {
                Four(w + row / Tiles.Rows * tileBytes, tileBytes, Tiles.Q4_0BlockBytes, &Unpack, x, y + row, columns,
                    fours, yStride);
            }
            if (row > row0)
                Q4_0Avx2.Rows(w, x + fours * tokenBytes, y + fours * yStride, columns, row0, row, rest, yStride);
        }
        if (row < row1) Q4_0Avx2.Rows(w, x, y, columns, row, row1, tokens, yStride);
    }

    /// <summary>32 rows and all tokens, a multiple of four: as <see cref="Q4_0Avx2.Pair"/>.</summary>
    [SkipLocalsInit]
    internal static void Four(byte* rows, long next, long blockBytes, delegate*<byte*, long, byte*, long, void> unpack,
        byte* x, float* y, long columns, long tokens, long yStride)
    {
        Scratch memory;
        byte* scratch = (byte*)(((nint)(&memory) + 63) & ~(nint)63);
        long tokenBytes = Tiles.ActivationBytes(columns), blocks = columns / Tiles.Block;
        for (long b = 0; b < blocks; b += SegmentBlocks)
        {
            long n = blocks - b < SegmentBlocks ? blocks - b : SegmentBlocks;
            unpack(rows + b * blockBytes, next, scratch, n);
            for (long t = 0; t < tokens; t += Tokens)
                Segment(scratch, x + t * tokenBytes, y + t * yStride, yStride, columns, b, n);
        }
    }

    /// <summary>Four tiles, each <paramref name="tileBytes"/> further than the one before.</summary>
    private static void Unpack(byte* block, long tileBytes, byte* scratch, long blocks)
    {
        for (long i = 0; i < 4; i++) Unpack(block + i * tileBytes, scratch, i, blocks);
    }

    /// <summary>One tile's part of the scratch. Layout, per block: four steps of four columns and of four columns
    /// sixteen further, each the low nibbles of tiles 0 and 1, their high ones, and those of tiles 2 and 3; then 32
    /// scales.</summary>
    private static void Unpack(byte* block, byte* to, long tile, long blocks)
    {
        byte* codes = to + tile / 2 * 128 + tile % 2 * 32;
        for (byte* end = to + blocks * UnpackedBytes; to < end; to += UnpackedBytes, codes += UnpackedBytes)
        {
            // The next segment's weights, a long way ahead: all tokens come between.
            Sse.Prefetch1(block + SegmentBlocks * Tiles.Q4_0BlockBytes);
            Sse.Prefetch1(block + SegmentBlocks * Tiles.Q4_0BlockBytes + 64);
            Sse.Prefetch1(block + SegmentBlocks * Tiles.Q4_0BlockBytes + 128);
            for (long v = 0; v < 4; v++)
            {
                Vector256<byte> pairs = Avx.LoadVector256(block + Tiles.ScaleBytes + v * 32);
                Avx.Store(codes + v * StepBytes, Q4_0Avx2.Low(pairs));
                Avx.Store(codes + v * StepBytes + 64, Q4_0Avx2.High(pairs));
            }
            Avx.Store((float*)(to + ScalesAt) + tile * Tiles.Rows, TilesAvx2.Scales(block));
            block += Tiles.Q4_0BlockBytes;
        }
    }

    /// <summary>Adds a segment's products to the sums of 32 rows and four tokens. A sum in 16 bits starts at −8 · Σq in
    /// its even lane: with that, a lane is at most 16 · 8 · 127 + 8 · 16 · 127 &lt; 2^15 at the end, and may wrap
    /// before.</summary>
    private static void Segment(byte* w, byte* x, float* y, long yStride, long columns, long block, long blocks)
    {
        long tokenBytes = Tiles.ActivationBytes(columns), toSum = columns / Tiles.Block * 4;
        byte* scale = x + columns + block * 4;
        byte* q0 = x + block * Tiles.Block;
        byte* q1 = q0 + tokenBytes, q2 = q1 + tokenBytes, q3 = q2 + tokenBytes;
        float* y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride;
        bool first = block == 0;
        Vector512<float> s00 = Begin(y, first), s01 = Begin(y + 16, first);
        Vector512<float> s10 = Begin(y1, first), s11 = Begin(y1 + 16, first);
        Vector512<float> s20 = Begin(y2, first), s21 = Begin(y2 + 16, first);
        Vector512<float> s30 = Begin(y3, first), s31 = Begin(y3 + 16, first);
        for (byte* end = w + blocks * UnpackedBytes; w < end; scale += 4)
        {
            byte* n = scale + toSum;
            Vector512<short> a0 = Start(n), a1 = Start(n + tokenBytes);
            Vector512<short> a2 = Start(n + 2 * tokenBytes), a3 = Start(n + 3 * tokenBytes);
            Vector512<short> b0 = a0, b1 = a1, b2 = a2, b3 = a3;
            for (byte* last = w + ScalesAt; w < last; w += StepBytes, q0 += 4, q1 += 4, q2 += 4, q3 += 4)
            {
                Vector512<byte> aLow = Avx512BW.LoadVector512(w), aHigh = Avx512BW.LoadVector512(w + 64);
                Vector512<byte> bLow = Avx512BW.LoadVector512(w + 128), bHigh = Avx512BW.LoadVector512(w + 192);
                Vector512<sbyte> low = Quad(q0), high = Quad(q0 + 16);
                a0 = AddProducts(a0, aLow, low, aHigh, high);
                b0 = AddProducts(b0, bLow, low, bHigh, high);
                (low, high) = (Quad(q1), Quad(q1 + 16));
                a1 = AddProducts(a1, aLow, low, aHigh, high);
                b1 = AddProducts(b1, bLow, low, bHigh, high);
                (low, high) = (Quad(q2), Quad(q2 + 16));
                a2 = AddProducts(a2, aLow, low, aHigh, high);
                b2 = AddProducts(b2, bLow, low, bHigh, high);
                (low, high) = (Quad(q3), Quad(q3 + 16));
                a3 = AddProducts(a3, aLow, low, aHigh, high);
                b3 = AddProducts(b3, bLow, low, bHigh, high);
            }
            q0 += 16;
            q1 += 16;
            q2 += 16;
            q3 += 16;
            Vector512<float> aScale = Avx512F.LoadVector512((float*)w), bScale = Avx512F.LoadVector512((float*)w + 16);
            (s00, s01) = (AddScaled(s00, a0, aScale, scale), AddScaled(s01, b0, bScale, scale));
            byte* next = scale + tokenBytes;
            (s10, s11) = (AddScaled(s10, a1, aScale, next), AddScaled(s11, b1, bScale, next));
            next += tokenBytes;
            (s20, s21) = (AddScaled(s20, a2, aScale, next), AddScaled(s21, b2, bScale, next));
            next += tokenBytes;
            (s30, s31) = (AddScaled(s30, a3, aScale, next), AddScaled(s31, b3, bScale, next));
            w += UnpackedBytes - ScalesAt;
        }
        End(y, s00, s01);
        End(y1, s10, s11);
        End(y2, s20, s21);
        End(y3, s30, s31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<sbyte> Quad(byte* q) => Vector512.Create(*(int*)q).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Start(byte* sum) =>
        Avx512BW.MultiplyLow(Vector512.Create(*(int*)sum).AsInt16(), Vector512.Create(0xFFF8).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> AddProducts(Vector512<short> sum, Vector512<byte> w1, Vector512<sbyte> q1,
        Vector512<byte> w2, Vector512<sbyte> q2) =>
        Avx512BW.Add(sum, Avx512BW.Add(Avx512BW.MultiplyAddAdjacent(w1, q1), Avx512BW.MultiplyAddAdjacent(w2, q2)));

    /// <summary>sum + dot · (weight scales · activation scale), in the order that <see cref="Tiles"/> fixes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddScaled(Vector512<float> sum, Vector512<short> products,
        Vector512<float> weightScales, byte* scale)
    {
        Vector512<int> dot = Avx512BW.MultiplyAddAdjacent(products, Vector512.Create((short)1));
        Vector512<float> scales = Avx512F.Multiply(weightScales, Vector512.Create(*(float*)scale));
        return Avx512F.Add(sum, Avx512F.Multiply(Avx512F.ConvertToVector512Single(dot), scales));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Begin(float* y, bool first) =>
        first ? Vector512<float>.Zero : Avx512F.LoadVector512(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End(float* y, Vector512<float> low, Vector512<float> high)
    {
        Avx512F.Store(y, low);
        Avx512F.Store(y + 16, high);
    }

    /// <summary>A segment of four tiles unpacked; aligned by hand.</summary>
    [StructLayout(LayoutKind.Sequential, Size = (int)(SegmentBlocks * UnpackedBytes + 63))]
    private struct Scratch;
}
