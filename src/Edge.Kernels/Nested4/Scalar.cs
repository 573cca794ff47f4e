namespace Edge.Kernels;

/// <summary>
/// 4-bit weights −8 … 7 as two planes of 2-bit digits, w + 8 = 4 · hi + lo: HI, 2.125 bits with the scales, is a 2-bit
/// matrix alone; LO, 2 bits, completes it. Specification of the vector twins.
/// <para>Layout. HI: tiles as in <see cref="Digits2Scalar"/>, of hi − 2 and scales of four times the weights'. LO:
/// tiles of 16 rows without scales; per four columns a vector of 16 bytes in which byte 4·r + j belongs to column j:
/// lo[4+r] + 4 · lo[r] + 16 · lo[12+r] + 64 · lo[8+r]: with the upper digits of HI where HI's byte has them, half of
/// the 4-bit weights are made by one selection.</para>
/// <para>Alone, HI stands for the middle of the four weights that share it, hi − 1.625 times its scale: without LO the
/// result has no bias. Arithmetic of HI alone, per row and group: y ← y + (float)(m · (8 · dot + 3 · sum)) / 8 ·
/// (stored scale · activation scale), dot of hi − 2, m = 4^(r / 4); of both: y ← y + (float)(16^(r / 8) · dot) ·
/// (stored scale · (activation scale · q)), dot of w, q = ¼ for rows 0 … 3 and 8 … 11, else 1; from +0, never fused,
/// as <see cref="Digits"/> has it.</para>
/// </summary>
public static unsafe class Nested4Scalar
{
    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] of both planes. Shapes: as <see
    /// cref="Digits2Scalar.Rows"/>.</summary>
    public static void Rows(byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride)
    {
        long groups = columns / Digits.Group;
        for (long t = 0; t < tokens; t++, x += Digits.ActivationBytes(columns), y += yStride)
        {
            for (long r = row0; r < row1; r++)
            {
                float sum = 0;
                for (long g = 0; g < groups; g++)
                {
                    long at = r / 16 * groups + g;
                    byte* group = hi + at * Digits.Digits2GroupBytes;
                    byte* low = lo + at * Digits.Nested4LowGroupBytes;
                    sbyte* q = (sbyte*)x + g * Digits.Group;
                    int dot = 0;
                    for (long c = 0; c < Digits.Group; c++) dot += Weight(group + 32, low, r & 15, c) * q[c];
                    float activation = *(float*)(x + columns + g * Digits.RecordBytes) * Quarter(r);
                    sum += (float)(dot << (int)(r >> 1 & 4)) * (Digits.FromBF16(((ushort*)group)[r & 15]) * activation);
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] of HI alone. Shapes: as <see cref="Digits2Scalar.Rows"/>.</summary>
    public static void Coarse(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride)
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
                    byte* record = x + columns + g * Digits.RecordBytes;
                    int dot = 3 * ((int*)record)[10];
                    for (long c = 0; c < Digits.Group; c++)
                        dot += 8 * Digits2Scalar.Weight(group + 32, r & 15, c) * ((sbyte*)x)[g * Digits.Group + c];
                    float scale = Digits.FromBF16(((ushort*)group)[r & 15]) * *(float*)record;
                    sum += (float)(dot << (int)(r >> 2 & 3) * 2) * 0.125f * scale;
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>Packs rows × columns weights −8 … 7 and rows × columns / 128 scales (bfloat16, below 2^125). Rows that
    /// do not fill the last tile are zeros: scale 0.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* hi, byte* lo, long columns, long rows)
    {
        long groups = columns / Digits.Group;
        for (long r = 0; r < (rows + 15) / 16 * 16; r++)
        {
            for (long g = 0; g < groups; g++)
            {
                byte* group = hi + (r / 16 * groups + g) * Digits.Digits2GroupBytes;
                byte* low = lo + (r / 16 * groups + g) * Digits.Nested4LowGroupBytes;
                int field = (int)(r >> 2 & 3);
                ((ushort*)group)[r & 15] = r < rows
                    ? Digits.Divide(Digits.Multiply(scales[r * groups + g], 2), 2 * field)
                    : (ushort)0;
                for (long c = 0; c < Digits.Group; c++)
                {
                    int code = r < rows ? weights[r * columns + g * Digits.Group + c] + 8 : 8;
                    long at = c / 4 * 16 + (r & 3) * 4 + (c & 3);
                    if (field == 0) group[32 + at] = low[at] = 0;
                    // The top field of HI is signed: its upper bit is the other way round.
                    group[32 + at] |= (byte)(((code >> 2) ^ (field == 3 ? 2 : 0)) << 2 * field);
                    low[at] |= (byte)((code & 3) << 2 * (field ^ 1));
                }
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* hi, byte* lo, float* y, long columns, long row)
    {
        long group = row / 16 * (columns / Digits.Group);
        for (long c = 0; c < columns; c++)
        {
            byte* tile = hi + (group + c / Digits.Group) * Digits.Digits2GroupBytes;
            byte* low = lo + (group + c / Digits.Group) * Digits.Nested4LowGroupBytes;
            int weight = Weight(tile + 32, low, row & 15, c % Digits.Group);
            y[c] = (float)(weight << (int)(row >> 1 & 4)) * (Digits.FromBF16(((ushort*)tile)[row & 15]) * Quarter(row));
        }
    }

    /// <summary>Decodes row <paramref name="row"/> of HI alone to float[columns].</summary>
    public static void DecodeCoarse(byte* w, float* y, long columns, long row)
    {
        Digits2Scalar.Decode(w, y, columns, row);
        byte* group = w + row / 16 * (columns / Digits.Group) * Digits.Digits2GroupBytes;
        float middle = 0.375f * (float)(1 << (int)(row >> 2 & 3) * 2);
        for (long c = 0; c < columns; c++)
        {
            if (c > 0 && c % Digits.Group == 0) group += Digits.Digits2GroupBytes;
            y[c] += middle * Digits.FromBF16(((ushort*)group)[row & 15]);
        }
    }

    /// <summary>The weight −8 … 7 of a tile row (0 … 15) in a run of vectors of each plane.</summary>
    private static int Weight(byte* hi, byte* lo, long row, long column)
    {
        byte low = lo[column / 4 * 16 + (row & 3) * 4 + (column & 3)];
        return 4 * Digits2Scalar.Weight(hi, row, column) + (low >> 2 * ((int)(row >> 2) ^ 1) & 3);
    }

    private static float Quarter(long row) => (row & 4) == 0 ? 0.25f : 1;
}
