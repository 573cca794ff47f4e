using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Q4_0 with the dot product of ARMv8.2; the same bits as <see cref="Q4_0Scalar"/>. The nibbles stay
/// unsigned: minus eight times the block's activation sum is what every accumulator starts from.</summary>
public static unsafe class Q4_0NeonDot
{
    /// <inheritdoc cref="Q4_0Scalar.Rows"/>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r += Tiles.Rows)
        {
            byte* tile = w + r / Tiles.Rows * blocks * Tiles.Q4_0BlockBytes;
            long t = 0;
            for (; t + 4 <= tokens; t += 4)
                FourTokens(tile, x + t * tokenBytes, y + t * yStride + r, blocks, tokenBytes, yStride, row1 - r);
            for (; t < tokens; t++) OneToken(tile, x + t * tokenBytes, y + t * yStride + r, blocks, row1 - r);
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
            byte* v = tile + Tiles.ScaleBytes;
            var a = AdvSimd.LoadVector128((sbyte*)x);
            var c = AdvSimd.LoadVector128((sbyte*)x + 16);
            var s = AdvSimd.LoadAndReplicateToVector128(sums + b) * minusEight;
            var u = s;
            var p = AdvSimd.LoadVector128(v);
            var q = AdvSimd.LoadVector128(v + 16);
            s = Dp.DotProductBySelectedQuadruplet(s, (p & nibble).AsSByte(), a, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, (q & nibble).AsSByte(), a, 0);
            s = Dp.DotProductBySelectedQuadruplet(s, (p >>> 4).AsSByte(), c, 0);
            u = Dp.DotProductBySelectedQuadruplet(u, (q >>> 4).AsSByte(), c, 0);
            p = AdvSimd.LoadVector128(v + 32);
            q = AdvSimd.LoadVector128(v + 48);
            s = Dp.DotProductBySelectedQuadruplet(s, (p & nibble).AsSByte(), a, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, (q & nibble).AsSByte(), a, 1);
            s = Dp.DotProductBySelectedQuadruplet(s, (p >>> 4).AsSByte(), c, 1);
            u = Dp.DotProductBySelectedQuadruplet(u, (q >>> 4).AsSByte(), c, 1);
            p = AdvSimd.LoadVector128(v + 64);
            q = AdvSimd.LoadVector128(v + 80);
            s = Dp.DotProductBySelectedQuadruplet(s, (p & nibble).AsSByte(), a, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, (q & nibble).AsSByte(), a, 2);
            s = Dp.DotProductBySelectedQuadruplet(s, (p >>> 4).AsSByte(), c, 2);
            u = Dp.DotProductBySelectedQuadruplet(u, (q >>> 4).AsSByte(), c, 2);
            p = AdvSimd.LoadVector128(v + 96);
            q = AdvSimd.LoadVector128(v + 112);
            s = Dp.DotProductBySelectedQuadruplet(s, (p & nibble).AsSByte(), a, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, (q & nibble).AsSByte(), a, 3);
            s = Dp.DotProductBySelectedQuadruplet(s, (p >>> 4).AsSByte(), c, 3);
            u = Dp.DotProductBySelectedQuadruplet(u, (q >>> 4).AsSByte(), c, 3);
            var h = AdvSimd.LoadVector128((short*)tile);
            var scale = AdvSimd.LoadAndReplicateToVector128(scales + b);
            low += AdvSimd.ConvertToSingle(s) * (TilesNeon.ScalesLow(h) * scale);
            high += AdvSimd.ConvertToSingle(u) * (TilesNeon.ScalesHigh(h) * scale);
        }
        TilesNeon.Store(y, low, high, rows);
    }

    // long: four tokens share each unpacked vector; quadruplets must be constants.
    private static void FourTokens(byte* tile, byte* x, float* y, long blocks, long tokenBytes, long yStride, long rows)
    {
        byte* x1 = x + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        float* scales = (float*)(x + blocks * Tiles.Block);
        int* sums = (int*)(scales + blocks);
        long next = tokenBytes / sizeof(float);
        var nibble = Vector128.Create((byte)15);
        var minusEight = Vector128.Create(-8);
        Vector128<float> l0 = Vector128<float>.Zero, l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
        for (long b = 0; b < blocks; b++, tile += Tiles.Q4_0BlockBytes)
        {
            var s0 = AdvSimd.LoadAndReplicateToVector128(sums + b) * minusEight;
            var s1 = AdvSimd.LoadAndReplicateToVector128(sums + b + next) * minusEight;
            var s2 = AdvSimd.LoadAndReplicateToVector128(sums + b + 2 * next) * minusEight;
            var s3 = AdvSimd.LoadAndReplicateToVector128(sums + b + 3 * next) * minusEight;
            Vector128<int> u0 = s0, u1 = s1, u2 = s2, u3 = s3;
            var a0 = AdvSimd.LoadVector128((sbyte*)x + b * Tiles.Block);
            var a1 = AdvSimd.LoadVector128((sbyte*)x1 + b * Tiles.Block);
            var a2 = AdvSimd.LoadVector128((sbyte*)x2 + b * Tiles.Block);
            var a3 = AdvSimd.LoadVector128((sbyte*)x3 + b * Tiles.Block);
            var c0 = AdvSimd.LoadVector128((sbyte*)x + b * Tiles.Block + 16);
            var c1 = AdvSimd.LoadVector128((sbyte*)x1 + b * Tiles.Block + 16);
            var c2 = AdvSimd.LoadVector128((sbyte*)x2 + b * Tiles.Block + 16);
            var c3 = AdvSimd.LoadVector128((sbyte*)x3 + b * Tiles.Block + 16);
            byte* v = tile + Tiles.ScaleBytes;
            var both = AdvSimd.LoadVector128(v);
            var p = (both & nibble).AsSByte();
            var q = (both >>> 4).AsSByte();
            s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 0);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 0);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 0);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 0);
            s0 = Dp.DotProductBySelectedQuadruplet(s0, q, c0, 0);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, q, c1, 0);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, q, c2, 0);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, q, c3, 0);
            both = AdvSimd.LoadVector128(v + 16);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            u0 = Dp.DotProductBySelectedQuadruplet(u0, p, a0, 0);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, p, a1, 0);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, p, a2, 0);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, p, a3, 0);
            u0 = Dp.DotProductBySelectedQuadruplet(u0, q, c0, 0);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, q, c1, 0);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, q, c2, 0);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, q, c3, 0);
            both = AdvSimd.LoadVector128(v + 32);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 1);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 1);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 1);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 1);
            s0 = Dp.DotProductBySelectedQuadruplet(s0, q, c0, 1);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, q, c1, 1);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, q, c2, 1);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, q, c3, 1);
            both = AdvSimd.LoadVector128(v + 48);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            u0 = Dp.DotProductBySelectedQuadruplet(u0, p, a0, 1);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, p, a1, 1);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, p, a2, 1);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, p, a3, 1);
            u0 = Dp.DotProductBySelectedQuadruplet(u0, q, c0, 1);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, q, c1, 1);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, q, c2, 1);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, q, c3, 1);
            both = AdvSimd.LoadVector128(v + 64);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 2);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 2);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 2);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 2);
            s0 = Dp.DotProductBySelectedQuadruplet(s0, q, c0, 2);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, q, c1, 2);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, q, c2, 2);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, q, c3, 2);
            both = AdvSimd.LoadVector128(v + 80);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            u0 = Dp.DotProductBySelectedQuadruplet(u0, p, a0, 2);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, p, a1, 2);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, p, a2, 2);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, p, a3, 2);
            u0 = Dp.DotProductBySelectedQuadruplet(u0, q, c0, 2);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, q, c1, 2);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, q, c2, 2);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, q, c3, 2);
            both = AdvSimd.LoadVector128(v + 96);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 3);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 3);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 3);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 3);
            s0 = Dp.DotProductBySelectedQuadruplet(s0, q, c0, 3);
            s1 = Dp.DotProductBySelectedQuadruplet(s1, q, c1, 3);
            s2 = Dp.DotProductBySelectedQuadruplet(s2, q, c2, 3);
            s3 = Dp.DotProductBySelectedQuadruplet(s3, q, c3, 3);
            both = AdvSimd.LoadVector128(v + 112);
            p = (both & nibble).AsSByte();
            q = (both >>> 4).AsSByte();
            u0 = Dp.DotProductBySelectedQuadruplet(u0, p, a0, 3);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, p, a1, 3);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, p, a2, 3);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, p, a3, 3);
            u0 = Dp.DotProductBySelectedQuadruplet(u0, q, c0, 3);
            u1 = Dp.DotProductBySelectedQuadruplet(u1, q, c1, 3);
            u2 = Dp.DotProductBySelectedQuadruplet(u2, q, c2, 3);
            u3 = Dp.DotProductBySelectedQuadruplet(u3, q, c3, 3);
            var h = AdvSimd.LoadVector128((short*)tile);
            var e = TilesNeon.ScalesLow(h);
            var f = TilesNeon.ScalesHigh(h);
            var d0 = AdvSimd.LoadAndReplicateToVector128(scales + b);
            var d1 = AdvSimd.LoadAndReplicateToVector128(scales + b + next);
            var d2 = AdvSimd.LoadAndReplicateToVector128(scales + b + 2 * next);
            var d3 = AdvSimd.LoadAndReplicateToVector128(scales + b + 3 * next);
            l0 += AdvSimd.ConvertToSingle(s0) * (e * d0);
            h0 += AdvSimd.ConvertToSingle(u0) * (f * d0);
            l1 += AdvSimd.ConvertToSingle(s1) * (e * d1);
            h1 += AdvSimd.ConvertToSingle(u1) * (f * d1);
            l2 += AdvSimd.ConvertToSingle(s2) * (e * d2);
            h2 += AdvSimd.ConvertToSingle(u2) * (f * d2);
            l3 += AdvSimd.ConvertToSingle(s3) * (e * d3);
            h3 += AdvSimd.ConvertToSingle(u3) * (f * d3);
        }
        TilesNeon.Store(y, l0, h0, rows);
        TilesNeon.Store(y + yStride, l1, h1, rows);
        TilesNeon.Store(y + 2 * yStride, l2, h2, rows);
        TilesNeon.Store(y + 3 * yStride, l3, h3, rows);
    }
}
