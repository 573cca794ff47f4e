using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Up to eight groups of <see cref="BlockTiles"/> with the dot product: eight rows of one token, whose codes
/// are taken apart on the way, or four rows of four tokens with codes that are. Scales and offsets:
/// <see cref="BlockTilesNeonScales"/>.</summary>
internal static unsafe partial class BlockTilesNeonGroups
{
    /// <summary>A block of Q6_K. Its codes stay unsigned.</summary>
    internal static void Six(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group,
        sbyte* x, float* scales, float* sums, float* terms)
    {
        Vector128<float> low = total, high = totalHigh;
        for (long g = 0; g < 8; g++, group += 192, x += 32, terms += 32, sums += 2)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Vector128<int> s = Vector128<int>.Zero, t = s, u = s, v = s;
            Vector128<byte> both;
            var first = AdvSimd.LoadVector128(group + 128);
            var first16 = AdvSimd.LoadVector128(group + 144);
            var second = AdvSimd.LoadVector128(group + 160);
            var second16 = AdvSimd.LoadVector128(group + 176);
            both = AdvSimd.LoadVector128(group + 0);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.SixLow(both, first, 0).AsSByte(), a, 0);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.SixHigh(both, second, 0).AsSByte(), c, 0);
            both = AdvSimd.LoadVector128(group + 16);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.SixLow(both, first16, 0).AsSByte(), a, 0);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.SixHigh(both, second16, 0).AsSByte(), c, 0);
            both = AdvSimd.LoadVector128(group + 32);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.SixLow(both, first, 1).AsSByte(), a, 1);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.SixHigh(both, second, 1).AsSByte(), c, 1);
            both = AdvSimd.LoadVector128(group + 48);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.SixLow(both, first16, 1).AsSByte(), a, 1);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.SixHigh(both, second16, 1).AsSByte(), c, 1);
            both = AdvSimd.LoadVector128(group + 64);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.SixLow(both, first, 2).AsSByte(), a, 2);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.SixHigh(both, second, 2).AsSByte(), c, 2);
            both = AdvSimd.LoadVector128(group + 80);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.SixLow(both, first16, 2).AsSByte(), a, 2);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.SixHigh(both, second16, 2).AsSByte(), c, 2);
            both = AdvSimd.LoadVector128(group + 96);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.SixLow(both, first, 3).AsSByte(), a, 3);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.SixHigh(both, second, 3).AsSByte(), c, 3);
            both = AdvSimd.LoadVector128(group + 112);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.SixLow(both, first16, 3).AsSByte(), a, 3);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.SixHigh(both, second16, 3).AsSByte(), c, 3);
            var one = Centred(s, terms, sums[0]) + Centred(t, terms + 8, sums[1]);
            var two = Centred(u, terms + 4, sums[0]) + Centred(v, terms + 12, sums[1]);
            low += AdvSimd.MultiplyBySelectedScalar(one, Vector128.CreateScalarUnsafe(scales[g]), 0);
            high += AdvSimd.MultiplyBySelectedScalar(two, Vector128.CreateScalarUnsafe(scales[g]), 0);
        }
        total = low;
        totalHigh = high;
    }

    /// <summary>A block of Q2_K or Q3_K.</summary>
    internal static void Crumbs(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group, sbyte* x,
        float* scales, float* sums, float* terms, int format)
    {
        if (format == BlockTiles.Q2_K) Two(ref total, ref totalHigh, group, x, scales, sums, terms);
        else Three(ref total, ref totalHigh, group, x, scales, sums, terms);
    }

    private static void Two(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group,
        sbyte* x, float* scales, float* sums, float* terms)
    {
        var three = Vector128.Create((byte)3);
        Vector128<float> low = total, high = totalHigh;
        for (long g = 0; g < 8; g++, group += 64, x += 32, terms += 32, sums += 2)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Vector128<int> s = Vector128<int>.Zero, t = s, u = s, v = s;
            var first = AdvSimd.LoadVector128(group);
            var first16 = AdvSimd.LoadVector128(group + 16);
            var second = AdvSimd.LoadVector128(group + 32);
            var second16 = AdvSimd.LoadVector128(group + 48);
            s = Dp.DotProductBySelectedQuadruplet(s, (first & three).AsSByte(), a, 0);
            t = Dp.DotProductBySelectedQuadruplet(t, (second & three).AsSByte(), c, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, (first16 & three).AsSByte(), a, 0);
            v = Dp.DotProductBySelectedQuadruplet(v, (second16 & three).AsSByte(), c, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, ((first >>> 2) & three).AsSByte(), a, 1);
            t = Dp.DotProductBySelectedQuadruplet(t, ((second >>> 2) & three).AsSByte(), c, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, ((first16 >>> 2) & three).AsSByte(), a, 1);
            v = Dp.DotProductBySelectedQuadruplet(v, ((second16 >>> 2) & three).AsSByte(), c, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, ((first >>> 4) & three).AsSByte(), a, 2);
            t = Dp.DotProductBySelectedQuadruplet(t, ((second >>> 4) & three).AsSByte(), c, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, ((first16 >>> 4) & three).AsSByte(), a, 2);
            v = Dp.DotProductBySelectedQuadruplet(v, ((second16 >>> 4) & three).AsSByte(), c, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, (first >>> 6).AsSByte(), a, 3);
            t = Dp.DotProductBySelectedQuadruplet(t, (second >>> 6).AsSByte(), c, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, (first16 >>> 6).AsSByte(), a, 3);
            v = Dp.DotProductBySelectedQuadruplet(v, (second16 >>> 6).AsSByte(), c, 3);
            var one = BlockTilesNeonDot.Term(s, terms, terms + 16, sums[0], true)
                + BlockTilesNeonDot.Term(t, terms + 8, terms + 24, sums[1], true);
            var two = BlockTilesNeonDot.Term(u, terms + 4, terms + 20, sums[0], true)
                + BlockTilesNeonDot.Term(v, terms + 12, terms + 28, sums[1], true);
            low += AdvSimd.MultiplyBySelectedScalar(one, Vector128.CreateScalarUnsafe(scales[g]), 0);
            high += AdvSimd.MultiplyBySelectedScalar(two, Vector128.CreateScalarUnsafe(scales[g]), 0);
        }
        total = low;
        totalHigh = high;
    }

    private static void Three(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group,
        sbyte* x, float* scales, float* sums, float* terms)
    {
        Vector128<byte> m0 = Vector128.Create((byte)1), m1 = Vector128.Create((byte)2), m2 = Vector128.Create((byte)4),
            m3 = Vector128.Create((byte)8), m4 = Vector128.Create((byte)16), m5 = Vector128.Create((byte)32),
            m6 = Vector128.Create((byte)64), m7 = Vector128.Create((byte)128);
        Vector128<float> low = total, high = totalHigh;
        for (long g = 0; g < 8; g++, group += 96, x += 32, terms += 32, sums += 2)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Vector128<int> s = Vector128<int>.Zero, t = s, u = s, v = s;
            var first = AdvSimd.LoadVector128(group);
            var first16 = AdvSimd.LoadVector128(group + 16);
            var second = AdvSimd.LoadVector128(group + 32);
            var second16 = AdvSimd.LoadVector128(group + 48);
            var bits = ~AdvSimd.LoadVector128(group + 64);
            var bitsHigh = ~AdvSimd.LoadVector128(group + 80);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.Three(first, bits, m0), a, 0);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.Three(second, bits, m4), c, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.Three(first16, bitsHigh, m0), a, 0);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.Three(second16, bitsHigh, m4), c, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.Three(first >>> 2, bits, m1), a, 1);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.Three(second >>> 2, bits, m5), c, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.Three(first16 >>> 2, bitsHigh, m1), a, 1);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.Three(second16 >>> 2, bitsHigh, m5), c, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.Three(first >>> 4, bits, m2), a, 2);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.Three(second >>> 4, bits, m6), c, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.Three(first16 >>> 4, bitsHigh, m2), a, 2);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.Three(second16 >>> 4, bitsHigh, m6), c, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.Three(first >>> 6, bits, m3), a, 3);
            t = Dp.DotProductBySelectedQuadruplet(t, BlockTilesNeonCodes.Three(second >>> 6, bits, m7), c, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.Three(first16 >>> 6, bitsHigh, m3), a, 3);
            v = Dp.DotProductBySelectedQuadruplet(v, BlockTilesNeonCodes.Three(second16 >>> 6, bitsHigh, m7), c, 3);
            var one = BlockTilesNeonDot.Term(s, terms, terms + 16, sums[0], false)
                + BlockTilesNeonDot.Term(t, terms + 8, terms + 24, sums[1], false);
            var two = BlockTilesNeonDot.Term(u, terms + 4, terms + 20, sums[0], false)
                + BlockTilesNeonDot.Term(v, terms + 12, terms + 28, sums[1], false);
            low += AdvSimd.MultiplyBySelectedScalar(one, Vector128.CreateScalarUnsafe(scales[g]), 0);
            high += AdvSimd.MultiplyBySelectedScalar(two, Vector128.CreateScalarUnsafe(scales[g]), 0);
        }
        total = low;
        totalHigh = high;
    }

    /// <summary>Less 32 times the sum: integers below 2²⁴, so exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Centred(Vector128<int> dot, float* scale, float sum) =>
        AdvSimd.Arm64.FusedMultiplySubtractBySelectedScalar(AdvSimd.ConvertToSingle(dot), Vector128.Create(32f),
            Vector128.CreateScalarUnsafe(sum), 0) * AdvSimd.LoadVector128(scale);
}
