using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Activations of the packed families with NEON, and what their kernels share; the same bits as <see cref="DigitsScalar"/>.</summary>
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
                DigitsScalar.Starts((int*)record + 1, sum);
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
    internal static void Store(float* y, Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d, long rows)
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

    private static int Quantize(float* x, sbyte* q, long n, float* scale)
    {
        Vector128<float> m0 = Vector128<float>.Zero, m1 = m0, m2 = m0, m3 = m0;
        for (long i = 0; i < n; i += 32)
        {
            m0 = AdvSimd.Max(m0, AdvSimd.Abs(AdvSimd.LoadVector128(x + i)));
            m1 = AdvSimd.Max(m1, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 4)));
            m2 = AdvSimd.Max(m2, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 8)));
            m3 = AdvSimd.Max(m3, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 12)));
            m0 = AdvSimd.Max(m0, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 16)));
            m1 = AdvSimd.Max(m1, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 20)));
            m2 = AdvSimd.Max(m2, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 24)));
            m3 = AdvSimd.Max(m3, AdvSimd.Abs(AdvSimd.LoadVector128(x + i + 28)));
        }
        float max = AdvSimd.Arm64.MaxAcross(AdvSimd.Max(AdvSimd.Max(m0, m1), AdvSimd.Max(m2, m3))).ToScalar();
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        var inverse = Vector128.Create(some ? 127f / max : 0);
        var sums = Vector128<int>.Zero;
        for (long i = 0; i < n; i += 32)
        {
            var low = Narrow(Pair(x + i, inverse), Pair(x + i + 8, inverse));
            var high = Narrow(Pair(x + i + 16, inverse), Pair(x + i + 24, inverse));
            AdvSimd.Store(q + i, low);
            AdvSimd.Store(q + i + 16, high);
            var pairs = AdvSimd.AddPairwiseWideningAndAdd(AdvSimd.AddPairwiseWidening(low), high);
            sums = AdvSimd.AddPairwiseWideningAndAdd(sums, pairs);
        }
        *scale = some ? max / 127f : 0;
        return AdvSimd.Arm64.AddAcross(sums).ToScalar();
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
