namespace Edge.Kernels;

/// <summary>Preparation of activations; every variant gives the same bits for finite input.</summary>
public static unsafe class ActivationsScalar
{
    internal const float HalfMax = 65504;

    /// <summary>float[tokens][columns] to int8 with a scale and a sum per 32 (layout: <see cref="Tiles"/>).
    /// m = max |x| of the block; scale = m / 127; q = x · (127 / m), to nearest, ties to even; a block with m below
    /// 2⁻¹⁰⁰ becomes zeros with scale 0. Shapes: columns is a multiple of 32.</summary>
    public static void Quantize(float* x, byte* q, long columns, long tokens)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long t = 0; t < tokens; t++, x += columns, q += tokenBytes)
        {
            float* scales = (float*)(q + columns);
            int* sums = (int*)(scales + blocks);
            for (long b = 0; b < blocks; b++)
            {
                float* v = x + b * Tiles.Block;
                sbyte* o = (sbyte*)(q + b * Tiles.Block);
                float max = 0;
                for (long c = 0; c < Tiles.Block; c++)
                {
                    float magnitude = v[c] < 0 ? -v[c] : v[c];
                    if (magnitude > max) max = magnitude;
                }
                bool some = max >= 7.888609052210118e-31f; // 2^-100
                float inverse = some ? 127f / max : 0;
                int sum = 0;
                for (long c = 0; c < Tiles.Block; c++)
                {
                    // 1.5 · 2^23: adding it leaves the integer nearest to the value, ties to even, in the low bits.
                    float shifted = v[c] * inverse + 12582912f;
                    int n = *(int*)&shifted - 0x4B400000;
                    o[c] = (sbyte)n;
                    sum += n;
                }
                scales[b] = some ? max / 127f : 0;
                sums[b] = sum;
            }
            for (byte* rest = (byte*)(sums + blocks); rest < q + tokenBytes; rest++) *rest = 0;
        }
    }

    /// <summary>As <see cref="Quantize"/>, with the sums that <see cref="BlockTiles"/> wants. Shapes: columns is a
    /// multiple of 32.</summary>
    public static void QuantizeSums(float* x, byte* q, long columns, long tokens)
    {
        long tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long t = 0; t < tokens; t++, x += columns, q += tokenBytes)
        {
            Quantize(x, q, columns, 1);
            float* sums = (float*)(q + columns) + columns / 32;
            short* pairs = (short*)(sums + columns / 16);
            for (long h = 0; h < columns / 16; h++)
            {
                sbyte* n = (sbyte*)q + h * 16;
                int first = 0, second = 0;
                for (long c = 0; c < 16; c += 4)
                {
                    first += n[c] + n[c + 1];
                    second += n[c + 2] + n[c + 3];
                }
                (sums[h], pairs[2 * h], pairs[2 * h + 1]) = (first + second, (short)first, (short)second);
            }
            for (byte* rest = (byte*)(pairs + columns / 8); rest < q + tokenBytes; rest++) *rest = 0;
        }
    }

    /// <summary>float[n] to half[n], to nearest; what lies beyond ±65504, the largest half, becomes that, so that no
    /// cache holds an infinity. A NaN is as <see cref="FloatScalar.ToF16"/> has it.</summary>
    public static void ToF16(float* x, ushort* y, long n)
    {
        for (long i = 0; i < n; i++) y[i] = ToF16(x[i]);
    }

    internal static ushort ToF16(float x) => FloatScalar.ToF16(x > HalfMax ? HalfMax : x < -HalfMax ? -HalfMax : x);
}
