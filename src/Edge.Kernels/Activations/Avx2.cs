using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Edge.Kernels;

/// <summary>AVX2 twin of <see cref="ActivationsScalar"/>, the same bits for finite input.</summary>
public static unsafe class ActivationsAvx2
{
    /// <inheritdoc cref="ActivationsScalar.Quantize"/>
    public static void Quantize(float* x, byte* q, long columns, long tokens)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long t = 0; t < tokens; t++, x += columns, q += tokenBytes)
        {
            float* scales = (float*)(q + columns);
            int* sums = (int*)(scales + blocks);
            for (long b = 0; b < blocks; b++)
                Block(x + b * Tiles.Block, q + b * Tiles.Block, scales + b, sums + b);
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
                Vector128<byte> ones = Vector128.Create((byte)1);
                Vector128<short> eight = Ssse3.MultiplyAddAdjacent(ones, Sse2.LoadVector128((sbyte*)q + h * 16));
                Vector128<int> four = Sse2.Add(eight, Sse2.Shuffle(eight.AsInt32(), 0x4E).AsInt16()).AsInt32();
                int pair = Sse2.Add(four.AsInt16(), Sse2.Shuffle(four, 0xB1).AsInt16()).AsInt32().ToScalar();
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
        {
            Vector256<int> halves = ToF16(Within(x + i).AsInt32());
            Vector128<ushort> packed = Sse41.PackUnsignedSaturate(halves.GetLower(), halves.GetUpper());
            Sse2.Store(y + i, packed);
        }
        for (; i < n; i++) y[i] = ActivationsScalar.ToF16(x[i]);
    }

    // The operand that is a NaN must come second.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Within(float* x) => Avx.Max(Vector256.Create(-ActivationsScalar.HalfMax),
        Avx.Min(Vector256.Create(ActivationsScalar.HalfMax), Avx.LoadVector256(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(float* x, byte* q, float* scale, int* sum)
    {
        Vector256<float> v0 = Avx.LoadVector256(x), v1 = Avx.LoadVector256(x + 8);
        Vector256<float> v2 = Avx.LoadVector256(x + 16), v3 = Avx.LoadVector256(x + 24);
        Vector256<float> unsigned = Vector256.Create(0x7FFFFFFF).AsSingle();
        Vector256<float> max8 = Avx.Max(
            Avx.Max(Avx.And(v0, unsigned), Avx.And(v1, unsigned)),
            Avx.Max(Avx.And(v2, unsigned), Avx.And(v3, unsigned)));
        Vector128<float> max4 = Sse.Max(max8.GetLower(), max8.GetUpper());
        max4 = Sse.Max(max4, Sse.MoveHighToLow(max4, max4));
        float max = Sse.MaxScalar(max4, Sse.Shuffle(max4, max4, 1)).ToScalar();
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        Vector256<float> inverse = Vector256.Create(some ? 127f / max : 0);
        Vector256<int> n0 = Avx.ConvertToVector256Int32(Avx.Multiply(v0, inverse));
        Vector256<int> n1 = Avx.ConvertToVector256Int32(Avx.Multiply(v1, inverse));
        Vector256<int> n2 = Avx.ConvertToVector256Int32(Avx.Multiply(v2, inverse));
        Vector256<int> n3 = Avx.ConvertToVector256Int32(Avx.Multiply(v3, inverse));
        Vector256<sbyte> bytes = Avx2.PackSignedSaturate(
            Avx2.PackSignedSaturate(n0, n1), Avx2.PackSignedSaturate(n2, n3));
        // Packing works within halves; this puts the groups of four back in order.
        bytes = Avx2.PermuteVar8x32(bytes.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsSByte();
        Avx.Store((sbyte*)q, bytes);
        Vector256<int> sum8 = Avx2.Add(Avx2.Add(n0, n1), Avx2.Add(n2, n3));
        Vector128<int> sum4 = Sse2.Add(sum8.GetLower(), sum8.GetUpper());
        sum4 = Sse2.Add(sum4, Sse2.Shuffle(sum4, 0x4E));
        sum4 = Sse2.Add(sum4, Sse2.Shuffle(sum4, 0xB1));
        *sum = sum4.ToScalar();
        *scale = some ? max / 127f : 0;
    }

    /// <summary>Eight floats' bits to halves, in 32-bit lanes; the cases are those of FloatScalar.ToF16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> ToF16(Vector256<int> bits)
    {
        Vector256<int> sign = Avx2.And(Avx2.ShiftRightLogical(bits, 16), Vector256.Create(0x8000));
        bits = Avx2.And(bits, Vector256.Create(0x7FFFFFFF));
        Vector256<int> odd = Avx2.And(Avx2.ShiftRightLogical(bits, 13), Vector256.Create(1));
        Vector256<int> half = Avx2.Add(Avx2.Add(bits, Vector256.Create(unchecked((int)0xC8000FFF))), odd);
        half = Avx2.ShiftRightLogical(half, 13);
        Vector256<int> small = Avx.Add(bits.AsSingle(), Vector256.Create(0.5f)).AsInt32();
        small = Avx2.Subtract(small, Vector256.Create(0x3F000000));
        half = Avx2.BlendVariable(half, small, Avx2.CompareGreaterThan(Vector256.Create(0x38800000), bits));
        Vector256<int> notANumber = Avx2.CompareGreaterThan(bits, Vector256.Create(0x7F800000));
        Vector256<int> large = Avx2.BlendVariable(Vector256.Create(0x7C00), Vector256.Create(0x7E00), notANumber);
        half = Avx2.BlendVariable(half, large, Avx2.CompareGreaterThan(bits, Vector256.Create(0x477FFFFF)));
        return Avx2.Or(half, sign);
    }
}
