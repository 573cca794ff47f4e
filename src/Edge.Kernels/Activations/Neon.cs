using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Edge.Kernels;

/// <summary>Preparation of activations with NEON; the same bits as <see cref="ActivationsScalar"/>.</summary>
public static unsafe class ActivationsNeon
{
    /// <inheritdoc cref="ActivationsScalar.Quantize"/>
    public static void Quantize(float* x, byte* q, long columns, long tokens)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long t = 0; t < tokens; t++, q += tokenBytes)
        {
            float* scales = (float*)(q + columns);
            int* sums = (int*)(scales + blocks);
            for (long b = 0; b < blocks; b++, x += Tiles.Block)
                Block(x, (sbyte*)q + b * Tiles.Block, scales + b, sums + b);
            for (byte* rest = (byte*)(sums + blocks); rest < q + tokenBytes; rest++) *rest = 0;
        }
    }

    /// <inheritdoc cref="ActivationsScalar.QuantizeSums"/>
    public static void QuantizeSums(float* x, byte* q, long columns, long tokens)
    {
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long t = 0; t < tokens; t++, x += columns, q += tokenBytes)
        {
            Quantize(x, q, columns, 1);
            float* sums = (float*)(q + columns) + columns / 32;
            int* pairs = (int*)(sums + columns / 16);
            for (long h = 0; h < columns / 16; h++)
            {
                var eight = AdvSimd.AddPairwiseWidening(AdvSimd.LoadVector128((sbyte*)q + h * 16));
                eight = AdvSimd.Add(eight, AdvSimd.ExtractVector128(eight, eight, 4));
                eight = AdvSimd.Add(eight, AdvSimd.ExtractVector128(eight, eight, 2));
                int pair = eight.AsInt32().ToScalar();
                (sums[h], pairs[h]) = ((short)pair + (pair >> 16), pair);
            }
            for (byte* rest = (byte*)(pairs + columns / 16); rest < q + tokenBytes; rest++) *rest = 0;
        }
    }

    /// <inheritdoc cref="ActivationsScalar.ToF16"/>
    public static void ToF16(float* x, ushort* y, long n)
    {
        long i = 0;
        for (; i + 8 <= n; i += 8)
            AdvSimd.Store(y + i, FloatNeon.ToF16(Within(x + i), Within(x + i + 4)));
        for (; i < n; i++) y[i] = ActivationsScalar.ToF16(x[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Within(float* x) => AdvSimd.Max(
        AdvSimd.Min(AdvSimd.LoadVector128(x), Vector128.Create(ActivationsScalar.HalfMax)),
        Vector128.Create(-ActivationsScalar.HalfMax));

    private static void Block(float* x, sbyte* q, float* scale, int* sum)
    {
        var v0 = AdvSimd.LoadVector128(x);
        var v1 = AdvSimd.LoadVector128(x + 4);
        var v2 = AdvSimd.LoadVector128(x + 8);
        var v3 = AdvSimd.LoadVector128(x + 12);
        var v4 = AdvSimd.LoadVector128(x + 16);
        var v5 = AdvSimd.LoadVector128(x + 20);
        var v6 = AdvSimd.LoadVector128(x + 24);
        var v7 = AdvSimd.LoadVector128(x + 28);
        var m = AdvSimd.Max(
            AdvSimd.Max(AdvSimd.Max(AdvSimd.Abs(v0), AdvSimd.Abs(v1)), AdvSimd.Max(AdvSimd.Abs(v2), AdvSimd.Abs(v3))),
            AdvSimd.Max(AdvSimd.Max(AdvSimd.Abs(v4), AdvSimd.Abs(v5)), AdvSimd.Max(AdvSimd.Abs(v6), AdvSimd.Abs(v7))));
        float max = AdvSimd.Arm64.MaxAcross(m).ToScalar();
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        var inverse = Vector128.Create(some ? 127f / max : 0);
        *scale = some ? max / 127f : 0;
        var low = Narrow(Pair(v0, v1, inverse), Pair(v2, v3, inverse));
        var high = Narrow(Pair(v4, v5, inverse), Pair(v6, v7, inverse));
        AdvSimd.Store(q, low);
        AdvSimd.Store(q + 16, high);
        var pairs = AdvSimd.AddPairwiseWidening(low) + AdvSimd.AddPairwiseWidening(high);
        *sum = AdvSimd.Arm64.AddAcross(AdvSimd.AddPairwiseWidening(pairs)).ToScalar();
    }

    // Eight products, to nearest, ties to even. Values are within ±127, so the low halves of the lanes are the numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Pair(Vector128<float> a, Vector128<float> b, Vector128<float> inverse) =>
        AdvSimd.Arm64.UnzipEven(AdvSimd.ConvertToInt32RoundToEven(a * inverse).AsInt16(),
            AdvSimd.ConvertToInt32RoundToEven(b * inverse).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Narrow(Vector128<short> a, Vector128<short> b) =>
        AdvSimd.Arm64.UnzipEven(a.AsSByte(), b.AsSByte());
}
