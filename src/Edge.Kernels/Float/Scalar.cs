namespace Edge.Kernels;

/// <summary>
/// Matrix × float activations for weights as the file stores them, row after row, decoded on the fly: the reference
/// path and the path of F32, F16 and BF16 tensors. This file is the specification of its vector twins.
/// <para>Bound: |y − exact| ≤ 2⁻²⁰ · Σ|w·x| + 1e-30, whatever the order of the sum.</para>
/// </summary>
public static unsafe class FloatScalar
{
    // Row formats; the numbers are ggml's.
    public const int F32 = 0, F16 = 1, Q4_0 = 2, Q8_0 = 8, BF16 = 30;

    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens.
    /// Shapes: w is row 0 of the matrix; x is float[tokens][columns].</summary>
    public static void RowsF32(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, F32);

    /// <inheritdoc cref="RowsF32"/>
    public static void RowsF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, F16);

    /// <inheritdoc cref="RowsF32"/>
    public static void RowsBF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, BF16);

    /// <inheritdoc cref="RowsF32"/>
    public static void RowsQ8_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, Q8_0);

    /// <inheritdoc cref="RowsF32"/>
    public static void RowsQ4_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, (float*)x, y, columns, row0, row1, tokens, yStride, Q4_0);

    /// <summary>Decodes one row as the file stores it, of these formats and those of <see cref="Blocks"/>.
    /// Shapes: row is the row's first byte; y is float[columns].</summary>
    public static void Decode(byte* row, float* y, long columns, int format)
    {
        if (format is not (F32 or F16 or BF16 or Q8_0 or Q4_0)) BlocksScalar.Decode(row, y, columns, format);
        else for (long c = 0; c < columns; c++) y[c] = Weight(row, c, format);
    }

    /// <summary>Bytes of a row of <paramref name="columns"/> weights.</summary>
    public static long RowBytes(long columns, int format) => format switch
    {
        F32 => columns * 4,
        Q8_0 => columns / 32 * 34,
        Q4_0 => columns / 32 * 18,
        _ => columns * 2,
    };

    /// <summary>Weight c of a row, exact: every format's value is a float32 (a scale times a small integer, rounded
    /// once).</summary>
    public static float Weight(byte* row, long c, int format)
    {
        if (format == F32) return ((float*)row)[c];
        if (format == F16) return FromF16(((ushort*)row)[c]);
        if (format == BF16)
        {
            uint bits = (uint)((ushort*)row)[c] << 16;
            return *(float*)&bits;
        }
        if (format == Q8_0)
        {
            byte* block = row + c / 32 * 34;
            return ((sbyte*)block)[2 + (c & 31)] * FromF16(*(ushort*)block);
        }
        byte* b = row + c / 32 * 18;
        int pair = b[2 + (c & 15)];
        return (((c & 16) == 0 ? pair & 15 : pair >> 4) - 8) * FromF16(*(ushort*)b);
    }

    /// <summary>Half to float, exact: subnormals, infinities and NaN (payload kept).</summary>
    public static float FromF16(ushort half)
    {
        uint bits = ((uint)(half & 0x7FFF) << 13) + 0x38000000;
        if ((half & 0x7C00) == 0)
        {
            // Normalised by subtracting 2^-14. Scales of Q4_K and Q6_K often are subnormal, and a subnormal float32
            // as an operand would cost an x64 core a hundred cycles.
            bits += 0x00800000;
            float value = *(float*)&bits - 6.103515625e-05f;
            bits = *(uint*)&value;
        }
        if ((half & 0x7C00) == 0x7C00) bits |= 0x7F800000;
        bits |= (uint)(half & 0x8000) << 16;
        return *(float*)&bits;
    }

    /// <summary>Float to half, to nearest, ties to even; overflow gives infinity, every NaN gives 0x7E00 with its
    /// sign.</summary>
    public static ushort ToF16(float value)
    {
        uint bits = *(uint*)&value;
        uint sign = (bits & 0x80000000) >> 16;
        bits &= 0x7FFFFFFF;
        if (bits > 0x7F800000) return (ushort)(sign | 0x7E00);
        if (bits >= 0x47800000) return (ushort)(sign | 0x7C00);
        if (bits < 0x38800000)
        {
            // Below the smallest normal half: adding 0.5 leaves the subnormal's bits, rounded by the adder.
            float shifted = *(float*)&bits + 0.5f;
            return (ushort)(sign | (*(uint*)&shifted - 0x3F000000));
        }
        bits += 0xC8000FFF + ((bits >> 13) & 1);
        return (ushort)(sign | (bits >> 13));
    }

    private static void Rows(byte* w, float* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long rowBytes = RowBytes(columns, format);
        for (long r = row0; r < row1; r++)
        {
            byte* row = w + r * rowBytes;
            for (long t = 0; t < tokens; t++)
            {
                // Eight partial sums, as the vector twins have: error grows with columns / 8.
                float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
                float* a = x + t * columns;
                long c = 0;
                for (; c + 8 <= columns; c += 8)
                {
                    s0 += Weight(row, c, format) * a[c];
                    s1 += Weight(row, c + 1, format) * a[c + 1];
                    s2 += Weight(row, c + 2, format) * a[c + 2];
                    s3 += Weight(row, c + 3, format) * a[c + 3];
                    s4 += Weight(row, c + 4, format) * a[c + 4];
                    s5 += Weight(row, c + 5, format) * a[c + 5];
                    s6 += Weight(row, c + 6, format) * a[c + 6];
                    s7 += Weight(row, c + 7, format) * a[c + 7];
                }
                for (; c < columns; c++) s0 += Weight(row, c, format) * a[c];
                y[t * yStride + r] = (s0 + s4) + (s2 + s6) + ((s1 + s5) + (s3 + s7));
            }
        }
    }
}
