using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>ggml's blocks in tiles for cores without the dot product; the same bits as <see cref="BlockTilesScalar"/>.
/// Four products of a code below 64, or eight of one within ±32, with an activation fit 16 bits; of IQ4's values two.
/// The body for one token serves <see cref="BlockTilesNeonDot"/> too: the format and the instruction are constants
/// where it is inlined.</summary>
public static unsafe class BlockTilesNeon
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
            for (long t = 0; t < tokens; t++)
                One(tile, x + t * tokenBytes, y + t * yStride + r, columns, row1 - r, format, hasDot: false);
        }
    }

    /// <summary>A tile and a token.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void One(byte* block, byte* x, float* y, long columns, long rows, int format, bool hasDot)
    {
        BlockTilesNeonScales.Words scratch;
        Vector128<float> low = Vector128<float>.Zero, high = low;
        byte* end = x + columns;
        float* scales = (float*)end, sums = scales + columns / 32;
        while (x < end)
        {
            byte* words = BlockTilesNeonScales.WordsOf(block, (byte*)&scratch, format);
            BlockTilesNeonScales.Load(out BlockTilesNeonScales.Units units, block, format);
            byte* group = block + BlockTiles.GroupsAt(format);
            for (long g = 0; g < BlockTiles.Columns(format) / 32; g++)
            {
                Dots(out Vector128<int> s, out Vector128<int> t, group, (sbyte*)x, format, hasDot);
                Dots(out Vector128<int> u, out Vector128<int> v, group + 16, (sbyte*)x, format, hasDot);
                BlockTilesNeonScales.Load(out BlockTilesNeonScales.Terms terms, units, words, g, 0, format);
                low = Add(low, s, t, terms, scales, sums, format);
                BlockTilesNeonScales.Load(out terms, units, words, g, 4, format);
                high = Add(high, u, v, terms, scales, sums, format);
                group += BlockTiles.GroupBytes(format);
                x += 32;
                scales++;
                sums += 2;
            }
            block += BlockTiles.BlockBytes(format);
        }
        TilesNeon.Store(y, low, high, rows);
    }

    /// <summary>y + (dot · scale + sum · offset) · (activation scale), the two halves of the columns apart where the type
    /// has terms for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Add(Vector128<float> y, Vector128<int> first, Vector128<int> second,
        in BlockTilesNeonScales.Terms terms, float* scale, float* sums, int format)
    {
        Vector128<float> v;
        if (BlockTiles.HasHalves(format))
        {
            v = Term(first, terms.Scale, terms.Offset, sums[0], format)
                + Term(second, terms.Scale2, terms.Offset2, sums[1], format);
        }
        else v = Term(first, terms.Scale, terms.Offset, sums[0] + sums[1], format);
        return y + AdvSimd.MultiplyBySelectedScalar(v, Vector128.CreateScalarUnsafe(*scale), 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Term(Vector128<int> dot, Vector128<float> scale, Vector128<float> offset, float sum,
        int format)
    {
        var product = AdvSimd.ConvertToSingle(dot);
        var sums = Vector128.CreateScalarUnsafe(sum);
        // Integers below 2²⁴: exact.
        if (format == BlockTiles.Q6_K)
            product = AdvSimd.Arm64.FusedMultiplySubtractBySelectedScalar(product, Vector128.Create(32f), sums, 0);
        product *= scale;
        return BlockTiles.HasOffsets(format) ? product + AdvSimd.MultiplyBySelectedScalar(offset, sums, 0) : product;
    }

    /// <summary>Sums of four rows over the first and the second half of a group, or both in the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Dots(out Vector128<int> first, out Vector128<int> second, byte* group, sbyte* x, int format,
        bool hasDot)
    {
        BlockTilesNeonCodes.Load(out BlockTilesNeonCodes.Fields fields, group, format);
        first = second = Vector128<int>.Zero;
        if (hasDot)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Quads(ref first, ref second, group, 0, fields, a, c, format);
            Quads(ref first, ref second, group, 1, fields, a, c, format);
            Quads(ref first, ref second, group, 2, fields, a, c, format);
            Quads(ref first, ref second, group, 3, fields, a, c, format);
            return;
        }
        Pairs pairs;
        pairs.A = pairs.B = pairs.C = pairs.D = Vector128<short>.Zero;
        Quads(ref pairs, ref first, ref second, group, 0, fields, x, format);
        Quads(ref pairs, ref first, ref second, group, 1, fields, x, format);
        Quads(ref pairs, ref first, ref second, group, 2, fields, x, format);
        Quads(ref pairs, ref first, ref second, group, 3, fields, x, format);
        if (!BlockTiles.HasWideTable(format))
        {
            first = AdvSimd.AddPairwiseWidening(pairs.A);
            second = AdvSimd.AddPairwiseWidening(pairs.B);
        }
        first = AdvSimd.Arm64.AddPairwise(first, second);
        if (!BlockTiles.HasHalves(format)) return;
        second = AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(pairs.C), AdvSimd.AddPairwiseWidening(pairs.D));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quads(ref Vector128<int> s, ref Vector128<int> t, byte* group, [ConstantExpected(Max = (byte)15)] byte v,
        in BlockTilesNeonCodes.Fields fields, Vector128<sbyte> a, Vector128<sbyte> c, int format)
    {
        BlockTilesNeonCodes.Quads(group, v, fields, format, out Vector128<sbyte> p, out Vector128<sbyte> q);
        s = Dp.DotProductBySelectedQuadruplet(s, p, a, v);
        if (BlockTiles.HasHalves(format)) t = Dp.DotProductBySelectedQuadruplet(t, q, c, v);
        else s = Dp.DotProductBySelectedQuadruplet(s, q, c, v);
    }

    /// <summary>Products of two rows in each (A, B), and those of the second half of the columns (C, D) where its scale
    /// differs.</summary>
    private struct Pairs
    {
        public Vector128<short> A, B, C, D;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quads(ref Pairs pairs, ref Vector128<int> rows01, ref Vector128<int> rows23, byte* group, int v,
        in BlockTilesNeonCodes.Fields fields, sbyte* x, int format)
    {
        BlockTilesNeonCodes.Quads(group, v, fields, format, out Vector128<sbyte> p, out Vector128<sbyte> q);
        var a = AdvSimd.LoadAndReplicateToVector128((int*)x + v).AsSByte();
        var c = AdvSimd.LoadAndReplicateToVector128((int*)x + 4 + v).AsSByte();
        if (BlockTiles.HasWideTable(format))
        {
            var low = AdvSimd.MultiplyWideningLower(p.GetLower(), a.GetLower());
            var high = AdvSimd.MultiplyWideningUpper(p, a);
            low = AdvSimd.MultiplyWideningLowerAndAdd(low, q.GetLower(), c.GetLower());
            high = AdvSimd.MultiplyWideningUpperAndAdd(high, q, c);
            rows01 = AdvSimd.AddPairwiseWideningAndAdd(rows01, low);
            rows23 = AdvSimd.AddPairwiseWideningAndAdd(rows23, high);
            return;
        }
        pairs.A = AdvSimd.MultiplyWideningLowerAndAdd(pairs.A, p.GetLower(), a.GetLower());
        pairs.B = AdvSimd.MultiplyWideningUpperAndAdd(pairs.B, p, a);
        if (BlockTiles.HasHalves(format))
        {
            pairs.C = AdvSimd.MultiplyWideningLowerAndAdd(pairs.C, q.GetLower(), c.GetLower());
            pairs.D = AdvSimd.MultiplyWideningUpperAndAdd(pairs.D, q, c);
        }
        else
        {
            pairs.A = AdvSimd.MultiplyWideningLowerAndAdd(pairs.A, q.GetLower(), c.GetLower());
            pairs.B = AdvSimd.MultiplyWideningUpperAndAdd(pairs.B, q, c);
        }
    }
}
