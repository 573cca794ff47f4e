namespace Edge.Kernels;

/// <summary>
/// 2-bit weights −2 … 1 with a bfloat16 scale per row and 128 columns: 2.125 bits. Specification of the vector twins.
/// <para>Layout: tiles of 16 rows; per group 16 scales, row r's divided by 4^(r / 4), then a vector of 16 bytes per
/// four columns in which byte 4·r + j belongs to column j: (w[r] + 2) + 4 · (w[4+r] + 2) + 16 · (w[8+r] + 2) + 64 ·
/// w[12+r]. The arithmetic is that of <see cref="Digits"/>.</para>
/// </summary>
public static unsafe class Digits2Scalar
{
    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens. Shapes: columns is a
    /// multiple of 128; row0 of 16; x as <see cref="DigitsScalar.QuantizeGroups"/> makes it; nothing beyond row1 is
    /// written.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long groups = columns / Digits.Group;
        for (long t = 0; t < tokens; t++, x += Digits.ActivationBytes(columns), y += yStride)
        {
            for (long r = row0; r < row1; r++)
            {
                float sum = 0;
                for (long g = 0; g < groups; g++)
                {
                    byte* group = w + (r / 16 * groups + g) * Digits.Digits2GroupBytes;
                    int dot = Dot(group + 32, (sbyte*)x + g * Digits.Group, r & 15);
                    float scale = Digits.FromBF16(((ushort*)group)[r & 15])
                        * *(float*)(x + columns + g * Digits.RecordBytes);
                    sum += (float)(dot << (int)(r >> 2 & 3) * 2) * scale;
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>Packs rows × columns weights −2 … 1 and rows × columns / 128 scales (bfloat16). Rows that do not fill
    /// the last tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        long groups = columns / Digits.Group;
        for (long r = 0; r < (rows + 15) / 16 * 16; r++)
        {
            for (long g = 0; g < groups; g++)
            {
                byte* group = tiles + (r / 16 * groups + g) * Digits.Digits2GroupBytes;
                int shift = (int)(r >> 2 & 3) * 2;
                ((ushort*)group)[r & 15] = r < rows ? Digits.Divide(scales[r * groups + g], shift) : (ushort)0;
                byte* to = group + 32 + (r & 3) * 4;
                sbyte* from = weights + r * columns + g * Digits.Group;
                // Four columns at a time: w ^ 2 is w + 2 in two bits; the last row of four is signed.
                for (long c = 0; c < Digits.Group; c += 4, to += 16)
                {
                    uint codes = r < rows ? *(uint*)(from + c) : 0, rest = shift == 0 ? 0 : *(uint*)to;
                    if (shift < 6) codes ^= 0x02020202;
                    *(uint*)to = rest | (codes & 0x03030303) << shift;
                }
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* group = w + row / 16 * (columns / Digits.Group) * Digits.Digits2GroupBytes;
        for (long c = 0; c < columns; c++)
        {
            if (c > 0 && c % Digits.Group == 0) group += Digits.Digits2GroupBytes;
            float scale = Digits.FromBF16(((ushort*)group)[row & 15]);
            y[c] = (float)(Weight(group + 32, row & 15, c % Digits.Group) << (int)(row >> 2 & 3) * 2) * scale;
        }
    }

    /// <summary>The weight −2 … 1 of a tile row (0 … 15) in a run of vectors.</summary>
    internal static int Weight(byte* vectors, long row, long column)
    {
        int shift = (int)(row >> 2) * 2;
        int code = vectors[column / 4 * 16 + (row & 3) * 4 + (column & 3)] >> shift & 3;
        return shift == 6 ? (code ^ 2) - 2 : code - 2;
    }

    private static int Dot(byte* vectors, sbyte* q, long row)
    {
        int dot = 0;
        for (long c = 0; c < Digits.Group; c++) dot += Weight(vectors, row, c) * q[c];
        return dot;
    }
}
