namespace Edge.Kernels;

/// <summary>
/// 3-bit weights −4 … 3 with a bfloat16 scale per row and 128 columns: 3.125 bits. Specification of the vector twins.
/// <para>Layout: tiles of 32 rows; per group 32 scales, then per four columns three vectors; with w' = w + 4, byte 4·r
/// + j of them belongs to column j and rows r, 4+r … 28+r (called 0 … 7): w'0 + 8·w'1 + 64·(w'6 mod 4 − 2); w'2 +
/// 8·w'3 + 64·(w'7 mod 4 − 2); w'4 + 8·w'5 + 64·(w'6 / 4) + 128·(w'7 / 4). The scales of rows 1, 3, 5 are divided by
/// 8, those of 6, 7 by 64. The arithmetic is that of <see cref="Digits"/>.</para>
/// </summary>
public static unsafe class Digits3Scalar
{
    /// <summary>As <see cref="Digits2Scalar.Rows"/>, but row0 is a multiple of 32.</summary>
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
                    byte* group = w + (r / 32 * groups + g) * Digits.Digits3GroupBytes;
                    int dot = Dot(group + 64, (sbyte*)x + g * Digits.Group, r & 31);
                    float scale = Digits.FromBF16(((ushort*)group)[r & 31])
                        * *(float*)(x + columns + g * Digits.RecordBytes);
                    sum += (float)(dot << Power(r & 31)) * scale;
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>Packs rows × columns weights −4 … 3 and rows × columns / 128 scales (bfloat16). Rows that do not fill
    /// the last tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        long groups = columns / Digits.Group;
        for (long r = 0; r < (rows + 31) / 32 * 32; r++)
        {
            for (long g = 0; g < groups; g++)
            {
                byte* group = tiles + (r / 32 * groups + g) * Digits.Digits3GroupBytes;
                ((ushort*)group)[r & 31] = r < rows
                    ? Digits.Divide(scales[r * groups + g], Power(r & 31)) : (ushort)0;
                if ((r & 31) >= 4) continue;
                byte* to = group + 64 + (r & 3) * 4;
                for (long c = 0; c < Digits.Group; c += 4, to += 48)
                    Set((uint*)to, weights + g * Digits.Group + c, columns, r, rows);
            }
        }
    }

    private static int Power(long row) => row >= 24 ? 6 : (row & 4) == 0 ? 0 : 3;

    /// <summary>Four columns of rows r, r + 4, … r + 28, the fields of three words.</summary>
    private static void Set(uint* to, sbyte* column, long columns, long r, long rows)
    {
        uint f0 = Codes(column, columns, r, rows), f1 = Codes(column, columns, r + 4, rows);
        uint f2 = Codes(column, columns, r + 8, rows), f3 = Codes(column, columns, r + 12, rows);
        uint f4 = Codes(column, columns, r + 16, rows), f5 = Codes(column, columns, r + 20, rows);
        uint f6 = Codes(column, columns, r + 24, rows), f7 = Codes(column, columns, r + 28, rows);
        to[0] = f0 | f1 << 3 | (f6 & 0x03030303 ^ 0x02020202) << 6;
        to[4] = f2 | f3 << 3 | (f7 & 0x03030303 ^ 0x02020202) << 6;
        to[8] = f4 | f5 << 3 | (f6 & 0x04040404) << 4 | (f7 & 0x04040404) << 5;
    }

    /// <summary>Four weights plus 4: w ^ 4 is w + 4 in three bits.</summary>
    private static uint Codes(sbyte* column, long columns, long row, long rows) =>
        row < rows ? (*(uint*)(column + row * columns) ^ 0x04040404) & 0x07070707 : 0x04040404;

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* group = w + row / 32 * (columns / Digits.Group) * Digits.Digits3GroupBytes;
        for (long c = 0; c < columns; c++)
        {
            if (c > 0 && c % Digits.Group == 0) group += Digits.Digits3GroupBytes;
            float scale = Digits.FromBF16(((ushort*)group)[row & 31]);
            y[c] = (float)(Weight(group + 64, row & 31, c % Digits.Group) << Power(row & 31)) * scale;
        }
    }

    private static int Weight(byte* vectors, long row, long column)
    {
        int field = (int)(row >> 2);
        byte* at = vectors + column / 4 * 48 + (row & 3) * 4 + (column & 3);
        int code = field < 6
            ? at[field / 2 * 16] >> (field & 1) * 3 & 7
            : (at[(field - 6) * 16] >> 6 ^ 2) + (at[32] >> field & 1) * 4;
        return code - 4;
    }

    private static int Dot(byte* vectors, sbyte* q, long row)
    {
        int dot = 0;
        for (long c = 0; c < Digits.Group; c++) dot += Weight(vectors, row, c) * q[c];
        return dot;
    }
}
