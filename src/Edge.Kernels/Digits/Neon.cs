using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Activations of the packed families with NEON, and what their kernels share; the same bits as <see
/// cref="DigitsScalar"/>.</summary>
public static unsafe class DigitsNeon
{
    /// <inheritdoc cref="DigitsScalar.QuantizeGroups"/>
    public static void QuantizeGroups(float* x, byte* q, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, q += Digits.ActivationBytes(columns))
        {
            byte* record = q + columns;
            for (long c = 0; c < columns; c += Digits.Group, x += Digits.Group, record += Digits.RecordBytes)
            {
                int sum = Quantize(x, (sbyte*)q + c, Digits.Group, (float*)record);
                Starts((int*)record + 1, sum);
            }
        }
    }

    /// <inheritdoc cref="DigitsScalar.QuantizeTokens"/>
    public static void QuantizeTokens(float* x, byte* q, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, x += columns, q += Digits.TokenActivationBytes(columns))
        {
            byte* record = q + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
            for (byte* rest = q + columns; rest < record + Digits.TokenRecordBytes; rest += 8) *(long*)rest = 0;
            ((int*)record)[1] = Quantize(x, (sbyte*)q, columns, (float*)record);
        }
    }

    /// <summary>bfloat16 lanes 0 … 3 to float. Zeros come as an argument to stay in a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Low(Vector128<ushort> scales, Vector128<ushort> zero) =>
        AdvSimd.Arm64.ZipLow(zero, scales).AsSingle();

    /// <summary>bfloat16 lanes 4 … 7 to float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> High(Vector128<ushort> scales, Vector128<ushort> zero) =>
        AdvSimd.Arm64.ZipHigh(zero, scales).AsSingle();

    /// <summary>Writes sixteen results, or the first <paramref name="rows"/> of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(float* y, Vector128<float> a, Vector128<float> b, Vector128<float> c,
        Vector128<float> d, long rows)
    {
        if (rows >= 16)
        {
            AdvSimd.Store(y, a);
            AdvSimd.Store(y + 4, b);
            AdvSimd.Store(y + 8, c);
            AdvSimd.Store(y + 12, d);
        }
        else
        {
            Store(y, a, rows);
            Store(y + 4, b, rows - 4);
            Store(y + 8, c, rows - 8);
            Store(y + 12, d, rows - 12);
        }
    }

    /// <summary>Writes four results, or the first <paramref name="rows"/> of them.</summary>
    internal static void Store(float* y, Vector128<float> values, long rows)
    {
        if (rows >= 4) AdvSimd.Store(y, values);
        else StoreSome(y, values, rows);
    }

    private static void StoreSome(float* y, Vector128<float> values, long rows)
    {
        if (rows > 0) y[0] = values.GetElement(0);
        if (rows > 1) y[1] = values.GetElement(1);
        if (rows > 2) y[2] = values.GetElement(2);
    }

    /// <summary>Writes zeros; rows is a multiple of four.</summary>
    internal static void Clear(float* y, long rows)
    {
        for (long r = 0; r < rows; r += 4) AdvSimd.Store(y + r, Vector128<float>.Zero);
    }

    /// <summary>y += values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Accumulate(float* y, Vector128<float> values) =>
        AdvSimd.Store(y, AdvSimd.LoadVector128(y) + values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quantize(float* x, sbyte* q, long n, float* scale)
    {
        Vector128<float> m0 = Vector128<float>.Zero, m1 = m0, m2 = m0, m3 = m0;
        float* end = x + n;
        for (float* v = x; v < end; v += 32)
        {
            Largest(v, ref m0, ref m1);
            Largest(v + 8, ref m2, ref m3);
            Largest(v + 16, ref m0, ref m1);
            Largest(v + 24, ref m2, ref m3);
        }
        float max = AdvSimd.Arm64.MaxAcross(AdvSimd.Max(AdvSimd.Max(m0, m1), AdvSimd.Max(m2, m3))).ToScalar();
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        var inverse = Vector128.Create(some ? 127f / max : 0);
        var sums = Vector128<int>.Zero;
        for (; x < end; x += 32, q += 32)
        {
            var low = Narrow(Pair(x, inverse), Pair(x + 8, inverse));
            var high = Narrow(Pair(x + 16, inverse), Pair(x + 24, inverse));
            AdvSimd.Store(q, low);
            AdvSimd.Store(q + 16, high);
            var pairs = AdvSimd.AddPairwiseWideningAndAdd(AdvSimd.AddPairwiseWidening(low), high);
            sums = AdvSimd.AddPairwiseWideningAndAdd(sums, pairs);
        }
        *scale = some ? max / 127f : 0;
        return AdvSimd.Arm64.AddAcross(sums).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Largest(float* x, ref Vector128<float> m0, ref Vector128<float> m1)
    {
        var a = AdvSimd.LoadVector128(x);
        var b = AdvSimd.LoadVector128(x + 4);
        m0 = AdvSimd.Max(m0, AdvSimd.Abs(a));
        m1 = AdvSimd.Max(m1, AdvSimd.Abs(b));
    }

    // DigitsScalar.Starts: multiples of the magic minus multiples of the sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Starts(int* starts, int sum)
    {
        const int M = Digits.Magic;
        var sums = Vector128.Create(sum);
        AdvSimd.Store(starts, AdvSimd.MultiplySubtract(Vector128.Create(M, unchecked(2 * M), unchecked(3 * M),
            unchecked(4 * M)), sums,
            Vector128.Create(2, 10, 42, 42)));
        AdvSimd.Store(starts + 4, AdvSimd.MultiplySubtract(Vector128.Create(M, unchecked(2 * M), unchecked(3 * M), M),
            sums,
            Vector128.Create(4, 36, 164, 8)));
        AdvSimd.Store(starts + 11, AdvSimd.MultiplySubtract(
            Vector128.Create(0, unchecked(3 * M), unchecked(4 * M), 0), sums, Vector128.Create(0, 36, 12, 0)));
        AdvSimd.Store((float*)starts + 8,
            AdvSimd.ConvertToSingle(sums) * Vector128.Create(0, 0, 0.375f, 1.5f));
        starts[8] = unchecked(2 * M - 8 * sum);
        starts[9] = sum;
    }

    // Eight products, to nearest, ties to even. Values are within ±127, so the low halves of the lanes are the numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Pair(float* x, Vector128<float> inverse) =>
        AdvSimd.Arm64.UnzipEven(AdvSimd.ConvertToInt32RoundToEven(AdvSimd.LoadVector128(x) * inverse).AsInt16(),
            AdvSimd.ConvertToInt32RoundToEven(AdvSimd.LoadVector128(x + 4) * inverse).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Narrow(Vector128<short> a, Vector128<short> b) =>
        AdvSimd.Arm64.UnzipEven(a.AsSByte(), b.AsSByte());
}
