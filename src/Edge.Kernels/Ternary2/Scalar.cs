namespace Edge.Kernels;

/// <summary>
/// Ternary weights in two bits with one bfloat16 scale per row. Specification of the vector twins.
/// <para>Layout: tiles of 16 rows: 16 scales, row r's divided by 4^(r / 4), then vectors as in <see
/// cref="Digits2Scalar"/>. Arithmetic: y = (float)(4^(r / 4) · dot) · (stored scale · activation scale), dot exact in
/// int32: columns ≤ 65536.</para>
/// </summary>
public static unsafe class Ternary2Scalar
{
    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens. Shapes: columns is a
    /// multiple of 32; row0 of 16; x as <see cref="DigitsScalar.QuantizeTokens"/> makes it; nothing beyond row1 is
    /// written.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        for (long t = 0; t < tokens; t++, x += Digits.TokenActivationBytes(columns), y += yStride)
        {
            float activation = *(float*)(x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes);
            for (long r = row0; r < row1; r++)
            {
                byte* tile = w + r / 16 * Digits.Ternary2TileBytes(columns);
                int shift = (int)(r >> 2 & 3) * 2, dot = 0;
                for (long c = 0; c < columns; c++)
                {
                    int code = tile[32 + c / 4 * 16 + (r & 3) * 4 + (c & 3)] >> shift & 3;
                    dot += (shift == 6 ? (code ^ 2) - 2 : code - 2) * ((sbyte*)x)[c];
                }
                y[r] = (float)(dot << shift) * (Digits.FromBF16(((ushort*)tile)[r & 15]) * activation);
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* tile = w + row / 16 * Digits.Ternary2TileBytes(columns);
        float scale = Digits.FromBF16(((ushort*)tile)[row & 15]);
        for (long c = 0; c < columns; c++)
            y[c] = (float)(Digits2Scalar.Weight(tile + 32, row & 15, c) << (int)(row >> 2 & 3) * 2) * scale;
    }

    /// <summary>Packs rows × columns weights −1 … 1 and a scale (bfloat16) per row. Rows that do not fill the last
    /// tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        for (long r = 0; r < (rows + 15) / 16 * 16; r++)
        {
            byte* tile = tiles + r / 16 * Digits.Ternary2TileBytes(columns);
            int shift = (int)(r >> 2 & 3) * 2;
            ((ushort*)tile)[r & 15] = r < rows ? Digits.Divide(scales[r], shift) : (ushort)0;
            for (long c = 0; c < columns; c++)
            {
                int weight = r < rows ? weights[r * columns + c] : 0;
                byte* at = tile + 32 + c / 4 * 16 + (r & 3) * 4 + (c & 3);
                int rest = shift == 0 ? 0 : *at;
                *at = (byte)(rest + ((shift == 6 ? weight : weight + 2) << shift));
            }
        }
    }
}
