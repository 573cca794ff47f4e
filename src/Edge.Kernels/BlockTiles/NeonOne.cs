using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>One token × eight rows of <see cref="BlockTiles"/>: one body, of which the compiler makes one for each
/// format, with the dot product and without. Codes are taken apart where they are multiplied, scales made where they
/// are used.</summary>
internal static unsafe class BlockTilesNeonOne
{
    /// <summary>Room for a block: its words, and what <see cref="BlockTilesNeonTerms.Sums"/> makes of sums.</summary>
    internal struct Memory
    {
        public Vector128<byte> A, B, C, D, E, F, G, H, I, J, K, L;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Rows(byte* block, byte* x, float* y, long columns, long rows, byte* room, int format,
        bool hasDot)
    {
        float* scale = (float*)(x + columns);
        float* sum = scale + columns / 32;
        Vector128<float> low = Vector128<float>.Zero, high = low;
        for (byte* end = x + columns; x < end; block += BlockTiles.BlockBytes(format))
        {
            byte* words = BlockTilesNeonTerms.Words(block, room, format);
            BlockTilesNeonTerms.Units(block, out Vector128<float> dLow, out Vector128<float> dHigh, format);
            Vector128<float> uLow = dLow, uHigh = dHigh;
            if ((BlockTiles.Offsets >> format & 1) != 0)
                BlockTilesNeonTerms.Offsets(block + 16, out uLow, out uHigh, format);
            float* prepared = BlockTilesNeonTerms.Sums(sum, (float*)(room + 128), format);
            sum += BlockTiles.Columns(format) / 16;
            byte* group = block + BlockTiles.GroupsAt(format);
            byte* last = group + BlockTiles.GroupBytes(format) * (BlockTiles.Columns(format) / 32);
            do
            {
                Vector128<float> sums = BlockTilesNeonTerms.Sums(prepared, format);
                Vector128<int> s, t, u, v;
                if (hasDot)
                {
                    var a = AdvSimd.LoadVector128((sbyte*)x);
                    var c = AdvSimd.LoadVector128((sbyte*)x + 16);
                    Dots(group, a, c, sums, out s, out t, format);
                    Dots(group + 16, a, c, sums, out u, out v, format);
                }
                else
                {
                    Products(group, (int*)x, sums, out s, out t, format);
                    Products(group + 16, (int*)x, sums, out u, out v, format);
                }
                Vector128<byte> w = BlockTilesNeonTerms.Scales(words, format);
                Vector128<byte> m = BlockTilesNeonTerms.Offsets(words, format);
                var one = BlockTilesNeonTerms.Term(s, w, m, 0, dLow, uLow, sums, format);
                var two = BlockTilesNeonTerms.Term(u, w, m, 4, dHigh, uHigh, sums, format);
                if ((BlockTiles.Halves >> format & 1) != 0)
                {
                    one += BlockTilesNeonTerms.Term(t, w, m, 8, dLow, uLow, sums, format);
                    two += BlockTilesNeonTerms.Term(v, w, m, 12, dHigh, uHigh, sums, format);
                    words += 8;
                }
                low += AdvSimd.MultiplyBySelectedScalar(one, Vector128.CreateScalarUnsafe(*scale), 0);
                high += AdvSimd.MultiplyBySelectedScalar(two, Vector128.CreateScalarUnsafe(*scale), 0);
                group += BlockTiles.GroupBytes(format);
                words += 8;
                x += 32;
                scale++;
                prepared += BlockTilesNeonTerms.SumsPerGroup(format);
            } while (group < last);
        }
        TilesNeon.Store(y, low, high, rows);
    }

