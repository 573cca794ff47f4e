namespace Edge.Kernels;

/// <summary>
/// Ternary weights, three in five bits, with one scale per matrix and a byte per row that refines it: 1.667 bits, 1.670
/// with scales and padding at 2560 columns. Specification of the vector twins.
/// <para>Layout: a header of 64 bytes: float unit, int32 rows, zeros; a byte per row, its scale in units, zeros to a
/// multiple of 64; a tile per twelve rows; for the remaining rows a short tile per four.</para>
/// <para>A tile is five vectors per 32 columns. A field is five bits, f = (w[r]+1) + 3·(w[4+r]+1) + 9·(w[8+r]+1); byte
/// 4·r + j of field p belongs to column 4p + j. Fields 0 … 4 are the low five bits of vectors 0 … 4; the top three
/// bits hold, in this order, f5's low three, f5's high two and bit 3 of f7, f6's low three, f6's high two and bit 4 of
/// f7, f7's low three.</para>
/// <para>A short tile is the same for its four rows, with columns 0 … P − 1, P … 2P − 1 and 2P … 3P − 1 in place of the
/// three groups of rows; P is a third of the columns rounded up to a multiple of 32; columns that the matrix does not
/// have are zeros.</para>
/// <para>Arithmetic: y = (float)dot · ((float)byte · (unit · activation scale)), dot exact in int32: columns ≤
/// 65536.</para>
/// </summary>
public static unsafe class Ternary1_67Scalar
{
    /// <summary>As <see cref="Ternary2Scalar.Rows"/>, but row0 is a multiple of 12.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        float unit = *(float*)w;
        long rows = ((int*)w)[1];
        for (long t = 0; t < tokens; t++, x += Digits.TokenActivationBytes(columns), y += yStride)
        {
            float activation = *(float*)(x + Digits.TokenActivationBytes(columns) - Digits.TokenRecordBytes);
            for (long r = row0; r < row1; r++)
            {
                int dot = 0;
                for (long c = 0; c < columns; c++) dot += Weight(w, rows, columns, r, c) * ((sbyte*)x)[c];
                y[r] = (float)dot * ((float)w[Digits.Ternary1_67HeaderBytes + r] * (unit * activation));
            }
        }
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        float scale = (float)w[Digits.Ternary1_67HeaderBytes + row] * *(float*)w;
        for (long c = 0; c < columns; c++) y[c] = Weight(w, ((int*)w)[1], columns, row, c) * scale;
    }

    private static int Weight(byte* w, long rows, long columns, long row, long column)
    {
        Place place = Find(rows, columns, row, column);
        int field = Field(w + place.Offset, place.Field);
        return (place.Digit == 0 ? field % 3 : place.Digit == 1 ? field / 3 % 3 : field / 9) - 1;
    }

    /// <summary>Packs rows × columns weights −1 … 1 and a scale ≥ 0 (bfloat16) per row. When all rows have one scale it
    /// is exact; else the unit is 1 / 255 of the largest, and a row's scale is off by half a unit at most.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        long bytes = Digits.Ternary1_67Bytes(rows, columns);
        for (long i = 0; i < bytes; i++) tiles[i] = 0;
        float unit = Unit(scales, rows);
        *(float*)tiles = unit;
        ((int*)tiles)[1] = (int)rows;
        for (long r = 0; r < rows; r++)
        {
            float code = unit > 0 ? Digits.FromBF16(scales[r]) / unit : 0;
            tiles[Digits.Ternary1_67HeaderBytes + r] = (byte)(code + 0.5f);
        }
        long part = Digits.Ternary1_67Part(columns);
        for (long r = 0; r < (rows + 3) / 4 * 4; r++)
        {
            // The most significant digit is written last: each adds itself to what its field has.
            long last = r < rows - rows % 12 ? columns : part * 3;
            for (long c = 0; c < last; c++)
            {
                Place place = Find(rows, columns, r, c);
                int code = r < rows && c < columns ? weights[r * columns + c] + 1 : 1;
                for (int d = 0; d < place.Digit; d++) code *= 3;
                byte* at = tiles + place.Offset;
                Set(at, place.Field, Field(at, place.Field) + code);
            }
        }
    }

    /// <summary>For a packed matrix whose weights but the zeros have one magnitude: makes it exactly that.</summary>
    public static void SetUnit(byte* tiles, long rows, float magnitude)
    {
        *(float*)tiles = magnitude / 128;
        for (long r = 0; r < rows; r++)
            tiles[Digits.Ternary1_67HeaderBytes + r] = 128;
    }

    /// <summary>Where a weight is: the byte of vector 0, the field's number, which of its three digits.</summary>
    private struct Place
    {
        public long Offset, Field;
        public int Digit;
    }

    private static Place Find(long rows, long columns, long row, long column)
    {
        long whole = rows - rows % 12, part = Digits.Ternary1_67Part(columns);
        long tile = Digits.Ternary1_67FirstTile(rows) + row / 12 * Digits.Ternary1_67TileBytes(columns);
        long digit = row % 12 / 4;
        if (row >= whole)
        {
            tile += digit * Digits.Ternary1_67TileBytes(part);
            digit = column < part ? 0 : column < 2 * part ? 1 : 2;
            column -= digit * part;
        }
        return new Place
        {
            Offset = tile + column / 32 * 80 + (row & 3) * 4 + (column & 3),
            Field = column / 4 & 7,
            Digit = (int)digit,
        };
    }

    private static float Unit(ushort* scales, long rows)
    {
        float largest = 0;
        bool one = true;
        for (long r = 0; r < rows; r++)
        {
            float scale = Digits.FromBF16(scales[r]);
            if (scale > largest) largest = scale;
            one &= scales[r] == scales[0];
        }
        return one ? largest / 128 : largest / 255;
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
            Set(at + field * 16, 0, 5, code);
        }
        else if (field < 7)
        {
            byte* low = at + (field - 5) * 32;
            Set(low, 5, 3, code);
            Set(low + 16, 5, 2, code >> 3);
        }
        else
        {
            Set(at + 64, 5, 3, code);
            Set(at + 16, 7, 1, code >> 3);
            Set(at + 48, 7, 1, code >> 4);
        }
    }

    private static void Set(byte* at, int shift, int bits, int value)
    {
        int mask = (1 << bits) - 1;
        *at = (byte)(*at & ~(mask << shift) | (value & mask) << shift);
    }
}
