using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

internal static unsafe partial class BlockTilesNeonGroups
{
    /// <summary>A block of Q4_K, the type of most files: as <see cref="Nibbles"/>, with the terms made where they are
    /// used. All products but the last of each are exact, so that their order does not matter.</summary>
    [SkipLocalsInit]
    internal static void Q4_K(ref Vector128<float> total, ref Vector128<float> totalHigh, byte* block, sbyte* x,
        float* scales, float* sums)
    {
        BlockTilesNeonScales.Eight room;
        byte* words = (byte*)&room, group = block + 128, end = group + 1024;
        BlockTilesNeonScales.Sixteen(block + 32, words, Vector128<byte>.Zero);
        var nibble = Vector128.Create((byte)15);
        var seventh = Vector128.Create(BlockTilesNeonScales.Seventh);
        BlockTilesNeonScales.Thirds(out Vector128<float> dLow, out Vector128<float> dHigh, (short*)block, 1);
        BlockTilesNeonScales.Thirds(out Vector128<float> uLow, out Vector128<float> uHigh, (short*)block + 8, -65536);
        Vector128<byte> first = BlockTilesNeonScales.Thirds(0), second = BlockTilesNeonScales.Thirds(4);
        Vector128<float> low = total, high = totalHigh;
        do
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
            var w = AdvSimd.LoadVector64(words).ToVector128Unsafe();
            var m = AdvSimd.LoadVector64(words + 64).ToVector128Unsafe();
            // 2^110: words are 2^-133-fold, units of offsets 2^23-fold.
            var sum = Vector128.CreateScalarUnsafe((sums[0] + sums[1]) * 1.2980742146337069e33f);
            var scale = Vector128.CreateScalarUnsafe(*scales);
            var v = AdvSimd.ConvertToSingle(s) * (BlockTilesNeonScales.Unsigned(w, first) * seventh * dLow)
                + AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonScales.Unsigned(m, first), sum, 0) * uLow;
            low += AdvSimd.MultiplyBySelectedScalar(v, scale, 0);
            v = AdvSimd.ConvertToSingle(u) * (BlockTilesNeonScales.Unsigned(w, second) * seventh * dHigh)
                + AdvSimd.MultiplyBySelectedScalar(BlockTilesNeonScales.Unsigned(m, second), sum, 0) * uHigh;
            high += AdvSimd.MultiplyBySelectedScalar(v, scale, 0);
            group += 128;
            x += 32;
            words += 8;
            scales++;
            sums += 2;
        } while (group < end);
        total = low;
        totalHigh = high;
    }
}
