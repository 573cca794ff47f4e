using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Four rows of four tokens of <see cref="BlockTiles"/> with the dot product: codes that are taken apart, up
/// to eight groups. Scales and offsets: <see cref="BlockTilesNeonScales"/>.</summary>
internal static unsafe class BlockTilesNeonFour
{
    /// <summary>Adds four rows of up to eight groups to the sums of four tokens, eight floats apart.</summary>
    internal static void Add(sbyte* codes, float* terms, byte* x, long g, long groups, long columns,
        long tokenBytes, float* total, int format)
    {
        sbyte* x0 = (sbyte*)x + g * 32, x1 = x0 + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        byte* scales = x + columns + g * sizeof(float), sums = x + columns + columns / 8 + 2 * g * sizeof(float);
        bool hasHalves = (BlockTiles.Halves >> format & 1) != 0, hasOffsets = (BlockTiles.Offsets >> format & 1) != 0;
        var y0 = AdvSimd.LoadVector128(total);
        var y1 = AdvSimd.LoadVector128(total + 8);
        var y2 = AdvSimd.LoadVector128(total + 16);
        var y3 = AdvSimd.LoadVector128(total + 24);
        for (long i = 0; i < groups; i++)
        {
            Vector128<int> s0 = Vector128<int>.Zero, s1 = s0, s2 = s0, s3 = s0;
            HalfGroup(ref s0, ref s1, ref s2, ref s3, codes, x0, x1, x2, x3);
            if (hasHalves)
            {
                Vector128<int> t0 = Vector128<int>.Zero, t1 = t0, t2 = t0, t3 = t0;
                HalfGroup(ref t0, ref t1, ref t2, ref t3, codes + 64, x0 + 16, x1 + 16, x2 + 16, x3 + 16);
                AddHalves(ref y0, s0, t0, terms, scales, sums, hasOffsets);
                AddHalves(ref y1, s1, t1, terms, scales + tokenBytes, sums + tokenBytes, hasOffsets);
                AddHalves(ref y2, s2, t2, terms, scales + 2 * tokenBytes, sums + 2 * tokenBytes, hasOffsets);
                AddHalves(ref y3, s3, t3, terms, scales + 3 * tokenBytes, sums + 3 * tokenBytes, hasOffsets);
                terms += 16;
            }
            else
            {
                HalfGroup(ref s0, ref s1, ref s2, ref s3, codes + 64, x0 + 16, x1 + 16, x2 + 16, x3 + 16);
                AddGroup(ref y0, s0, terms, scales, sums, hasOffsets);
                AddGroup(ref y1, s1, terms, scales + tokenBytes, sums + tokenBytes, hasOffsets);
                AddGroup(ref y2, s2, terms, scales + 2 * tokenBytes, sums + 2 * tokenBytes, hasOffsets);
                AddGroup(ref y3, s3, terms, scales + 3 * tokenBytes, sums + 3 * tokenBytes, hasOffsets);
            }
            terms += 16;
            codes += 256;
            x0 += 32;
            x1 += 32;
            x2 += 32;
            x3 += 32;
            scales += sizeof(float);
            sums += 2 * sizeof(float);
        }
        AdvSimd.Store(total, y0);
        AdvSimd.Store(total + 8, y1);
        AdvSimd.Store(total + 16, y2);
        AdvSimd.Store(total + 24, y3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void HalfGroup(ref Vector128<int> s0, ref Vector128<int> s1, ref Vector128<int> s2,
        ref Vector128<int> s3, sbyte* codes, sbyte* x0, sbyte* x1, sbyte* x2, sbyte* x3)
    {
        var a0 = AdvSimd.LoadVector128(x0);
        var a1 = AdvSimd.LoadVector128(x1);
        var a2 = AdvSimd.LoadVector128(x2);
        var a3 = AdvSimd.LoadVector128(x3);
        var p = AdvSimd.LoadVector128(codes);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 0);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 0);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 0);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 0);
        p = AdvSimd.LoadVector128(codes + 16);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 1);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 1);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 1);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 1);
        p = AdvSimd.LoadVector128(codes + 32);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 2);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 2);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 2);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 2);
        p = AdvSimd.LoadVector128(codes + 48);
        s0 = Dp.DotProductBySelectedQuadruplet(s0, p, a0, 3);
        s1 = Dp.DotProductBySelectedQuadruplet(s1, p, a1, 3);
        s2 = Dp.DotProductBySelectedQuadruplet(s2, p, a2, 3);
        s3 = Dp.DotProductBySelectedQuadruplet(s3, p, a3, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddGroup(ref Vector128<float> y, Vector128<int> dot, float* terms, byte* scale, byte* sums,
        bool hasOffsets)
    {
        var v = AdvSimd.ConvertToSingle(dot) * AdvSimd.LoadVector128(terms);
        if (hasOffsets)
        {
            var sum = Vector128.CreateScalarUnsafe(((float*)sums)[0] + ((float*)sums)[1]);
            v += AdvSimd.MultiplyBySelectedScalar(AdvSimd.LoadVector128(terms + 8), sum, 0);
        }
        y += AdvSimd.MultiplyBySelectedScalar(v, Vector128.CreateScalarUnsafe(*(float*)scale), 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddHalves(ref Vector128<float> y, Vector128<int> first, Vector128<int> second, float* terms,
        byte* scale, byte* sums, bool hasOffsets)
    {
        var v = AdvSimd.ConvertToSingle(first) * AdvSimd.LoadVector128(terms);
        var w = AdvSimd.ConvertToSingle(second) * AdvSimd.LoadVector128(terms + 8);
        if (hasOffsets)
        {
            v += AdvSimd.MultiplyBySelectedScalar(AdvSimd.LoadVector128(terms + 16),
                Vector128.CreateScalarUnsafe(((float*)sums)[0]), 0);
            w += AdvSimd.MultiplyBySelectedScalar(AdvSimd.LoadVector128(terms + 24),
                Vector128.CreateScalarUnsafe(((float*)sums)[1]), 0);
        }
        y += AdvSimd.MultiplyBySelectedScalar(v + w, Vector128.CreateScalarUnsafe(*(float*)scale), 0);
    }
}
