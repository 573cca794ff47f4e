namespace Edge.Kernels;

/// <summary>Activations of the packed families (layout: <see cref="Digits"/>); every variant gives the same bits for
/// finite input.</summary>
public static unsafe class DigitsScalar
{
    /// <summary>float[tokens][columns] to int8 with a record per group of 128: scale = max / 127, q = x · (127 / max),
    /// to nearest, ties to even; a group with max below 2⁻¹⁰⁰ becomes zeros with scale 0. Shapes: columns is a
    /// multiple of 128.</summary>
    public static void QuantizeGroups(float* x, byte* q, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, x += columns, q += Digits.ActivationBytes(columns))
        {
            byte* record = q + columns;
            for (long c = 0; c < columns; c += Digits.Group, record += Digits.RecordBytes)
            {
                int sum = Quantize(x + c, (sbyte*)q + c, Digits.Group, (float*)record);
                Starts((int*)record + 1, sum);
            }
        }
    }

    /// <summary>float[tokens][columns] to int8 with one scale per token. Shapes: columns is a multiple of 32.</summary>
    public static void QuantizeTokens(float* x, byte* q, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, x += columns, q += Digits.TokenActivationBytes(columns))
        {
            byte* record = q + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes;
            for (byte* rest = q + columns; rest < record + Digits.TokenRecordBytes; rest++) *rest = 0;
            ((int*)record)[1] = Quantize(x, (sbyte*)q, columns, (float*)record);
        }
    }

    /// <summary>The start values of a group whose activations have this sum; see <see cref="Digits"/>.</summary>
    internal static void Starts(int* starts, int sum)
    {
        // Offsets of the weights: 2 for 2-bit digits, 4 for 3 bits, 8 for 4; the top fields are signed and have none
        // (but 128 for 3 bits).
        starts[0] = Digits.Magic - 2 * sum;
        starts[1] = unchecked(2 * Digits.Magic - 10 * sum);
        starts[2] = unchecked(3 * Digits.Magic - 42 * sum);
        starts[3] = unchecked(4 * Digits.Magic - 42 * sum);
        starts[4] = Digits.Magic - 4 * sum;
        starts[5] = unchecked(2 * Digits.Magic - 36 * sum);
        starts[6] = unchecked(3 * Digits.Magic - 164 * sum);
        starts[7] = Digits.Magic - 8 * sum;
        starts[8] = unchecked(2 * Digits.Magic - 8 * sum);
        starts[9] = sum;
        // 2-bit digits whose offset is 1.625: 0.375 more than above. As integers where they are whole.
        ((float*)starts)[10] = (float)(3 * sum) * 0.125f;
        ((float*)starts)[11] = (float)(12 * sum) * 0.125f;
        starts[12] = unchecked(3 * Digits.Magic - 36 * sum);
        starts[13] = unchecked(4 * Digits.Magic - 12 * sum);
        starts[14] = 0;
    }

    private static int Quantize(float* x, sbyte* q, long n, float* scale)
    {
        float max = 0;
        for (long i = 0; i < n; i++)
        {
            float magnitude = x[i] < 0 ? -x[i] : x[i];
            if (magnitude > max) max = magnitude;
        }
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        float inverse = some ? 127f / max : 0;
        int sum = 0;
        for (long i = 0; i < n; i++)
        {
            float shifted = x[i] * inverse + 12582912f; // 1.5 · 2^23 leaves the nearest integer in the low bits
            int value = *(int*)&shifted - Digits.Magic;
            q[i] = (sbyte)value;
            sum += value;
        }
        *scale = some ? max / 127f : 0;
        return sum;
    }
}
