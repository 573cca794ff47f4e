using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q4_0 for cores without the dot product; the same bits as <see cref="Q4_0Scalar"/>. Eight products of a
/// nibble and an activation fit 16 bits (8 · 15 · 127), so a block widens once.</summary>
public static unsafe class Q4_0Neon
{
    /// <inheritdoc cref="Q4_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += Tiles.Rows)
        {
            byte* tile = w + r / Tiles.Rows * blocks * Tiles.Q4_0BlockBytes;
            for (long t = 0; t < tokens; t++) OneToken(tile, x + t * tokenBytes, y + t * yStride + r, blocks, row1 - r);
        }
    }

    private static void OneToken(byte* tile, byte* x, float* y, long blocks, long rows)
    {
        float* scales = (float*)(x + blocks * Tiles.Block);
        int* sums = (int*)(scales + blocks);
        var nibble = Vector128.Create((byte)15);
        var minusEight = Vector128.Create(-8);
        var low = Vector128<float>.Zero;
        var high = low;
        for (long b = 0; b < blocks; b++, tile += Tiles.Q4_0BlockBytes, x += Tiles.Block)
        {
            Vector128<short> p01 = Vector128<short>.Zero, p23 = p01, p45 = p01, p67 = p01;
            byte* v = tile + Tiles.ScaleBytes;
            for (long c = 0; c < Tiles.Block / 2; c += 4, v += 32)
            {
                var a = AdvSimd.LoadAndReplicateToVector128((int*)(x + c)).AsSByte();
                var d = AdvSimd.LoadAndReplicateToVector128((int*)(x + c + 16)).AsSByte();
                var both = AdvSimd.LoadVector128(v);
                var p = (both & nibble).AsSByte();
                var q = (both >>> 4).AsSByte();
                p01 = AdvSimd.MultiplyWideningLowerAndAdd(p01, p.GetLower(), a.GetLower());
                p23 = AdvSimd.MultiplyWideningUpperAndAdd(p23, p, a);
                p01 = AdvSimd.MultiplyWideningLowerAndAdd(p01, q.GetLower(), d.GetLower());
                p23 = AdvSimd.MultiplyWideningUpperAndAdd(p23, q, d);
                both = AdvSimd.LoadVector128(v + 16);
                p = (both & nibble).AsSByte();
                q = (both >>> 4).AsSByte();
                p45 = AdvSimd.MultiplyWideningLowerAndAdd(p45, p.GetLower(), a.GetLower());
                p67 = AdvSimd.MultiplyWideningUpperAndAdd(p67, p, a);
                p45 = AdvSimd.MultiplyWideningLowerAndAdd(p45, q.GetLower(), d.GetLower());
                p67 = AdvSimd.MultiplyWideningUpperAndAdd(p67, q, d);
            }
            var bias = AdvSimd.LoadAndReplicateToVector128(sums + b) * minusEight;
            var s = AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(p01), AdvSimd.AddPairwiseWidening(p23))
                + bias;
            var u = AdvSimd.Arm64.AddPairwise(AdvSimd.AddPairwiseWidening(p45), AdvSimd.AddPairwiseWidening(p67))
                + bias;
            var h = AdvSimd.LoadVector128((short*)tile);
            var scale = AdvSimd.LoadAndReplicateToVector128(scales + b);
            low += AdvSimd.ConvertToSingle(s) * (TilesNeon.ScalesLow(h) * scale);
            high += AdvSimd.ConvertToSingle(u) * (TilesNeon.ScalesHigh(h) * scale);
        }
        TilesNeon.Store(y, low, high, rows);
    }
}
