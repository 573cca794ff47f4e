namespace Edge.Kernels;

/// <summary>
/// 4-bit weights −8 … 7 with a bfloat16 scale per row and 128 columns: 4.125 bits. Specification of the vector twins.
/// <para>Layout: tiles of 16 rows; per group 16 scales, those of rows 4 … 7 and 12 … 15 divided by 16, then per four
/// columns two vectors; byte 4·r + j of vector h belongs to column j: (w[8h+r] + 8) + 16 · w[8h+4+r]. The arithmetic
/// is that of <see cref="Digits"/>.</para>
/// </summary>
public static unsafe class Digits4Scalar
{
    /// <inheritdoc cref="Digits2Scalar.Rows"/>
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
                    byte* group = w + (r / 16 * groups + g) * Digits.Digits4GroupBytes;
                    int dot = Dot(group + 32, (sbyte*)x + g * Digits.Group, Digits.Group, r & 15);
                    float scale = Digits.FromBF16(((ushort*)group)[r & 15])
                        * *(float*)(x + columns + g * Digits.RecordBytes);
                    sum += (float)(dot << (int)(r & 4)) * scale;
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>Packs rows × columns weights −8 … 7 and rows × columns / 128 scales (bfloat16). Rows that do not fill
    /// the last tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        long groups = columns / Digits.Group;
        for (long r = 0; r < (rows + 15) / 16 * 16; r++)
        {
            for (long g = 0; g < groups; g++)
            {
                byte* group = tiles + (r / 16 * groups + g) * Digits.Digits4GroupBytes;
                ((ushort*)group)[r & 15] = r < rows ? Digits.Divide(scales[r * groups + g], (int)(r & 4)) : (ushort)0;
                if ((r & 4) != 0) continue;
                byte* to = group + 32 + (r >> 3 & 1) * 16 + (r & 3) * 4;
                sbyte* low = weights + r * columns + g * Digits.Group, high = low + 4 * columns;
                // Four columns at a time: code 8 is weight 0, and w ^ 8 is w + 8 in four bits.
                for (long c = 0; c < Digits.Group; c += 4, to += 32)
                {
                    uint a = r < rows ? *(uint*)(low + c) : 0, b = r + 4 < rows ? *(uint*)(high + c) : 0;
                    *(uint*)to = (a ^ 0x08080808) & 0x0F0F0F0F | (b & 0x0F0F0F0F) << 4;
                }
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* group = w + row / 16 * (columns / Digits.Group) * Digits.Digits4GroupBytes;
        for (long c = 0; c < columns; c++)
        {
            if (c > 0 && c % Digits.Group == 0) group += Digits.Digits4GroupBytes;
            float scale = Digits.FromBF16(((ushort*)group)[row & 15]);
            y[c] = (float)(Weight(group + 32, row & 15, c % Digits.Group) << (int)(row & 4)) * scale;
        }
    }

    /// <summary>The weight −8 … 7 of a tile row (0 … 15) in a run of vectors.</summary>
    internal static int Weight(byte* vectors, long row, long column)
    {
        byte both = vectors[column / 4 * 32 + (row >> 3) * 16 + (row & 3) * 4 + (column & 3)];
        return (row & 4) == 0 ? (both & 15) - 8 : (sbyte)both >> 4;
    }

    /// <summary>The exact product of one tile row with n activations.</summary>
    internal static int Dot(byte* vectors, sbyte* q, long n, long row)
    {
        int dot = 0;
        for (long c = 0; c < n; c++) dot += Weight(vectors, row, c) * q[c];
        return dot;
    }
}