    /// <summary>32 columns of four rows, added to the bits of <see cref="BlockTilesNeonTerms.Start"/>; with halves, 16
    /// and 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Dots(byte* group, Vector128<sbyte> a, Vector128<sbyte> c, Vector128<float> sums,
        out Vector128<int> s, out Vector128<int> t, int format)
    {
        Load(group, out Vector128<byte> first, out Vector128<byte> second, out Vector128<byte> bits, format);
        Load(group, out Vector128<byte> n0, out Vector128<byte> n1, out Vector128<byte> n2, out Vector128<byte> n3,
            format);
        s = BlockTilesNeonTerms.Start(sums, false, format);
        t = BlockTilesNeonTerms.Start(sums, true, format);
        s = Dp.DotProductBySelectedQuadruplet(s, Code(n0, first, bits, 0, format), a, 0);
        s = Dp.DotProductBySelectedQuadruplet(s, Code(n1, first, bits, 1, format), a, 1);
        s = Dp.DotProductBySelectedQuadruplet(s, Code(n2, first, bits, 2, format), a, 2);
        s = Dp.DotProductBySelectedQuadruplet(s, Code(n3, first, bits, 3, format), a, 3);
        if ((BlockTiles.Halves >> format & 1) != 0)
        {
            t = Dp.DotProductBySelectedQuadruplet(t, Code(n0, second, bits, 4, format), c, 0);
            t = Dp.DotProductBySelectedQuadruplet(t, Code(n1, second, bits, 5, format), c, 1);
            t = Dp.DotProductBySelectedQuadruplet(t, Code(n2, second, bits, 6, format), c, 2);
            t = Dp.DotProductBySelectedQuadruplet(t, Code(n3, second, bits, 7, format), c, 3);
        }
        else
        {
            s = Dp.DotProductBySelectedQuadruplet(s, Code(n0, second, bits, 4, format), c, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, Code(n1, second, bits, 5, format), c, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, Code(n2, second, bits, 6, format), c, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, Code(n3, second, bits, 7, format), c, 3);
        }
    }

