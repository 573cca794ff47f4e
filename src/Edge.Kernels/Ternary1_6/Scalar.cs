namespace Edge.Kernels;

/// <summary>
/// Ternary weights, five in a byte, with one bfloat16 scale per row: 1.6 bits. Specification of the vector twins.
/// <para>The byte s is signed, the nearest integer to 256 · v / 243 for v = 81·w0 + 27·w1 + 9·w2 + 3·w3 + w4. Three
/// times s is 256·w0 plus the signed byte of the other four: w0 = (3s − s') / 256 with s' = 3s modulo 256, and so on.
/// The top weight comes out by two additions.</para>
/// <para>Layout: tiles of 20 rows: 20 scales / 256 and 8 bytes of zeros, then a vector per four columns; byte 4·r + j
/// holds rows r, 4+r … 16+r (w0 … w4) of column j. Arithmetic: y = (float)(256 · dot) · (stored scale · activation
/// scale), dot exact: columns ≤ 65536.</para>
/// </summary>
public static unsafe class Ternary1_6Scalar
{
    /// <summary>As <see cref="Ternary2Scalar.Rows"/>, but row0 is a multiple of 20.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        for (long t = 0; t < tokens; t++, x += Digits.TokenActivationBytes(columns), y += yStride)
        {
            float activation = *(float*)(x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes);
            for (long r = row0; r < row1; r++)
            {
                long row = r % 20;
                byte* tile = w + r / 20 * Digits.Ternary1_6TileBytes(columns);
                int dot = 0;
                for (long c = 0; c < columns; c++)
                    dot += Weight((sbyte)tile[48 + c / 4 * 16 + (row & 3) * 4 + (c & 3)], row >> 2) * ((sbyte*)x)[c];
                y[r] = (float)(dot << 8) * (Digits.FromBF16(((ushort*)tile)[row]) * activation);
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* tile = w + row / 20 * Digits.Ternary1_6TileBytes(columns);
        row %= 20;
        float scale = Digits.FromBF16(((ushort*)tile)[row]);
        for (long c = 0; c < columns; c++)
            y[c] = (float)(Weight((sbyte)tile[48 + c / 4 * 16 + (row & 3) * 4 + (c & 3)], row >> 2) << 8) * scale;
    }

    /// <summary>Packs rows × columns weights −1 … 1 and a scale (bfloat16) per row. Rows that do not fill the last
    /// tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        for (long tile = 0; tile * 20 < rows; tile++)
        {
            byte* to = tiles + tile * Digits.Ternary1_6TileBytes(columns);
            for (long r = 0; r < 24; r++)
                ((ushort*)to)[r] = r < 20 && tile * 20 + r < rows ? Digits.Divide(scales[tile * 20 + r], 8) : (ushort)0;
            for (long c = 0; c < columns; c++)
            {
                for (long r = 0; r < 4; r++)
                {
                    int v = 0;
                    for (long i = 0; i < 5; i++)
                    {
                        long row = tile * 20 + i * 4 + r;
                        v = v * 3 + (row < rows ? weights[row * columns + c] : 0);
                    }
                    to[48 + c / 4 * 16 + r * 4 + (c & 3)] = (byte)((v * 256 + (v < 0 ? -121 : 121)) / 243);
                }
            }
        }
    }

    private static int Weight(int code, long field)
    {
        for (long i = 0; i < field; i++) code = (sbyte)(code * 3);
        return (code * 3 - (sbyte)(code * 3)) >> 8;
    }
}
