using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q8_0 with the dot product of ARMv8.2; the same bits as <see cref="Q8_0Scalar"/>. Half a vector of the tile
/// is four rows × four columns: one SDOT against a selected quadruplet of activations, a lane per row.</summary>
public static unsafe class Q8_0NeonDot
{
    /// <inheritdoc cref="Q8_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += Tiles.Rows)
        {
            byte* tile = w + r / Tiles.Rows * blocks * Tiles.Q8_0BlockBytes;
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                FourTokens(tile, x + t * tokenBytes, y + t * yStride + r, blocks, tokenBytes, yStride, row1 - r);
            for (; t < tokens; t++) OneToken(tile, x + t * tokenBytes, y + t * yStride + r, blocks, row1 - r);
        }
    }

    private static void OneToken(byte* tile, byte* x, float* y, long blocks, long rows)
    {
        float* scales = (float*)(x + blocks * Tiles.Block);
        var low = Vector128<float>.Zero;
        var high = low;
        for (long b = 0; b < blocks; b++, tile += Tiles.Q8_0BlockBytes, x += Tiles.Block)
        {
            sbyte* v = (sbyte*)tile + Tiles.ScaleBytes;
            var a = AdvSimd.LoadVector128((sbyte*)x);
            var c = AdvSimd.LoadVector128((sbyte*)x + 16);
            var s = Vector128<int>.Zero;
            var u = s;
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v), a, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 16), a, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 32), a, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 48), a, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 64), a, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 80), a, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 96), a, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 112), a, 3);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 128), c, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 144), c, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 160), c, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 176), c, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 192), c, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 208), c, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, AdvSimd.LoadVector128(v + 224), c, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, AdvSimd.LoadVector128(v + 240), c, 3);
            var h = AdvSimd.LoadVector128((short*)tile);
            var scale = AdvSimd.LoadAndReplicateToVector128(scales + b);
            low += AdvSimd.ConvertToSingle(s) * (TilesNeon.ScalesLow(h) * scale);
            high += AdvSimd.ConvertToSingle(u) * (TilesNeon.ScalesHigh(h) * scale);
        }
        TilesNeon.Store(y, low, high, rows);
    }

    // long: four tokens share each load of weights; quadruplets must be constants.
    private static void FourTokens(byte* tile, byte* x, float* y, long blocks, long tokenBytes, long yStride, long rows)
    {
        byte* x1 = x + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        float* scales = (float*)(x + blocks * Tiles.Block);
        long next = tokenBytes / sizeof(float);
        Vector128<float> l0 = Vector128<float>.Zero, l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
        for (long b = 0; b < blocks; b++, tile += Tiles.Q8_0BlockBytes)
        {
            Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, s3 = s0, u0 = s0, u1 = s0, u2 = s0, u3 = s0;
            sbyte* v = (sbyte*)tile + Tiles.ScaleBytes;
            for (long half = 0; half < Tiles.Block; half += 16, v += 128)
            {
                var a0 = AdvSimd.LoadVector128((sbyte*)x + b * Tiles.Block + half);
                var a1 = AdvSimd.LoadVector128((sbyte*)x1 + b * Tiles.Block + half);
                var a2 = AdvSimd.LoadVector128((sbyte*)x2 + b * Tiles.Block + half);
                var a3 = AdvSimd.LoadVector128((sbyte*)x3 + b * Tiles.Block + half);
                var p = AdvSimd.LoadVector128(v);
                var q = AdvSimd.LoadVector128(v + 16);
                s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 0);
                s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 0);
                s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 0);
                s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 0);
                u0 = Dp.DotProductBySelectedQuadruplet(u0, q, a0, 0);
                u1 = Dp.DotProductBySelectedQuadruplet(u1, q, a1, 0);
                u2 = Dp.DotProductBySelectedQuadruplet(u2, q, a2, 0);
                u3 = Dp.DotProductBySelectedQuadruplet(u3, q, a3, 0);
                p = AdvSimd.LoadVector128(v + 32);
                q = AdvSimd.LoadVector128(v + 48);
                s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 1);
                s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 1);
                s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 1);
                s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 1);
                u0 = Dp.DotProductBySelectedQuadruplet(u0, q, a0, 1);
                u1 = Dp.DotProductBySelectedQuadruplet(u1, q, a1, 1);
                u2 = Dp.DotProductBySelectedQuadruplet(u2, q, a2, 1);
                u3 = Dp.DotProductBySelectedQuadruplet(u3, q, a3, 1);
                p = AdvSimd.LoadVector128(v + 64);
                q = AdvSimd.LoadVector128(v + 80);
                s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 2);
                s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 2);
                s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 2);
                s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 2);
                u0 = Dp.DotProductBySelectedQuadruplet(u0, q, a0, 2);
                u1 = Dp.DotProductBySelectedQuadruplet(u1, q, a1, 2);
                u2 = Dp.DotProductBySelectedQuadruplet(u2, q, a2, 2);
                u3 = Dp.DotProductBySelectedQuadruplet(u3, q, a3, 2);
                p = AdvSimd.LoadVector128(v + 96);
                q = AdvSimd.LoadVector128(v + 112);
                s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 3);
                s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 3);
                s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 3);
                s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 3);
                u0 = Dp.DotProductBySelectedQuadruplet(u0, q, a0, 3);
                u1 = Dp.DotProductBySelectedQuadruplet(u1, q, a1, 3);
                u2 = Dp.DotProductBySelectedQuadruplet(u2, q, a2, 3);
                u3 = Dp.DotProductBySelectedQuadruplet(u3, q, a3, 3);
            }
            var h = AdvSimd.LoadVector128((short*)tile);
            var e = TilesNeon.ScalesLow(h);
            var f = TilesNeon.ScalesHigh(h);
            var c0 = AdvSimd.LoadAndReplicateToVector128(scales + b);
            var c1 = AdvSimd.LoadAndReplicateToVector128(scales + b + next);
            var c2 = AdvSimd.LoadAndReplicateToVector128(scales + b + 2 * next);
            var c3 = AdvSimd.LoadAndReplicateToVector128(scales + b + 3 * next);
            l0 += AdvSimd.ConvertToSingle(s0) * (e * c0);
            l1 += AdvSimd.ConvertToSingle(s1) * (e * c1);
            l2 += AdvSimd.ConvertToSingle(s2) * (e * c2);
            l3 += AdvSimd.ConvertToSingle(s3) * (e * c3);
            h0 += AdvSimd.ConvertToSingle(u0) * (f * c0);
            h1 += AdvSimd.ConvertToSingle(u1) * (f * c1);
            h2 += AdvSimd.ConvertToSingle(u2) * (f * c2);
            h3 += AdvSimd.ConvertToSingle(u3) * (f * c3);
        }
        TilesNeon.Store(y, l0, h0, rows);
        TilesNeon.Store(y + yStride, l1, h1, rows);
        TilesNeon.Store(y + 2 * yStride, l2, h2, rows);
        TilesNeon.Store(y + 3 * yStride, l3, h3, rows);
    }
}
