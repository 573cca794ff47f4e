namespace Edge.Kernels;

/// <summary>
/// Q4_0 weights × int8 activations: the specification of the vector twins, which give the same bits (integers and
/// floats).
/// <para>Layout: weights and activations as <see cref="Tiles"/> describes.</para>
/// </summary>
public static unsafe class Q4_0Scalar
{
    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens.
    /// Shapes: row0 is a multiple of 8; row1 is a multiple of 8 or the matrix's last row; nothing beyond row1 is
    /// written.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long blocks = columns / Tiles.Block;
        long tokenBytes = Tiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r++)
        {
            byte* tile = w + r / Tiles.Rows * blocks * Tiles.Q4_0BlockBytes;
            long lane = r & (Tiles.Rows - 1);
            for (long t = 0; t < tokens; t++)
            {
                sbyte* q = (sbyte*)(x + t * tokenBytes);
                float* scales = (float*)(q + columns);
                int* sums = (int*)(scales + blocks);
                float sum = 0;
                for (long b = 0; b < blocks; b++)
                {
                    byte* block = tile + b * Tiles.Q4_0BlockBytes;
                    float scale = FloatScalar.FromF16(((ushort*)block)[lane]) * scales[b];
                    sum += Dot(block + Tiles.ScaleBytes + lane * 4, q + b * Tiles.Block, sums[b]) * scale;
                }
                y[t * yStride + r] = sum;
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> of a packed matrix to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        long blocks = columns / Tiles.Block;
        byte* block = w + row / Tiles.Rows * blocks * Tiles.Q4_0BlockBytes;
        long lane = row & (Tiles.Rows - 1);
        for (long b = 0; b < blocks; b++, block += Tiles.Q4_0BlockBytes)
        {
            float scale = FloatScalar.FromF16(((ushort*)block)[lane]);
            byte* quants = block + Tiles.ScaleBytes + lane * 4;
            for (long c = 0; c < Tiles.Block; c++) y[b * Tiles.Block + c] = Weight(quants, c) * scale;
        }
    }

    /// <summary>Packs rows that the file stores one after another into tiles; returns how many scales are not finite.
    /// Shapes: source is 18-byte blocks, rows × columns / 32; tiles is <see cref="Tiles.Bytes"/> bytes.</summary>
    public static long Pack(byte* source, byte* tiles, long columns, long rows)
    {
        long blocks = columns / Tiles.Block, bad = 0;
        byte* block = tiles;
        for (long tile = 0; tile * Tiles.Rows < rows; tile++)
        {
            for (long b = 0; b < blocks; b++, block += Tiles.Q4_0BlockBytes)
            {
                for (long r = 0; r < Tiles.Rows; r++)
                {
                    ushort scale = 0;
                    if (tile * Tiles.Rows + r < rows)
                        scale = *(ushort*)Source(source, columns, tile * Tiles.Rows + r, b);
                    if ((scale & 0x7C00) == 0x7C00) bad++;
                    ((ushort*)block)[r] = scale;
                }
                for (long g = 0; g < 4; g++)
                {
                    for (long r = 0; r < Tiles.Rows; r++)
                    {
                        // A zero weight is nibble 8: padding rows must be zeros even before their zero scale.
                        long row = tile * Tiles.Rows + r;
                        *(uint*)(block + Tiles.ScaleBytes + g * 32 + r * 4) =
                            row < rows ? *(uint*)(Source(source, columns, row, b) + 2 + g * 4) : 0x88888888;
                    }
                }
            }
        }
        return bad;
    }

    private static byte* Source(byte* source, long columns, long row, long block) =>
        source + (row * (columns / Tiles.Block) + block) * 18;

    private static int Weight(byte* lane, long column)
    {
        int pair = lane[(column & 15) / 4 * 32 + (column & 3)];
        return ((column & 16) == 0 ? pair & 15 : pair >> 4) - 8;
    }

    private static int Dot(byte* lane, sbyte* q, int sum)
    {
        int dot = 0;
        for (long c = 0; c < Tiles.Block; c++) dot += (Weight(lane, c) + 8) * q[c];
        return dot - 8 * sum;
    }
}
