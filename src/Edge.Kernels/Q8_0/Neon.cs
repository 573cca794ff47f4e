using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q8_0 for cores without the dot product; the same bits as <see cref="Q8_0Scalar"/>. Two products fit 16 bits
/// (2 · 128 · 127), then they widen in pairs; a row's two halves meet at the block's end.</summary>
public static unsafe class Q8_0Neon
{
    /// <inheritdoc cref="Q8_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += Tiles.Rows)
        {
            byte* tile = w + r / Tiles.Rows * blocks * Tiles.Q8_0BlockBytes;
            for (long t = 0; t < tokens; t++) OneToken(tile, x + t * tokenBytes, y + t * yStride + r, blocks, row1 - r);
        }
    }

    private static void OneToken(byte* tile, byte* x, float* y, long blocks, long rows)
    {
        float* scales = (float*)(x + blocks * Tiles.Block);
        var low = Vector128<float>.Zero;
        var high = low;
        for (long b = 0; b < blocks; b++, tile += Tiles.Q8_0BlockBytes, x += Tiles.Block)
        {
            // Two rows each: the sums of columns 0, 1 and of 2, 3 of every group of four.
            Vector128<int> s01 = Vector128<int>.Zero, s23 = s01, s45 = s01, s67 = s01;
            sbyte* v = (sbyte*)tile + Tiles.ScaleBytes;
            for (long c = 0; c < Tiles.Block; c += 8, v += 64)
            {
                var a = AdvSimd.LoadAndReplicateToVector128((int*)(x + c)).AsSByte();
                var d = AdvSimd.LoadAndReplicateToVector128((int*)(x + c + 4)).AsSByte();
                var p = AdvSimd.LoadVector128(v);
                var q = AdvSimd.LoadVector128(v + 32);
                var product = AdvSimd.MultiplyWideningLower(p.GetLower(), a.GetLower());
                product = AdvSimd.MultiplyWideningLowerAndAdd(product, q.GetLower(), d.GetLower());
                s01 = AdvSimd.AddPairwiseWideningAndAdd(s01, product);
                product = AdvSimd.MultiplyWideningUpper(p, a);
                product = AdvSimd.MultiplyWideningUpperAndAdd(product, q, d);
                s23 = AdvSimd.AddPairwiseWideningAndAdd(s23, product);
                p = AdvSimd.LoadVector128(v + 16);
                q = AdvSimd.LoadVector128(v + 48);
                product = AdvSimd.MultiplyWideningLower(p.GetLower(), a.GetLower());
                product = AdvSimd.MultiplyWideningLowerAndAdd(product, q.GetLower(), d.GetLower());
                s45 = AdvSimd.AddPairwiseWideningAndAdd(s45, product);
                product = AdvSimd.MultiplyWideningUpper(p, a);
                product = AdvSimd.MultiplyWideningUpperAndAdd(product, q, d);
                s67 = AdvSimd.AddPairwiseWideningAndAdd(s67, product);
            }
            var s = AdvSimd.Arm64.AddPairwise(s01, s23);
            var u = AdvSimd.Arm64.AddPairwise(s45, s67);
            var h = AdvSimd.LoadVector128((short*)tile);
            var scale = AdvSimd.LoadAndReplicateToVector128(scales + b);
            low += AdvSimd.ConvertToSingle(s) * (TilesNeon.ScalesLow(h) * scale);
            high += AdvSimd.ConvertToSingle(u) * (TilesNeon.ScalesHigh(h) * scale);
        }
        TilesNeon.Store(y, low, high, rows);
    }
}
