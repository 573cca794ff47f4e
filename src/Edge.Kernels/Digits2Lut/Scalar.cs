namespace Edge.Kernels;

/// <summary>
/// 2-bit weights by table look-up, for cores without the dot product: weights, scales and results of <see
/// cref="Digits2Scalar"/> (the same bits unless a scale is subnormal), in another tile. Specification of the vector
/// twins.
/// <para>Layout: tiles of 32 rows; per group of 128 columns 32 bfloat16 scales, then per four columns two vectors of
/// 16 bytes, rows 0 … 15 and 16 … 31: the low nibble is (w[c] + 2) + 4 · (w[c+1] + 2), the high one the same of
/// columns c+2 and c+3.</para>
/// <para>Tables, per token: for each pair of columns 16 values t = (n mod 4 − 2)·q[c] + (n / 4 − 2)·q[c+1], exact, as
/// 16 bytes t mod 64 and 16 signed bytes t / 64 (rounded down); then float scale per group, zeros to 64 bytes. Four
/// low bytes add without a carry, sixteen high ones.</para>
/// </summary>
public static unsafe class Digits2LutScalar
{
    public const int GroupBytes = 32 * 2 + 32 * Digits.Group / 4;
    public const int PairBytes = 32;

    /// <summary>Bytes of a packed matrix.</summary>
    public static long Bytes(long rows, long columns) => (rows + 31) / 32 * (columns / Digits.Group) * GroupBytes;

    /// <summary>Bytes from one token's tables to the next.</summary>
    public static long TableBytes(long columns) => (columns / 2 * PairBytes + columns / Digits.Group * 4 + 63) & ~63L;

    /// <summary>Builds the tables. Shapes: x as <see cref="DigitsScalar.QuantizeGroups"/> makes it; columns is a
    /// multiple of 128.</summary>
    public static void Tables(byte* x, byte* tables, long columns, long tokens)
    {
        for (long t = 0; t < tokens; t++, x += Digits.ActivationBytes(columns), tables += TableBytes(columns))
        {
            sbyte* q = (sbyte*)x;
            for (long p = 0; p < columns / 2; p++)
            {
                for (int n = 0; n < 16; n++)
                {
                    int value = ((n & 3) - 2) * q[2 * p] + ((n >> 2) - 2) * q[2 * p + 1];
                    tables[p * PairBytes + n] = (byte)(value & 63);
                    tables[p * PairBytes + 16 + n] = (byte)(value >> 6);
                }
            }
            float* scales = (float*)(tables + columns / 2 * PairBytes);
            for (long g = 0; g < columns / Digits.Group; g++)
                scales[g] = *(float*)(x + columns + g * Digits.RecordBytes);
            for (byte* rest = (byte*)(scales + columns / Digits.Group); rest < tables + TableBytes(columns); rest++)
                *rest = 0;
        }
    }

    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens. Shapes: x is what <see
    /// cref="Tables"/> makes; columns is a multiple of 128; row0 of 32; nothing beyond row1 is written.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long groups = columns / Digits.Group;
        for (long t = 0; t < tokens; t++, x += TableBytes(columns), y += yStride)
        {
            for (long r = row0; r < row1; r++)
            {
                float sum = 0;
                for (long g = 0; g < groups; g++)
                {
                    byte* group = w + (r / 32 * groups + g) * GroupBytes;
                    byte* tables = x + g * Digits.Group / 2 * PairBytes;
                    int dot = 0;
                    for (long p = 0; p < Digits.Group / 2; p++, tables += PairBytes)
                    {
                        int nibble = group[64 + p / 2 * 32 + (r & 31)] >> (int)(p & 1) * 4 & 15;
                        dot += tables[nibble] + ((sbyte)tables[16 + nibble] << 6);
                    }
                    float scale = Digits.FromBF16(((ushort*)group)[r & 31])
                        * ((float*)(x + columns / 2 * PairBytes))[g];
                    sum += (float)dot * scale;
                }
                y[r] = sum;
            }
        }
    }

    /// <summary>The same matrix from the tiles of <see cref="Digits2Scalar"/>; nothing can be bad, so zero.</summary>
    public static long FromDigits2(byte* source, byte* tiles, long columns, long rows)
    {
        long groups = columns / Digits.Group;
        for (long r = 0; r < (rows + 31) / 32 * 32; r++)
        {
            for (long g = 0; g < groups; g++)
            {
                byte* from = source + (r / 16 * groups + g) * Digits.Digits2GroupBytes;
                byte* group = tiles + (r / 32 * groups + g) * GroupBytes;
                ((ushort*)group)[r & 31] = r < rows ? Digits.Multiply(((ushort*)from)[r & 15], (int)(r >> 2 & 3) * 2) : (ushort)0;
                for (long c = 0; c < Digits.Group; c += 4)
                {
                    int code = 0;
                    for (int j = 3; j >= 0; j--) code = code << 2 | (r < rows ? Digits2Scalar.Weight(from + 32, r & 15, c + j) + 2 : 2);
                    group[64 + c / 4 * 32 + (r & 31)] = (byte)code;
                }
            }
        }
        return 0;
    }

    /// <summary>Decodes row <paramref name="row"/> to float[columns].</summary>
    public static void Decode(byte* w, float* y, long columns, long row)
    {
        byte* group = w + row / 32 * (columns / Digits.Group) * GroupBytes;
        for (long c = 0; c < columns; c++)
        {
            if (c > 0 && c % Digits.Group == 0) group += GroupBytes;
            int code = group[64 + c % Digits.Group / 4 * 32 + (row & 31)] >> (int)(c & 3) * 2 & 3;
            y[c] = (float)(code - 2) * Digits.FromBF16(((ushort*)group)[row & 31]);
        }
    }

    /// <summary>Packs rows × columns weights −2 … 1 and rows × columns / 128 scales (bfloat16). Rows that do not fill
    /// the last tile are zeros.</summary>
    public static void Pack(sbyte* weights, ushort* scales, byte* tiles, long columns, long rows)
    {
        long groups = columns / Digits.Group;
        for (long r = 0; r < (rows + 31) / 32 * 32; r++)
        {
            for (long g = 0; g < groups; g++)
            {
                byte* group = tiles + (r / 32 * groups + g) * GroupBytes;
                ((ushort*)group)[r & 31] = r < rows ? scales[r * groups + g] : (ushort)0;
                for (long c = 0; c < Digits.Group; c += 4)
                {
                    int code = 0;
                    for (int j = 3; j >= 0; j--) code = code << 2
                        | (r < rows ? weights[r * columns + g * Digits.Group + c + j] + 2 : 2);
                    group[64 + c / 4 * 32 + (r & 31)] = (byte)code;
                }
            }
        }
    }
}
