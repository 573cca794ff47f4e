namespace Edge.Kernels;

/// <summary>
/// Ternary weights, three in five bits, with one bfloat16 scale per row: 1.667 bits. Specification of the vector twins.
/// <para>Layout: tiles of 12 rows: 12 scales and 8 bytes of zeros, then five vectors per 32 columns. A field is five
/// bits, f = (w[r]+1) + 3·(w[4+r]+1) + 9·(w[8+r]+1); byte 4·r + j of field p belongs to column 4p + j. Fields 0 … 4
/// are the low five bits of vectors 0 … 4; the top three bits hold, in this order, f5's low three, f5's high two and
/// bit 3 of f7, f6's low three, f6's high two and bit 4 of f7, f7's low three. Arithmetic: y = (float)dot · (scale ·
/// activation scale), dot exact in int32: columns ≤ 65536.</para>
/// </summary>
public static unsafe class Ternary1_67Scalar
{
    /// <summary>As <see cref="Ternary2Scalar.Rows"/>, but row0 is a multiple of 12.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        for (long t = 0; t < tokens; t++, x += Digits.TokenActivationBytes(columns), y += yStride)
        {
            float activation = *(float*)(x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes);
            for (long r = row0; r < row1; r++)
            {
                long row = r % 12;
                byte* tile = w + r / 12 * Digits.Ternary1_67TileBytes(columns);
                int dot = 0;
                for (long c = 0; c < columns; c++) dot += Weight(tile, row, c) * ((sbyte*)x)[c];
                y[r] = (float)dot * (Digits.FromBF16(((ushort*)tile)[row]) * activation);
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* tile = w + row / 12 * Digits.Ternary1_67TileBytes(columns);
        float scale = Digits.FromBF16(((ushort*)tile)[row % 12]);
        for (long c = 0; c < columns; c++) y[c] = Weight(tile, row % 12, c) * scale;
    }

    private static int Weight(byte* tile, long row, long column)
    {
        int field = Field(tile + 32 + column / 32 * 80 + (row & 3) * 4 + (column & 3), column / 4 & 7);
        return row < 4 ? field % 3 - 1 : row < 8 ? field / 3 % 3 - 1 : field / 9 - 1;
    }

    /// <summary>Packs rows × columns weights −1 … 1 and a scale (bfloat16) per row. Rows that do not fill the last
    /// tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        for (long tile = 0; tile * 12 < rows; tile++)
        {
            byte* to = tiles + tile * Digits.Ternary1_67TileBytes(columns);
            for (long r = 0; r < 16; r++) ((ushort*)to)[r] = r < 12 && tile * 12 + r < rows ? scales[tile * 12 + r]
                : (ushort)0;
            for (long i = 32; i < Digits.Ternary1_67TileBytes(columns); i++) to[i] = 0;
            for (long c = 0; c < columns; c++)
            {
                for (long r = 0; r < 4; r++)
                {
                    int field = 0;
                    for (long i = 2; i >= 0; i--)
                    {
                        long row = tile * 12 + i * 4 + r;
                        field = field * 3 + 1 + (row < rows ? weights[row * columns + c] : 0);
                    }
                    Set(to + 32 + c / 32 * 80 + r * 4 + (c & 3), c / 4 & 7, field);
                }
            }
        }
    }

    private static int Field(byte* at, long field)
    {
        if (field < 5) return at[field * 16] & 31;
        if (field < 7)
        {
            byte* low = at + (field - 5) * 32;
            return low[0] >> 5 | (low[16] >> 5 & 3) << 3;
        }
        return at[64] >> 5 | at[16] >> 7 << 3 | at[48] >> 7 << 4;
    }

    private static void Set(byte* at, long field, int code)
    {
        if (field < 5)
        {
            at[field * 16] |= (byte)code;
        }
        else if (field < 7)
        {
            byte* low = at + (field - 5) * 32;
            low[0] |= (byte)(code << 5);
            low[16] |= (byte)(code >> 3 << 5);
        }
        else
        {
            at[64] |= (byte)(code << 5);
            at[16] |= (byte)((code >> 3 & 1) << 7);
            at[48] |= (byte)(code >> 4 << 7);
        }
    }
}
