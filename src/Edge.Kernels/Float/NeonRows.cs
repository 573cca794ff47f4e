using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>The rows of F32, F16 and BF16 of <see cref="FloatNeon"/>, two at a time: with four tokens, which share what
/// is loaded and widened, or with one. Eight partial sums per row and token, in one order whatever the batch.
/// <para>Halves are widened as if they were finite. Two rows in which the largest exponent says otherwise are computed
/// once more, slowly: the same bits for a row that is finite.</para></summary>
internal static unsafe class FloatNeonRows
{
    private const uint Infinite = 0xF800; // twice the bits of a half's infinity

    /// <summary>As <see cref="FloatScalar.RowsF32"/>. Mask and unit make a float of a half, mask 0 one of a bfloat16:
    /// given from outside, since the compiler would make constants of the loops' own in each of their steps.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Rows<TFormat>(byte* w, float* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, uint mask, float unit) where TFormat : unmanaged
    {
        long rowBytes = FloatScalar.RowBytes(columns, Format<TFormat>());
        for (long r = row0; r < row1; r += 2)
        {
            // An odd row is its own neighbour.
            long next = r + 1 < row1 ? 1 : 0;
            byte* row = w + r * rowBytes, second = row + next * rowBytes;
            float* a = x, to = y + r;
            long t = 0;
            for (; t + 4 <= tokens; t += 4, a += 4 * columns, to += 4 * yStride)
                TwoByFour<TFormat>(row, second, a, to, next, yStride, columns, mask, unit);
            for (; t < tokens; t++, a += columns, to += yStride)
                Two<TFormat>(row, second, a, to, next, columns, mask, unit);
        }
    }

    private static int Format<TFormat>() where TFormat : unmanaged =>
        sizeof(TFormat) == sizeof(float) ? FloatScalar.F32 : sizeof(TFormat);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Two<TFormat>(byte* row, byte* second, float* x, float* y, long next, long columns, uint mask,
        float unit) where TFormat : unmanaged
    {
        Vector128<float> a0 = Vector128<float>.Zero, a1 = a0, b0 = a0, b1 = a0;
        Vector128<uint> masks = Vector128.Create(mask);
        var top = Vector128<ushort>.Zero;
        long whole = columns & ~7;
        for (long c = 0; c < whole; c += 8)
        {
            Eight<TFormat>(row, c, masks, unit, ref top, out var k0, out var k1);
            Eight<TFormat>(second, c, masks, unit, ref top, out var l0, out var l1);
            Vector128<float> low = AdvSimd.LoadVector128(x + c), high = AdvSimd.LoadVector128(x + c + 4);
            a0 = AdvSimd.FusedMultiplyAdd(a0, low, k0);
            b0 = AdvSimd.FusedMultiplyAdd(b0, low, l0);
            a1 = AdvSimd.FusedMultiplyAdd(a1, high, k1);
            b1 = AdvSimd.FusedMultiplyAdd(b1, high, l1);
        }
        float s = FloatNeon.Sum(a0 + a1), u = FloatNeon.Sum(b0 + b1);
        if (Format<TFormat>() == FloatScalar.F16 && AdvSimd.Arm64.MaxAcross(top).ToScalar() >= Infinite)
        {
            s = Slowly(row, x, whole);
            u = Slowly(second, x, whole);
        }
        y[0] = s + Rest<TFormat>(row, x, whole, columns);
        y[next] = u + Rest<TFormat>(second, x, whole, columns);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TwoByFour<TFormat>(byte* row, byte* second, float* x, float* y, long next, long yStride,
        long columns, uint mask, float unit) where TFormat : unmanaged
    {
        Vector128<float> a0 = Vector128<float>.Zero, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        Vector128<float> b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0, b6 = a0, b7 = a0;
        Vector128<uint> masks = Vector128.Create(mask);
        var top = Vector128<ushort>.Zero;
        float* x1 = x + columns, x2 = x1 + columns, x3 = x2 + columns;
        long whole = columns & ~7;
        for (long c = 0; c < whole; c += 8)
        {
            Eight<TFormat>(row, c, masks, unit, ref top, out var k0, out var k1);
            Eight<TFormat>(second, c, masks, unit, ref top, out var l0, out var l1);
            Add(x + c, k0, k1, l0, l1, ref a0, ref a1, ref b0, ref b1);
            Add(x1 + c, k0, k1, l0, l1, ref a2, ref a3, ref b2, ref b3);
            Add(x2 + c, k0, k1, l0, l1, ref a4, ref a5, ref b4, ref b5);
            Add(x3 + c, k0, k1, l0, l1, ref a6, ref a7, ref b6, ref b7);
        }
        if (Format<TFormat>() == FloatScalar.F16 && AdvSimd.Arm64.MaxAcross(top).ToScalar() >= Infinite)
        {
            for (long t = 0; t < 4; t++, x += columns, y += yStride)
                Two<TFormat>(row, second, x, y, next, columns, mask, unit);
            return;
        }
        // All sums first: what lived on behind a call would be stored in every step of the loop.
        float s0 = FloatNeon.Sum(a0 + a1), s1 = FloatNeon.Sum(a2 + a3);
        float s2 = FloatNeon.Sum(a4 + a5), s3 = FloatNeon.Sum(a6 + a7);
        float u0 = FloatNeon.Sum(b0 + b1), u1 = FloatNeon.Sum(b2 + b3);
        float u2 = FloatNeon.Sum(b4 + b5), u3 = FloatNeon.Sum(b6 + b7);
        (y[0], y[next]) = (s0 + Rest<TFormat>(row, x, whole, columns), u0 + Rest<TFormat>(second, x, whole, columns));
        y += yStride;
        (y[0], y[next]) = (s1 + Rest<TFormat>(row, x1, whole, columns), u1 + Rest<TFormat>(second, x1, whole, columns));
        y += yStride;
        (y[0], y[next]) = (s2 + Rest<TFormat>(row, x2, whole, columns), u2 + Rest<TFormat>(second, x2, whole, columns));
        y += yStride;
        (y[0], y[next]) = (s3 + Rest<TFormat>(row, x3, whole, columns), u3 + Rest<TFormat>(second, x3, whole, columns));
    }

    /// <summary>Eight columns of two rows with one token.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* x, Vector128<float> k0, Vector128<float> k1, Vector128<float> l0,
        Vector128<float> l1, ref Vector128<float> a0, ref Vector128<float> a1, ref Vector128<float> b0,
        ref Vector128<float> b1)
    {
        Vector128<float> low = AdvSimd.LoadVector128(x), high = AdvSimd.LoadVector128(x + 4);
        a0 = AdvSimd.FusedMultiplyAdd(a0, low, k0);
        b0 = AdvSimd.FusedMultiplyAdd(b0, low, l0);
        a1 = AdvSimd.FusedMultiplyAdd(a1, high, k1);
        b1 = AdvSimd.FusedMultiplyAdd(b1, high, l1);
    }

