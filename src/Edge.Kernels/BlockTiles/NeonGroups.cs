using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Up to eight groups of <see cref="BlockTiles"/> with the dot product: eight rows of one token, whose codes
/// are taken apart on the way, or four rows of four tokens with codes that are. Scales and offsets:
/// <see cref="BlockTilesNeonScales"/>.</summary>
internal static unsafe partial class BlockTilesNeonGroups
{
    /// <summary>Q4_1, Q4_K.</summary>
    internal static void Nibbles(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group, long step,
        long groups, sbyte* x, float* scales, float* sums, float* terms)
    {
        var nibble = Vector128.Create((byte)15);
        Vector128<float> low = total, high = totalHigh;
        for (long g = 0; g < groups; g++, group += step, x += 32, terms += 16, sums += 2)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Vector128<int> s = Vector128<int>.Zero, u = s;
            Vector128<byte> both;
            both = AdvSimd.LoadVector128(group + 0);
            s = Dp.DotProductBySelectedQuadruplet(s, (both & nibble).AsSByte(), a, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, (both >>> 4).AsSByte(), c, 0);
            both = AdvSimd.LoadVector128(group + 16);
            u = Dp.DotProductBySelectedQuadruplet(u, (both & nibble).AsSByte(), a, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, (both >>> 4).AsSByte(), c, 0);
            both = AdvSimd.LoadVector128(group + 32);
            s = Dp.DotProductBySelectedQuadruplet(s, (both & nibble).AsSByte(), a, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, (both >>> 4).AsSByte(), c, 1);
            both = AdvSimd.LoadVector128(group + 48);
            u = Dp.DotProductBySelectedQuadruplet(u, (both & nibble).AsSByte(), a, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, (both >>> 4).AsSByte(), c, 1);
            both = AdvSimd.LoadVector128(group + 64);
            s = Dp.DotProductBySelectedQuadruplet(s, (both & nibble).AsSByte(), a, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, (both >>> 4).AsSByte(), c, 2);
            both = AdvSimd.LoadVector128(group + 80);
            u = Dp.DotProductBySelectedQuadruplet(u, (both & nibble).AsSByte(), a, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, (both >>> 4).AsSByte(), c, 2);
            both = AdvSimd.LoadVector128(group + 96);
            s = Dp.DotProductBySelectedQuadruplet(s, (both & nibble).AsSByte(), a, 3);
            s = Dp.DotProductBySelectedQuadruplet(s, (both >>> 4).AsSByte(), c, 3);
            both = AdvSimd.LoadVector128(group + 112);
            u = Dp.DotProductBySelectedQuadruplet(u, (both & nibble).AsSByte(), a, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, (both >>> 4).AsSByte(), c, 3);
            float sum = sums[0] + sums[1];
            low += AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonDot.Term(s, terms, terms + 8, sum, true),
                Vector128.CreateScalarUnsafe(scales[g]), 0);
            high += AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonDot.Term(u, terms + 4, terms + 12, sum, true),
                Vector128.CreateScalarUnsafe(scales[g]), 0);
        }
        total = low;
        totalHigh = high;
    }

    /// <summary>IQ4_NL, IQ4_XS, MXFP4.</summary>
    internal static void Table(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group, long step,
        long groups, sbyte* x, float* scales, float* terms, Vector128<sbyte> table)
    {
        var nibble = Vector128.Create((byte)15);
        Vector128<float> low = total, high = totalHigh;
        for (long g = 0; g < groups; g++, group += step, x += 32, terms += 16)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Vector128<int> s = Vector128<int>.Zero, u = s;
            Vector128<byte> both;
            both = AdvSimd.LoadVector128(group + 0);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both & nibble), a, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both >>> 4), c, 0);
            both = AdvSimd.LoadVector128(group + 16);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both & nibble), a, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both >>> 4), c, 0);
            both = AdvSimd.LoadVector128(group + 32);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both & nibble), a, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both >>> 4), c, 1);
            both = AdvSimd.LoadVector128(group + 48);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both & nibble), a, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both >>> 4), c, 1);
            both = AdvSimd.LoadVector128(group + 64);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both & nibble), a, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both >>> 4), c, 2);
            both = AdvSimd.LoadVector128(group + 80);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both & nibble), a, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both >>> 4), c, 2);
            both = AdvSimd.LoadVector128(group + 96);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both & nibble), a, 3);
            s = Dp.DotProductBySelectedQuadruplet(s, Look(table, both >>> 4), c, 3);
            both = AdvSimd.LoadVector128(group + 112);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both & nibble), a, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, Look(table, both >>> 4), c, 3);
            low += AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonDot.Term(s, terms, terms + 8, 0, false),
                Vector128.CreateScalarUnsafe(scales[g]), 0);
            high += AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonDot.Term(u, terms + 4, terms + 12, 0, false),
                Vector128.CreateScalarUnsafe(scales[g]), 0);
        }
        total = low;
        totalHigh = high;
    }

    /// <summary>Q5_0, Q5_1, Q5_K.</summary>
    internal static void Five(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* group, long step,
        long groups, sbyte* x, float* scales, float* sums, float* terms, bool hasOffsets)
    {
        Vector128<byte> m0 = Vector128.Create((byte)1), m1 = Vector128.Create((byte)2), m2 = Vector128.Create((byte)4),
            m3 = Vector128.Create((byte)8), m4 = Vector128.Create((byte)16), m5 = Vector128.Create((byte)32),
            m6 = Vector128.Create((byte)64), m7 = Vector128.Create((byte)128);
        Vector128<float> yLow = total, yHigh = totalHigh;
        for (long g = 0; g < groups; g++, group += step, x += 32, terms += 16, sums += 2)
        {
            var a = AdvSimd.LoadVector128(x);
            var c = AdvSimd.LoadVector128(x + 16);
            Vector128<int> s = Vector128<int>.Zero, u = s;
            Vector128<byte> both;
            var low = ~AdvSimd.LoadVector128(group + 128);
            var high = ~AdvSimd.LoadVector128(group + 144);
            both = AdvSimd.LoadVector128(group + 0);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveLow(both, low, m0), a, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveHigh(both, low, m4), c, 0);
            both = AdvSimd.LoadVector128(group + 16);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveLow(both, high, m0), a, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveHigh(both, high, m4), c, 0);
            both = AdvSimd.LoadVector128(group + 32);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveLow(both, low, m1), a, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveHigh(both, low, m5), c, 1);
            both = AdvSimd.LoadVector128(group + 48);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveLow(both, high, m1), a, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveHigh(both, high, m5), c, 1);
            both = AdvSimd.LoadVector128(group + 64);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveLow(both, low, m2), a, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveHigh(both, low, m6), c, 2);
            both = AdvSimd.LoadVector128(group + 80);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveLow(both, high, m2), a, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveHigh(both, high, m6), c, 2);
            both = AdvSimd.LoadVector128(group + 96);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveLow(both, low, m3), a, 3);
            s = Dp.DotProductBySelectedQuadruplet(s, BlockTilesNeonCodes.FiveHigh(both, low, m7), c, 3);
            both = AdvSimd.LoadVector128(group + 112);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveLow(both, high, m3), a, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, BlockTilesNeonCodes.FiveHigh(both, high, m7), c, 3);
            float sum = sums[0] + sums[1];
            yLow += AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonDot.Term(s, terms, terms + 8, sum, hasOffsets),
                Vector128.CreateScalarUnsafe(scales[g]), 0);
            yHigh += AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonDot.Term(u, terms + 4, terms + 12, sum, hasOffsets),
                Vector128.CreateScalarUnsafe(scales[g]), 0);
        }
        total = yLow;
        totalHigh = yHigh;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Look(Vector128<sbyte> table, Vector128<byte> nibbles) =>
        AdvSimd.Arm64.VectorTableLookup(table, nibbles.AsSByte());
}
