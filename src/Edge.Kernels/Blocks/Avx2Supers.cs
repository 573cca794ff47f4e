using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="BlocksScalar"/> for blocks of 256 with scales of their own inside (Q2_K to Q6_K,
/// IQ4_XS): the block's halves become floats once, its eight or sixteen scales together. The sums are those of the
/// specification, in its order.</summary>
internal static unsafe class BlocksAvx2Supers
{
    /// <summary>Rows × tokens, tokens by four, for which quants are unpacked once; the others with two rows at a time,
    /// whose sums do not wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long rowBytes = columns / 256 * Blocks.BlockBytes(format), tokenBytes = BlockTiles.ActivationBytes(columns);
        long fours = tokens & ~3L;
        for (long r = row0; r < row1 && fours > 0; r++)
        {
            for (long t = 0; t < fours; t += 4)
            {
                Four(w + r * rowBytes, x + t * tokenBytes, tokenBytes, y + t * yStride + r, yStride, columns,
                    format);
            }
        }
        for (long t = fours; t < tokens; t++)
        {
            for (long r = row0; r < row1; r += 2)
            {
                // The last of an odd count is its own neighbour.
                long other = r + 1 < row1 ? 1 : 0;
                Two(w + r * rowBytes, other * rowBytes, x + t * tokenBytes, y + t * yStride + r, other, columns,
                    format);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two(byte* row, long other, byte* x, float* y, long yOther, long columns, int format)
    {
        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, l0, l1, h0, h1;
        float o0 = 0, o1 = 0;
        for (long c = 0; c < columns; c += 256, row += Blocks.BlockBytes(format))
        {
            float* scales = (float*)(x + columns) + (c >> 5);
            BlocksAvx2Scales.Scales(row, format, out Vector256<float> lows, out Vector256<float> highs);
            Times(lows, highs, scales, &l0, &h0, format);
            BlocksAvx2Scales.Scales(row + other, format, out lows, out highs);
            Times(lows, highs, scales, &l1, &h1, format);
            for (long half = 0; half < 2; half++)
            {
                Vector256<byte> b0 = Bits(row, half, format), b1 = Bits(row + other, half, format);
                byte* a = x + c + half * 128;
                long g = half * 4;
                Vector256<sbyte> q = Quants(row, half, 0, b0, format);
                s0 = Add(s0, q, Avx2.Abs(q), a, (float*)&l0 + g, (float*)&h0 + g, format);
                q = Quants(row + other, half, 0, b1, format);
                s1 = Add(s1, q, Avx2.Abs(q), a, (float*)&l1 + g, (float*)&h1 + g, format);
                q = Quants(row, half, 1, b0, format);
                s0 = Add(s0, q, Avx2.Abs(q), a + 32, (float*)&l0 + g + 1, (float*)&h0 + g + 1, format);
                q = Quants(row + other, half, 1, b1, format);
                s1 = Add(s1, q, Avx2.Abs(q), a + 32, (float*)&l1 + g + 1, (float*)&h1 + g + 1, format);
                q = Quants(row, half, 2, b0, format);
                s0 = Add(s0, q, Avx2.Abs(q), a + 64, (float*)&l0 + g + 2, (float*)&h0 + g + 2, format);
                q = Quants(row + other, half, 2, b1, format);
                s1 = Add(s1, q, Avx2.Abs(q), a + 64, (float*)&l1 + g + 2, (float*)&h1 + g + 2, format);
                q = Quants(row, half, 3, b0, format);
                s0 = Add(s0, q, Avx2.Abs(q), a + 96, (float*)&l0 + g + 3, (float*)&h0 + g + 3, format);
                q = Quants(row + other, half, 3, b1, format);
                s1 = Add(s1, q, Avx2.Abs(q), a + 96, (float*)&l1 + g + 3, (float*)&h1 + g + 3, format);
            }
            if (!Blocks.HasOffset(format)) continue;
            Vector256<int> firsts = Firsts(x + c, format);
            BlocksAvx2Scales.Offsets(row, format, out lows, out highs);
            o0 = Offset(o0, lows, highs, firsts, x, c, columns, format);
            BlocksAvx2Scales.Offsets(row + other, format, out lows, out highs);
            o1 = Offset(o1, lows, highs, firsts, x, c, columns, format);
        }
        y[yOther] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s1) + o1 : FloatAvx2.Sum(s1);
        y[0] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s0) + o0 : FloatAvx2.Sum(s0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(byte* row, byte* x, long tokenBytes, float* y, long yStride, long columns, int format)
    {
        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, s2 = s0, s3 = s0, l0, l1, l2, l3, h0, h1, h2, h3;
        float o0 = 0, o1 = 0, o2 = 0, o3 = 0;
        byte* x1 = x + tokenBytes, x2 = x1 + tokenBytes, x3 = x2 + tokenBytes;
        for (long c = 0; c < columns; c += 256, row += Blocks.BlockBytes(format))
        {
            BlocksAvx2Scales.Scales(row, format, out Vector256<float> lows, out Vector256<float> highs);
            Times(lows, highs, (float*)(x + columns) + (c >> 5), &l0, &h0, format);
            Times(lows, highs, (float*)(x1 + columns) + (c >> 5), &l1, &h1, format);
            Times(lows, highs, (float*)(x2 + columns) + (c >> 5), &l2, &h2, format);
            Times(lows, highs, (float*)(x3 + columns) + (c >> 5), &l3, &h3, format);
            for (long g = 0, at = c; g < 8; g++, at += 32)
            {
                Vector256<sbyte> q = Quants(row, g >> 2, (int)g & 3, Bits(row, g >> 2, format), format);
                Vector256<byte> abs = Avx2.Abs(q);
                s0 = Add(s0, q, abs, x + at, (float*)&l0 + g, (float*)&h0 + g, format);
                s1 = Add(s1, q, abs, x1 + at, (float*)&l1 + g, (float*)&h1 + g, format);
                s2 = Add(s2, q, abs, x2 + at, (float*)&l2 + g, (float*)&h2 + g, format);
                s3 = Add(s3, q, abs, x3 + at, (float*)&l3 + g, (float*)&h3 + g, format);
            }
            if (!Blocks.HasOffset(format)) continue;
            BlocksAvx2Scales.Offsets(row, format, out lows, out highs);
            o0 = Offset(o0, lows, highs, Firsts(x + c, format), x, c, columns, format);
            o1 = Offset(o1, lows, highs, Firsts(x1 + c, format), x1, c, columns, format);
            o2 = Offset(o2, lows, highs, Firsts(x2 + c, format), x2, c, columns, format);
            o3 = Offset(o3, lows, highs, Firsts(x3 + c, format), x3, c, columns, format);
        }
        y[0] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s0) + o0 : FloatAvx2.Sum(s0);
        y[yStride] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s1) + o1 : FloatAvx2.Sum(s1);
        y[2 * yStride] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s2) + o2 : FloatAvx2.Sum(s2);
        y[3 * yStride] = Blocks.HasOffset(format) ? FloatAvx2.Sum(s3) + o3 : FloatAvx2.Sum(s3);
    }

    /// <summary>A scale per 16 columns; the others have one per 32, in low.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HasHalves(int format) => format is Blocks.Q2_K or Blocks.Q3_K or Blocks.Q6_K;

    /// <summary>Scales of weights × those of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Times(Vector256<float> lows, Vector256<float> highs, float* scales, Vector256<float>* low,
        Vector256<float>* high, int format)
    {
        Vector256<float> eight = Avx.LoadVector256(scales);
        *low = lows * eight;
        if (HasHalves(format)) *high = highs * eight;
    }

    /// <summary>The bits that stand apart from the other ones of the quants, for four groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Bits(byte* block, long half, int format)
    {
        if (format == Blocks.Q6_K) return Avx.LoadVector256(block + 128 + half * 32);
        if (format is not (Blocks.Q5_K or Blocks.Q3_K)) return default;
        Vector256<ushort> all = Avx.LoadVector256(block + (format == Blocks.Q5_K ? 16 : 0)).AsUInt16();
        return (all >>> (int)half * 4).AsByte();
    }

    /// <summary>The 32 integers of a group; <paramref name="k"/> is its place in its half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Quants(byte* block, long half, int k, Vector256<byte> bits, int format)
    {
        Vector256<byte> nibble = Vector256.Create((byte)15), two = Vector256.Create((byte)3);
        if (format == Blocks.IQ4_XS)
        {
            Vector128<byte> pairs = Sse2.LoadVector128(block + 8 + half * 64 + k * 16);
            Vector256<byte> both = Vector256.Create(pairs, (pairs.AsUInt16() >>> 4).AsByte()) & nibble;
            Vector128<sbyte> table = Blocks.Table(format);
            return Avx2.Shuffle(Vector256.Create(table, table), both.AsSByte());
        }
        if (format is Blocks.Q2_K or Blocks.Q3_K)
        {
            Vector256<byte> pairs = Avx.LoadVector256(block + (format == Blocks.Q2_K ? 16 : 32) + half * 32);
            Vector256<sbyte> q = (Right(pairs, 2 * k) & two).AsSByte();
            if (format == Blocks.Q2_K) return q;
            var four = (Left(Right(bits, k) & Vector256.Create((byte)1), 2)).AsSByte();
            return q + four - Vector256.Create((sbyte)4);
        }
        if (format == Blocks.Q6_K)
        {
            Vector256<byte> low = Avx.LoadVector256(block + half * 64 + (k & 1) * 32);
            Vector256<byte> six = Right(low, (k & 2) * 2) & nibble | Left(Right(bits, 2 * k) & two, 4);
            return six.AsSByte() - Vector256.Create((sbyte)32);
        }
        Vector256<byte> quants = Avx.LoadVector256(block + (format == Blocks.Q4_K ? 16 : 48) + half * 64 + k / 2 * 32);
        quants = Right(quants, (k & 1) * 4) & nibble;
        if (format == Blocks.Q5_K) quants |= Left(Right(bits, k) & Vector256.Create((byte)1), 4);
        return quants.AsSByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> sum, Vector256<sbyte> q, Vector256<byte> abs, byte* x,
        float* low, float* high, int format)
    {
        Vector256<sbyte> a = Avx.LoadVector256((sbyte*)x);
        Vector256<short> pairs = format is Blocks.Q2_K or Blocks.Q4_K or Blocks.Q5_K
            ? Avx2.MultiplyAddAdjacent(q.AsByte(), a) : Avx2.MultiplyAddAdjacent(abs, Avx2.Sign(a, q));
        Vector256<int> dots = Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((short)1));
        Vector256<float> scale = Avx.BroadcastScalarToVector256(low);
        if (HasHalves(format)) scale = Avx.Blend(scale, Avx.BroadcastScalarToVector256(high), 0xF0);
        return Avx.Add(sum, Avx.Multiply(Avx.ConvertToVector256Single(dots), scale));
    }

    /// <summary>Adds the offsets' part of a block, group after group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Offset(float offset, Vector256<float> lows, Vector256<float> highs, Vector256<int> firsts,
        byte* x, long c, long columns, int format)
    {
        Vector256<float> scales = Avx.LoadVector256((float*)(x + columns) + (c >> 5)), low, high;
        Vector256<int> sums = Avx.LoadVector256((int*)(x + columns + columns / 8) + (c >> 5));
        low = Avx.ConvertToVector256Single(format == Blocks.Q2_K ? firsts : sums) * (lows * scales);
        high = Avx.ConvertToVector256Single(sums - firsts) * (highs * scales);
        for (long g = 0; g < 8; g++)
        {
            offset += ((float*)&low)[g];
            if (format == Blocks.Q2_K) offset += ((float*)&high)[g];
        }
        return offset;
    }

    /// <summary>Sums of the first 16 columns of the eight groups, for the format that asks for them. Int8 as bytes
    /// above −128: the sum of their distances from 0 is one instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Firsts(byte* x, int format)
    {
        if (format != Blocks.Q2_K) return default;
        Vector256<long> a = Eights(x), b = Eights(x + 64), c = Eights(x + 128), d = Eights(x + 192);
        a = Avx2.UnpackLow(a, b) + Avx2.UnpackHigh(a, b);
        c = Avx2.UnpackLow(c, d) + Avx2.UnpackHigh(c, d);
        // Groups 0 2 4 6, 1 3 5 7.
        Vector256<int> all = Avx.Shuffle(a.AsSingle(), c.AsSingle(), 0x88).AsInt32();
        return Avx2.PermuteVar8x32(all, Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)) - Vector256.Create(2048);
    }

    /// <summary>Of two groups: sums of eight columns twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> Eights(byte* x)
    {
        Vector256<byte> two = Vector256.Create(Sse2.LoadVector128(x), Sse2.LoadVector128(x + 32));
        return Avx2.SumAbsoluteDifferences(two ^ Vector256.Create((byte)128), Vector256<byte>.Zero).AsInt64();
    }

    /// <summary>Bytes shifted, with the neighbour's bits on top: callers mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Right(Vector256<byte> v, int count) =>
        count == 0 ? v : (v.AsUInt16() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Left(Vector256<byte> v, int count) => (v.AsUInt16() << count).AsByte();
}