    /// <summary>Crumbs of columns 0 … 15 and 16 … 31, and bits, inverted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(byte* group, out Vector128<byte> first, out Vector128<byte> second,
        out Vector128<byte> bits, int format)
    {
        first = second = bits = default;
        if ((BlockTiles.Crumbs >> format & 1) != 0)
        {
            first = AdvSimd.LoadVector128(group + BlockTiles.CrumbsAt(format));
            second = AdvSimd.LoadVector128(group + BlockTiles.CrumbsAt(format) + 32);
        }
        if ((BlockTiles.Bits >> format & 1) != 0) bits = ~AdvSimd.LoadVector128(group + BlockTiles.BitsAt(format));
    }

    /// <summary>Nibbles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(byte* group, out Vector128<byte> n0, out Vector128<byte> n1, out Vector128<byte> n2,
        out Vector128<byte> n3, int format)
    {
        n0 = n1 = n2 = n3 = default;
        if ((BlockTiles.Nibbles >> format & 1) == 0) return;
        n0 = AdvSimd.LoadVector128(group);
        n1 = AdvSimd.LoadVector128(group + 32);
        n2 = AdvSimd.LoadVector128(group + 64);
        n3 = AdvSimd.LoadVector128(group + 96);
    }

    /// <summary>As <see cref="Dots"/>, without the dot product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Products(byte* group, int* x, Vector128<float> sums, out Vector128<int> s,
        out Vector128<int> t, int format)
    {
        Load(group, out Vector128<byte> first, out Vector128<byte> second, out Vector128<byte> bits, format);
        Load(group, out Vector128<byte> n0, out Vector128<byte> n1, out Vector128<byte> n2, out Vector128<byte> n3,
            format);
        s = BlockTilesNeonTerms.Start(sums, false, format);
        t = BlockTilesNeonTerms.Start(sums, true, format);
        Vector128<short> low, high, low2, high2;
        Multiply(Code(n0, first, bits, 0, format), x, out low, out high);
        MultiplyAdd(Code(n1, first, bits, 1, format), x + 1, ref low, ref high);
        if ((BlockTiles.WideTables >> format & 1) != 0)
        {
            // No more than two products fit in 16 bits.
            Multiply(Code(n2, first, bits, 2, format), x + 2, out low2, out high2);
            MultiplyAdd(Code(n3, first, bits, 3, format), x + 3, ref low2, ref high2);
            var rows01 = AdvSimd.AddPairwiseWideningAndAdd(AdvSimd.AddPairwiseWidening(low), low2);
            var rows23 = AdvSimd.AddPairwiseWideningAndAdd(AdvSimd.AddPairwiseWidening(high), high2);
            Multiply(Code(n0, second, bits, 4, format), x + 4, out low, out high);
            MultiplyAdd(Code(n1, second, bits, 5, format), x + 5, ref low, ref high);
            Multiply(Code(n2, second, bits, 6, format), x + 6, out low2, out high2);
            MultiplyAdd(Code(n3, second, bits, 7, format), x + 7, ref low2, ref high2);
            rows01 = AdvSimd.AddPairwiseWideningAndAdd(AdvSimd.AddPairwiseWideningAndAdd(rows01, low), low2);
            rows23 = AdvSimd.AddPairwiseWideningAndAdd(AdvSimd.AddPairwiseWideningAndAdd(rows23, high), high2);
            s += AdvSimd.Arm64.AddPairwise(rows01, rows23);
            return;
        }
        MultiplyAdd(Code(n2, first, bits, 2, format), x + 2, ref low, ref high);
        MultiplyAdd(Code(n3, first, bits, 3, format), x + 3, ref low, ref high);
        if ((BlockTiles.Halves >> format & 1) != 0)
        {
            Multiply(Code(n0, second, bits, 4, format), x + 4, out low2, out high2);
            MultiplyAdd(Code(n1, second, bits, 5, format), x + 5, ref low2, ref high2);
            MultiplyAdd(Code(n2, second, bits, 6, format), x + 6, ref low2, ref high2);
            MultiplyAdd(Code(n3, second, bits, 7, format), x + 7, ref low2, ref high2);
            t += Rows(low2, high2);
        }
        else
        {
            MultiplyAdd(Code(n0, second, bits, 4, format), x + 4, ref low, ref high);
            MultiplyAdd(Code(n1, second, bits, 5, format), x + 5, ref low, ref high);
            MultiplyAdd(Code(n2, second, bits, 6, format), x + 6, ref low, ref high);
            MultiplyAdd(Code(n3, second, bits, 7, format), x + 7, ref low, ref high);
        }
        s += Rows(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(Vector128<sbyte> codes, int* x, out Vector128<short> low, out Vector128<short> high)
    {
        var a = AdvSimd.LoadAndReplicateToVector128(x).AsSByte();
        // The lower half, which has a register of its own while the whole is needed, last.
        high = AdvSimd.MultiplyWideningUpper(codes, a);
        low = AdvSimd.MultiplyWideningLower(codes.GetLower(), a.GetLower());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(Vector128<sbyte> codes, int* x, ref Vector128<short> low,
        ref Vector128<short> high)
    {
        var a = AdvSimd.LoadAndReplicateToVector128(x).AsSByte();
        high = AdvSimd.MultiplyWideningUpperAndAdd(high, codes, a);
        low = AdvSimd.MultiplyWideningLowerAndAdd(low, codes.GetLower(), a.GetLower());
    }

    /// <summary>Products of rows 0 and 1, and of rows 2 and 3, to the sums of four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Rows(Vector128<short> low, Vector128<short> high) =>
        AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(low), AdvSimd.AddPairwiseWidening(high));

    /// <summary>The codes of quad k: Q6_K's and ternary ones without their sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Code(Vector128<byte> both, Vector128<byte> crumbs, Vector128<byte> bits, int k,
        int format)
    {
        if ((Fives >> format & 1) != 0)
        {
            var mask = Vector128.Create((byte)(1 << k));
            return k < 4 ? BlockTilesNeonCodes.FiveLow(both, bits, mask)
                : BlockTilesNeonCodes.FiveHigh(both, bits, mask);
        }
        if (format == BlockTiles.Q6_K)
        {
            var pair = BlockTilesNeonCodes.Pairs((k & 1) != 0 ? crumbs >>> 2 : crumbs);
            return (k < 4 ? BlockTilesNeonCodes.SixLow(both, pair, (k & 2) != 0)
                : BlockTilesNeonCodes.SixHigh(both, pair, (k & 2) != 0)).AsSByte();
        }
        if ((BlockTiles.Nibbles >> format & 1) != 0)
        {
            var nibble = k < 4 ? both & Vector128.Create((byte)15) : both >>> 4;
            return (Tables >> format & 1) != 0
                ? AdvSimd.Arm64.VectorTableLookup(Blocks.Table(format), nibble.AsSByte()) : nibble.AsSByte();
        }
        if ((k & 3) != 0) crumbs >>>= (k & 3) * 2;
        if (format == BlockTiles.Q3_K) return BlockTilesNeonCodes.Three(crumbs, bits, Vector128.Create((byte)(1 << k)));
        return ((k & 3) == 3 ? crumbs : crumbs & Vector128.Create((byte)3)).AsSByte();
    }

    private const ulong Fives = 1UL << BlockTiles.Q5_0 | 1UL << BlockTiles.Q5_1 | 1UL << BlockTiles.Q5_K;
    private const ulong Tables = BlockTiles.WideTables | 1UL << BlockTiles.MXFP4;
}
