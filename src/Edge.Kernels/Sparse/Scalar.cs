namespace Edge.Kernels;

/// <summary>
/// The few weights of a matrix that are kept apart from its digits: y += S · x, x in float. Specification of the vector
/// twins, which give the same bits.
/// <para>Layout, in words of 32 bits: rows + 1 starts (row r has the words start[r] … start[r + 1] − 1 of the matrix;
/// start[0] = rows + 1), then the entries, each a column (low half) and a value (high half: a half or a bfloat16), a
/// row's columns ascending; zeros to the end.</para>
/// <para>Entry i of a row belongs to partial sum i mod 4; products and sums are not fused; the row's sum is
/// (s0 + s1) + (s2 + s3).</para>
/// </summary>
public static unsafe class SparseScalar
{
    public const int F16 = 1, BF16 = 30;

    /// <summary>y[t·yStride + r] += Σ S[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens.
    /// Shapes: w is the matrix's first word; x is float[tokens][columns].</summary>
    public static void RowsF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows((uint*)w, (float*)x, y, columns, row0, row1, tokens, yStride, F16);

    /// <inheritdoc cref="RowsF16"/>
    public static void RowsBF16(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows((uint*)w, (float*)x, y, columns, row0, row1, tokens, yStride, BF16);

    /// <summary>y[c] += S[row,c].</summary>
    public static void AddRow(byte* w, float* y, long row, int format)
    {
        uint* words = (uint*)w;
        for (uint i = words[row]; i < words[row + 1]; i++) y[words[i] & 0xFFFF] += Value(words[i], format);
    }

    /// <summary>The value of an entry.</summary>
    public static float Value(uint entry, int format)
    {
        if (format == F16) return FloatScalar.FromF16((ushort)(entry >> 16));
        uint bits = entry & 0xFFFF0000;
        return *(float*)&bits;
    }

    private static void Rows(uint* words, float* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        for (long r = row0; r < row1; r++)
        {
            uint* from = words + words[r], end = words + words[r + 1];
            if (from == end) continue;
            for (long t = 0; t < tokens; t++) y[t * yStride + r] += Dot(from, end, x + t * columns, format);
        }
    }

    private static float Dot(uint* entry, uint* end, float* x, int format)
    {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (long i = 0; entry + i < end; i++)
        {
            float product = Value(entry[i], format) * x[entry[i] & 0xFFFF];
            if ((i & 3) == 0) s0 += product;
            else if ((i & 3) == 1) s1 += product;
            else if ((i & 3) == 2) s2 += product;
            else s3 += product;
        }
        return (s0 + s1) + (s2 + s3);
    }
}
