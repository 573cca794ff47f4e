namespace Edge.Kernels;

/// <summary>
/// Q4_0 as it is, in a tile for the dot product: 4-bit weights −8 … 7, an F16 scale per row and 32 columns, 4.5 bits,
/// nothing rounded. Activations and arithmetic are those of <see cref="Tiles"/>, so the results have the bits of <see
/// cref="Q4_0Scalar"/>.
/// <para>Layout: tiles of 16 rows; per block 16 scales, then per four columns two vectors as in <see
/// cref="Digits4Scalar"/>.</para>
/// </summary>
public static unsafe class Digits4x32Scalar
{
    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens. Shapes: columns is a
    /// multiple of 32; row0 of 16; x as <see cref="ActivationsScalar.Quantize"/> makes it; nothing beyond row1 is
    /// written.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long blocks = columns / Tiles.Block;
        for (long t = 0; t < tokens; t++, x += Tiles.ActivationBytes(columns), y += yStride)
        {
            for (long r = row0; r < row1; r++)
            {
                float sum = 0;
                for (long b = 0; b < blocks; b++)
                {
                    byte* block = w + (r / 16 * blocks + b) * Digits.Digits4x32BlockBytes;
                    int dot = Digits4Scalar.Dot(block + 32, (sbyte*)x + b * Tiles.Block, Tiles.Block, r & 15);
                    sum += (float)dot * (FloatScalar.FromF16(((ushort*)block)[r & 15]) * ((float*)(x + columns))[b]);
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* block = w + row / 16 * (columns / Tiles.Block) * Digits.Digits4x32BlockBytes;
        for (long c = 0; c < columns; c++)
        {
            if (c > 0 && c % Tiles.Block == 0) block += Digits.Digits4x32BlockBytes;
            int weight = Digits4Scalar.Weight(block + 32, row & 15, c % Tiles.Block);
            y[c] = weight * FloatScalar.FromF16(((ushort*)block)[row & 15]);
        }
    }

    /// <summary>Packs rows of 18-byte Q4_0 blocks; returns how many scales are not finite.</summary>
    public static long Pack(byte* source, byte* tiles, long columns, long rows)
    {
        long blocks = columns / Tiles.Block, bad = 0;
        for (long r = 0; r < (rows + 15) / 16 * 16; r++)
        {
            for (long b = 0; b < blocks; b++)
            {
                byte* from = source + (r * blocks + b) * 18;
                byte* block = tiles + (r / 16 * blocks + b) * Digits.Digits4x32BlockBytes;
                ushort scale = r < rows ? *(ushort*)from : (ushort)0;
                if ((scale & 0x7C00) == 0x7C00) bad++;
                ((ushort*)block)[r & 15] = scale;
                if ((r & 4) != 0) continue;
                byte* to = block + 32 + (r >> 3 & 1) * 16 + (r & 3) * 4, high = from + 4 * blocks * 18;
                // Four columns at a time; nibbles are weights + 8, and those of the upper row lose it.
                for (long c = 0; c < Tiles.Block; c += 4, to += 32)
                {
                    long at = 2 + (c & 15);
                    int shift = c < 16 ? 0 : 4;
                    uint here = r < rows ? *(uint*)(from + at) >> shift & 0x0F0F0F0F : 0x08080808;
                    uint above = r + 4 < rows ? *(uint*)(high + at) >> shift & 0x0F0F0F0F ^ 0x08080808 : 0;
                    *(uint*)to = here | above << 4;
                }
            }
        }
        return bad;
    }
}
