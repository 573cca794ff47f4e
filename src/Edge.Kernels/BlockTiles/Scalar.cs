namespace Edge.Kernels;

/// <summary>
/// ggml's blocks in tiles (<see cref="BlockTiles"/>) × int8 activations: the specification of the vector twins, which
/// give the same bits.
/// </summary>
public static unsafe partial class BlockTilesScalar
{
    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens.
    /// Shapes: row0 is a multiple of 8; row1 is a multiple of 8 or the matrix's last row; nothing beyond row1 is
    /// written; columns are a multiple of the type's block.</summary>
    public static void RowsQ4_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q4_1);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ5_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_0);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ5_1(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_1);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ2_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q2_K);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ3_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q3_K);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ4_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q4_K);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ5_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q5_K);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsQ6_K(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.Q6_K);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsIQ4_NL(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.IQ4_NL);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsIQ4_XS(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.IQ4_XS);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsTQ2_0(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.TQ2_0);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsI2_S(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.I2_S);

    /// <inheritdoc cref="RowsQ4_1"/>
    public static void RowsMXFP4(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride) => Rows(w, x, y, columns, row0, row1, tokens, yStride, BlockTiles.MXFP4);

    /// <summary>Decodes row <paramref name="row"/> of a matrix to float[columns]: what <see
    /// cref="BlocksScalar.Decode"/> makes of the file's row.</summary>
    public static void Decode(byte* w, float* y, long columns, long row, int format)
    {
        byte* block = w + row / 8 * BlockTiles.TileBytes(columns, format);
        long lane = row & 7, size = BlockTiles.Columns(format);
        int centre = (BlockTiles.Offsets >> format & 1) != 0 ? BlockTiles.Centre(format) : 0;
        for (long c = 0; c < columns; c += size, block += BlockTiles.BlockBytes(format))
        {
            for (long i = 0; i < size; i++)
            {
                float product = (Code(block, lane, i, format) + centre) * Scale(block, lane, i / 16, format);
                bool hasOffset = (BlockTiles.Offsets >> format & 1) != 0;
                y[c + i] = hasOffset ? product + Offset(block, lane, i / 16, format) : product;
            }
        }
    }

    private static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens,
        long yStride, int format)
    {
        long tileBytes = BlockTiles.TileBytes(columns, format), tokenBytes = BlockTiles.ActivationBytes(columns);
        for (long r = row0; r < row1; r++)
        {
            for (long t = 0; t < tokens; t++)
                y[t * yStride + r] = Row(w + r / 8 * tileBytes, r & 7, x + t * tokenBytes, columns, format);
        }
    }

    private static float Row(byte* block, long lane, byte* x, long columns, int format)
    {
        float* scales = (float*)(x + columns);
        float* sums = scales + columns / 32;
        long size = BlockTiles.Columns(format);
        float y = 0;
        for (long c = 0; c < columns; c += size, block += BlockTiles.BlockBytes(format))
        {
            for (long i = 0; i < size; i += 32, scales++, sums += 2)
            {
                sbyte* q = (sbyte*)x + c + i;
                float v;
                if ((BlockTiles.Halves >> format & 1) != 0)
                    {
                    v = Term(block, lane, i, q, 16, sums[0], format)
                        + Term(block, lane, i + 16, q + 16, 16, sums[1], format);
                }
                else v = Term(block, lane, i, q, 32, sums[0] + sums[1], format);
                y += v * *scales;
            }
        }
        return y;
    }

    /// <summary>Columns of one scale: dot · scale (+ sum · offset).</summary>
    private static float Term(byte* block, long lane, long c, sbyte* q, long columns, float sum, int format)
    {
        int dot = 0;
        for (long i = 0; i < columns; i++) dot += Code(block, lane, c + i, format) * q[i];
        float scale = Scale(block, lane, c / 16, format), v = dot * scale;
        if ((BlockTiles.Offsets >> format & 1) == 0) return v;
        float offset = Offset(block, lane, c / 16, format);
        if ((BlockTiles.Centred >> format & 1) != 0) offset += BlockTiles.Centre(format) * scale;
        return v + sum * offset;
    }

    /// <summary>The signed code of column c of a block.</summary>
    private static int Code(byte* block, long lane, long c, int format)
    {
        byte* at = block + BlockTiles.GroupsAt(format) + c / 32 * BlockTiles.GroupBytes(format) + lane * 4 + (c & 3);
        int quad = (int)(c / 4 & 7), code = 0;
        if ((BlockTiles.Nibbles >> format & 1) != 0) code = at[(quad & 3) * 32] >> (quad & 4) & 15;
        if ((BlockTiles.WideTables >> format & 1) != 0 || format == BlockTiles.MXFP4)
            return BlocksScalar.TableEntry(code, format);
        if ((BlockTiles.Crumbs >> format & 1) != 0)
        {
            int crumb = at[BlockTiles.CrumbsAt(format) + quad / 4 * 32] >> (quad & 3) * 2 & 3;
            code |= crumb << BlockTiles.CrumbShift(format);
        }
        if ((BlockTiles.Bits >> format & 1) != 0)
            code |= (at[BlockTiles.BitsAt(format)] >> quad & 1) << BlockTiles.BitShift(format);
        return code - BlockTiles.Centre(format);
    }

    /// <summary>The scale of 16 columns of a block.</summary>
    private static float Scale(byte* block, long lane, long half, int format)
    {
        if (format == BlockTiles.MXFP4) return BlocksScalar.ScaleMXFP4(block[lane]);
        if (format == BlockTiles.I2_S) return ((float*)block)[lane];
        float d = FloatScalar.FromF16(((ushort*)block)[lane]);
        byte* words = block + BlockTiles.WordsAt(format) + lane;
        return format switch
        {
            BlockTiles.Q4_K or BlockTiles.Q5_K => d * Word(words, half / 2, 16),
            BlockTiles.Q3_K => d * (Word(words, half, 16) - 32),
            BlockTiles.IQ4_XS => d * (Word(words, half / 2, 8) - 32),
            BlockTiles.Q6_K => d * (sbyte)words[half * 8],
            BlockTiles.Q2_K => d * (words[half * 8] & 15),
            _ => d,
        };
    }

    /// <summary>What is added to 16 columns of a block.</summary>
    private static float Offset(byte* block, long lane, long half, int format)
    {
        float unit = FloatScalar.FromF16(((ushort*)block)[8 + lane]);
        byte* words = block + BlockTiles.WordsAt(format) + lane;
        return format switch
        {
            BlockTiles.Q4_K or BlockTiles.Q5_K => -(unit * Word(words, 8 + half / 2, 16)),
            BlockTiles.Q2_K => -(unit * (words[half * 8] >> 4)),
            _ => unit,
        };
    }

    /// <summary>Six bits of word k of <paramref name="count"/>. Their low nibbles stand in the first half of so many
    /// words of eight bytes, k ≥ count / 2 in the upper nibble; in a quarter of so many words stand the other two bits,
    /// of k ≥ count / 4 above those of the first, and so on.</summary>
    private static int Word(byte* words, long k, long count)
    {
        int low = words[(k & (count / 2 - 1)) * 8] >> (k < count / 2 ? 0 : 4) & 15;
        int field = (int)(k >> (count == 16 ? 2 : 1));
        int high = words[count * 4 + (k & (count / 4 - 1)) * 8] >> field * 2 & 3;
        return low | high << 4;
    }
}