    /// <summary>Eight weights; of halves, top has the largest bits without sign, twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight<TFormat>(byte* row, long c, Vector128<uint> masks, float unit, ref Vector128<ushort> top,
        out Vector128<float> low, out Vector128<float> high) where TFormat : unmanaged
    {
        if (Format<TFormat>() == FloatScalar.F32)
        {
            low = AdvSimd.LoadVector128((float*)row + c);
            high = AdvSimd.LoadVector128((float*)row + c + 4);
            return;
        }
        var eight = AdvSimd.LoadVector128((ushort*)row + c);
        if (Format<TFormat>() == FloatScalar.BF16)
        {
            low = AdvSimd.Arm64.ZipLow(masks.AsUInt16(), eight).AsSingle();
            high = AdvSimd.Arm64.ZipHigh(masks.AsUInt16(), eight).AsSingle();
            return;
        }
        top = AdvSimd.Max(top, eight + eight);
        low = FloatNeon.Widen(AdvSimd.LoadVector64((short*)row + c), masks) * unit;
        high = FloatNeon.Widen(AdvSimd.LoadVector64((short*)row + c + 4), masks) * unit;
    }

    /// <summary>Whole eights of one row of halves, infinities and NaN among them, with one token.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Slowly(byte* row, float* x, long whole)
    {
        Vector128<float> a0 = Vector128<float>.Zero, a1 = a0;
        for (long c = 0; c < whole; c += 8)
        {
            var low = FloatNeon.FromF16(AdvSimd.LoadVector64((ushort*)row + c));
            var high = FloatNeon.FromF16(AdvSimd.LoadVector64((ushort*)row + c + 4));
            a0 = AdvSimd.FusedMultiplyAdd(a0, AdvSimd.LoadVector128(x + c), low);
            a1 = AdvSimd.FusedMultiplyAdd(a1, AdvSimd.LoadVector128(x + c + 4), high);
        }
        return FloatNeon.Sum(a0 + a1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Rest<TFormat>(byte* row, float* x, long whole, long columns) where TFormat : unmanaged
    {
        float sum = 0;
        for (long c = whole; c < columns; c++) sum += FloatScalar.Weight(row, c, Format<TFormat>()) * x[c];
        return sum;
    }
}
