using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>One token × eight rows of <see cref="BlockTiles"/>: one body, of which the compiler makes one for each
/// format, with the dot product. Codes are taken apart where they are multiplied, scales made where they
/// are used.</summary>
internal static unsafe class BlockTilesNeonOne
{
    /// <summary>Room for the words of a block, and for what <see cref="BlockTilesNeonTerms.Sums"/> makes of its sums.</summary>
    internal struct Memory
    {
        public Vector128<byte> A, B, C, D, E, F, G, H, I, J, K, L;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Rows(byte* block, byte* x, float* y, long columns, long rows, byte* room, int format)
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
                var a = AdvSimd.LoadVector128((sbyte*)x);
                var c = AdvSimd.LoadVector128((sbyte*)x + 16);
                Dots(group, a, c, sums, out Vector128<int> s, out Vector128<int> t, format);
                Dots(group + 16, a, c, sums, out Vector128<int> u, out Vector128<int> v, format);
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
        Vector128<byte> first = default, second = default, bits = default;
        if ((BlockTiles.Crumbs >> format & 1) != 0)
        {
            first = AdvSimd.LoadVector128(group + BlockTiles.CrumbsAt(format));
            second = AdvSimd.LoadVector128(group + BlockTiles.CrumbsAt(format) + 32);
        }
        if ((BlockTiles.Bits >> format & 1) != 0) bits = ~AdvSimd.LoadVector128(group + BlockTiles.BitsAt(format));
        Vector128<byte> n0 = default, n1 = n0, n2 = n0, n3 = n0;
        if ((BlockTiles.Nibbles >> format & 1) != 0)
        {
            n0 = AdvSimd.LoadVector128(group);
            n1 = AdvSimd.LoadVector128(group + 32);
            n2 = AdvSimd.LoadVector128(group + 64);
            n3 = AdvSimd.LoadVector128(group + 96);
        }
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
