using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>ggml's blocks in tiles with the dot product of ARMv8.2; the same bits as <see cref="BlockTilesScalar"/>.
/// Four tokens share the codes and the scales.</summary>
public static unsafe class BlockTilesNeonDot
{
    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q4_1);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_0);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_1);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q2_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q3_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q4_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q6_K);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.IQ4_NL);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.IQ4_XS);

    /// <inheritdoc cref="BlockTilesScalar.RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.MXFP4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long tileBytes = BlockTiles.TileBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += 8)
        {
            byte* tile = w + r / 8 * tileBytes;
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                Four(tile, x + t * tokenBytes, y + t * yStride + r, columns, tokenBytes, yStride, row1 - r, format);
            for (; t < tokens; t++)
                BlockTilesNeon.One(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, format, true);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(byte* block, byte* x, float* y, long columns, long tokenBytes, long yStride, long rows,
        int format)
    {
        BlockTilesNeonScales.Words scratch;
        Vector128<float> l0 = Vector128<float>.Zero, l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
        byte* end = x + columns, scales = end, sums = end + columns / 8;
        while (x < end)
        {
            byte* words = BlockTilesNeonScales.WordsOf(block, (byte*)&scratch, format);
            BlockTilesNeonScales.Load(out BlockTilesNeonScales.Units units, block, format);
            byte* group = block + BlockTiles.GroupsAt(format);
            for (long g = 0; g < BlockTiles.Columns(format) / 32; g++)
            {
                BlockTilesNeonScales.Load(out BlockTilesNeonScales.Terms low, units, words, g, 0, format);
                FourRows(ref l0, ref l1, ref l2, ref l3, group, x, tokenBytes, scales, sums, low, format);
                BlockTilesNeonScales.Load(out BlockTilesNeonScales.Terms high, units, words, g, 4, format);
                FourRows(ref h0, ref h1, ref h2, ref h3, group + 16, x, tokenBytes, scales, sums, high, format);
                group += BlockTiles.GroupBytes(format);
                x += 32;
                scales += sizeof(float);
                sums += 2 * sizeof(float);
            }
            block += BlockTiles.BlockBytes(format);
        }
        TilesNeon.Store(y, l0, h0, rows);
        TilesNeon.Store(y + yStride, l1, h1, rows);
        TilesNeon.Store(y + 2 * yStride, l2, h2, rows);
        TilesNeon.Store(y + 3 * yStride, l3, h3, rows);
    }

    /// <summary>Adds a group of four rows to the sums of four tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRows(ref Vector128<float> y0, ref Vector128<float> y1, ref Vector128<float> y2,
        ref Vector128<float> y3, byte* group, byte* x, long tokenBytes, byte* scales, byte* sums,
        in BlockTilesNeonScales.Terms terms, int format)
    {
        byte* x1 = x + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
        var a0 = AdvSimd.LoadVector128((sbyte*)x);
        var a1 = AdvSimd.LoadVector128((sbyte*)x1);
        var a2 = AdvSimd.LoadVector128((sbyte*)x2);
        var a3 = AdvSimd.LoadVector128((sbyte*)x3);
        var c0 = AdvSimd.LoadVector128((sbyte*)x + 16);
        var c1 = AdvSimd.LoadVector128((sbyte*)x1 + 16);
        var c2 = AdvSimd.LoadVector128((sbyte*)x2 + 16);
        var c3 = AdvSimd.LoadVector128((sbyte*)x3 + 16);
        BlockTilesNeonCodes.Load(out BlockTilesNeonCodes.Fields fields, group, format);
        Quads(group, 0, fields, ref s0, ref s1, ref s2, ref s3, ref t0, ref t1, ref t2, ref t3, a0, a1, a2, a3,
            c0, c1, c2, c3, format);
        Quads(group, 1, fields, ref s0, ref s1, ref s2, ref s3, ref t0, ref t1, ref t2, ref t3, a0, a1, a2, a3,
            c0, c1, c2, c3, format);
        Quads(group, 2, fields, ref s0, ref s1, ref s2, ref s3, ref t0, ref t1, ref t2, ref t3, a0, a1, a2, a3,
            c0, c1, c2, c3, format);
        Quads(group, 3, fields, ref s0, ref s1, ref s2, ref s3, ref t0, ref t1, ref t2, ref t3, a0, a1, a2, a3,
            c0, c1, c2, c3, format);
        y0 = BlockTilesNeon.Add(y0, s0, t0, terms, (float*)scales, (float*)sums, format);
        y1 = BlockTilesNeon.Add(y1, s1, t1, terms, (float*)(scales + tokenBytes), (float*)(sums + tokenBytes), format);
        scales += 2 * tokenBytes;
        sums += 2 * tokenBytes;
        y2 = BlockTilesNeon.Add(y2, s2, t2, terms, (float*)scales, (float*)sums, format);
        y3 = BlockTilesNeon.Add(y3, s3, t3, terms, (float*)(scales + tokenBytes), (float*)(sums + tokenBytes), format);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quads(byte* group, [ConstantExpected(Max = (byte)15)] byte v, in BlockTilesNeonCodes.Fields fields, ref Vector128<int> s0,
        ref Vector128<int> s1, ref Vector128<int> s2, ref Vector128<int> s3, ref Vector128<int> t0,
        ref Vector128<int> t1, ref Vector128<int> t2, ref Vector128<int> t3, Vector128<sbyte> a0, Vector128<sbyte> a1,
        Vector128<sbyte> a2, Vector128<sbyte> a3, Vector128<sbyte> c0, Vector128<sbyte> c1, Vector128<sbyte> c2,
        Vector128<sbyte> c3, int format)
    {
        BlockTilesNeonCodes.Quads(group, v, fields, format, out Vector128<sbyte> p, out Vector128<sbyte> q);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, v);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, v);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, v);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, v);
        if (BlockTiles.HasHalves(format))
        {
            t0 = Dp.DotProductBySelectedQuadruplet(t0, q, c0, v);
            t1 = Dp.DotProductBySelectedQuadruplet(t1, q, c1, v);
            t2 = Dp.DotProductBySelectedQuadruplet(t2, q, c2, v);
            t3 = Dp.DotProductBySelectedQuadruplet(t3, q, c3, v);
        }
        else
        {
            s0 = Dp.DotProductBySelectedQuadruplet(s0, q, c0, v);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, q, c1, v);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, q, c2, v);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, q, c3, v);
        }
    }
}
