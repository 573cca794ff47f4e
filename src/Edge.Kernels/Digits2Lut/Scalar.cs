namespace Edge.Kernels;

/// <summary>
/// 2-bit weights by table look-up, for cores without the dot product: weights and scales of <see cref="Digits2Scalar"/>
/// in another tile, activations rounded less (below). Specification of the vector twins.
/// <para>Layout: tiles of 32 rows; per group of 128 columns 32 bfloat16 scales, then per four columns two vectors of
/// 16 bytes, rows 0 … 15 and 16 … 31: the low nibble is (w[c] + 2) + 4 · (w[c+1] + 2), the high one the same of
/// columns c+2 and c+3.</para>
/// <para>Tables, per token: for each pair of columns 16 signed entries, then 16 times the pair's multiplier m, 1 … 127;
/// float unit per chunk of 1024 columns, int16 start per group, zeros to 64 bytes. In units, m · entry n is (n mod 4 −
/// 1.5) · x[c] + (n / 4 − 1.5) · x[c+1]; the multiplier lets every pair use all of an entry's eight bits, whatever the
/// other pairs are. The start is minus half the group's sum, for the weights are half a step lower.</para>
/// <para>Arithmetic: a group's dot is start + Σ m · entry, exact in int16, for the unit is chosen so; per chunk the sum
/// of (float)(65536 · dot) · scale over its groups, from +0, times unit, is added to y, from +0; never fused. (The unit
/// is divided by 65536.)</para>
/// </summary>
public static unsafe class Digits2LutScalar
{
    public const int GroupBytes = 32 * 2 + 32 * Digits.Group / 4;
    public const int GroupTableBytes = Digits.Group / 2 * PairBytes;
    public const int PairBytes = 32;
    public const int ChunkGroups = 8;

    /// <summary>Bytes of a packed matrix.</summary>
    public static long Bytes(long rows, long columns) => (rows + 31) / 32 * (columns / Digits.Group) * GroupBytes;

    /// <summary>Bytes from one token's tables to the next.</summary>
    public static long TableBytes(long columns)
    {
        long groups = columns / Digits.Group;
        return (groups * GroupTableBytes + (groups + ChunkGroups - 1) / ChunkGroups * 4 + groups * 2 + 63) & ~63L;
    }

    /// <summary>Builds the tables of float[tokens][columns]; every variant gives the same bits for finite input.
    /// Shapes: columns is a multiple of 128.</summary>
    public static void Tables(float* x, byte* tables, long columns, long tokens)
    {
        long groups = columns / Digits.Group, chunks = (groups + ChunkGroups - 1) / ChunkGroups;
        for (long t = 0; t < tokens; t++, tables += TableBytes(columns))
        {
            float* units = (float*)(tables + groups * GroupTableBytes);
            short* starts = (short*)(units + chunks);
            for (long g = 0; g < groups; g += ChunkGroups, x += ChunkGroups * Digits.Group)
            {
                long count = groups - g < ChunkGroups ? groups - g : ChunkGroups;
                units[g / ChunkGroups] = Chunk(x, tables + g * GroupTableBytes, starts + g, count);
            }
            if (groups % ChunkGroups != 0) x -= (ChunkGroups - groups % ChunkGroups) * Digits.Group;
            for (byte* rest = (byte*)(starts + groups); rest < tables + TableBytes(columns); rest++) *rest = 0;
        }
    }

    // Activations become integers q of at most 8191. Half a unit is U of them: large enough that four times the sum of
    // a group's magnitudes (thrice for the entries, once for the start) is within int16, and a multiplier within 127.
    private static float Chunk(float* x, byte* tables, short* starts, long groups)
    {
        float max = 0;
        for (long i = 0; i < groups * Digits.Group; i++)
        {
            float magnitude = x[i] < 0 ? -x[i] : x[i];
            if (magnitude > max) max = magnitude;
        }
        bool some = max >= 7.888609052210118e-31f; // 2^-100
        float inverse = some ? 8191f / max : 0;
        int unit = 4;
        for (long g = 0; g < groups; g++)
        {
            int total = 0;
            for (long i = 0; i < Digits.Group; i++) total += Magnitude(Round(x[g * Digits.Group + i] * inverse));
            if (total / 8000 + 1 > unit) unit = total / 8000 + 1;
        }
        float perPair = 3f / (float)(127 * unit), perEntry = 256f / (float)unit, minusPerUnit = -1f / (float)unit;
        for (long g = 0; g < groups; g++)
        {
            int sum = 0;
            for (long p = 0; p < Digits.Group / 2; p++, x += 2, tables += PairBytes)
            {
                int a = Round(x[0] * inverse), b = Round(x[1] * inverse);
                int multiplier = (int)((float)(Magnitude(a) + Magnitude(b)) * perPair) + 1;
                float factor = perEntry / (float)multiplier;
                Pair(tables, Round((float)a * factor), Round((float)b * factor), multiplier);
                sum += a + b;
            }
            starts[g] = (short)Round((float)sum * minusPerUnit);
        }
        return some ? max / 8191f * ((float)unit * 7.62939453125e-06f) : 0; // half of 2^-16
    }

    private static void Pair(byte* table, int a, int b, int multiplier)
    {
        for (int n = 0; n < 16; n++)
        {
            table[n] = (byte)(((2 * (n & 3) - 3) * a + (2 * (n >> 2) - 3) * b + 128) >> 8);
            table[16 + n] = (byte)multiplier;
        }
    }

    private static int Magnitude(int value) => value < 0 ? -value : value;

    // To nearest, ties to even, below 2^22.
    private static int Round(float value)
    {
        float shifted = value + 12582912f;
        return *(int*)&shifted - Digits.Magic;
    }

    /// <summary>y[t·yStride + r] = Σ W[r,c]·x[t,c] for row0 ≤ r &lt; row1, t &lt; tokens. Shapes: x is what <see
    /// cref="Tables"/> makes; columns is a multiple of 128; row0 of 32; nothing beyond row1 is written.</summary>
    public static void Rows(byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride)
    {
        long groups = columns / Digits.Group, chunks = (groups + ChunkGroups - 1) / ChunkGroups;
        for (long t = 0; t < tokens; t++, x += TableBytes(columns), y += yStride)
        {
            float* units = (float*)(x + groups * GroupTableBytes);
            short* starts = (short*)(units + chunks);
            for (long r = row0; r < row1; r++)
            {
                float result = 0, sum = 0;
                for (long g = 0; g < groups; g++)
                {
                    byte* group = w + (r / 32 * groups + g) * GroupBytes;
                    int dot = starts[g] + Dot(group + 64 + (r & 31), x + g * GroupTableBytes);
                    sum += (float)(dot << 16) * Digits.FromBF16(((ushort*)group)[r & 31]);
                    if ((g + 1) % ChunkGroups != 0 && g + 1 < groups) continue;
                    result += sum * units[g / ChunkGroups];
                    sum = 0;
                }
                y[r] = result;
            }
        }
    }

    private static int Dot(byte* codes, byte* tables)
    {
        int dot = 0;
        for (long p = 0; p < Digits.Group / 2; p++, tables += PairBytes)
        {
            int nibble = codes[p / 2 * 32] >> (int)(p & 1) * 4 & 15;
            dot += (sbyte)tables[nibble] * (sbyte)tables[16];
        }
        return dot;
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
                int power = (int)(r >> 2 & 3) * 2;
                ((ushort*)group)[r & 31] = r < rows ? Digits.Multiply(((ushort*)from)[r & 15], power) : (ushort)0;
                for (long c = 0; c < Digits.Group; c += 4)
                {
                    int code = 0;
                    for (int j = 3; j >= 0; j--)
                        code = code << 2 | (r < rows ? Digits2Scalar.Weight(from + 32, r & 15, c + j) + 2 : 2);
                    group[64 + c / 4 * 32 + (r & 31)] = (byte)code;
                }
            }
        }
        return 0;
    }

    /// <summary>As <see cref="FromDigits2"/>, which is its specification, a word at a time: it runs at load, and at
    /// every read of a matrix that streams.</summary>
    public static long Regroup(byte* source, byte* tiles, long columns, long rows)
    {
        long groups = columns / Digits.Group, tileBytes = groups * Digits.Digits2GroupBytes;
        long whole = rows / 32;
        for (long t = 0; t < whole; t++, source += 2 * tileBytes)
        {
            byte* from = source;
            for (long g = 0; g < groups; g++, from += Digits.Digits2GroupBytes, tiles += GroupBytes)
            {
                Sixteen(from, tiles, tiles + 64);
                Sixteen(from + tileBytes, tiles + 32, tiles + 80);
            }
        }
        // What is behind the last row is no weight, whatever the source has there.
        return rows % 32 == 0 ? 0 : FromDigits2(source, tiles, columns, rows % 32);
    }

    // One group of sixteen rows.
    private static void Sixteen(byte* from, byte* scales, byte* codes)
    {
        for (int r = 0; r < 16; r++)
            ((ushort*)scales)[r] = Digits.Multiply(((ushort*)from)[r], r >> 2 << 1);
        ulong* vectors = (ulong*)(from + 32);
        for (long c = 0; c < Digits.Group; c += 4, vectors += 2, codes += 32)
        {
            // Two rows of four each: a byte is a column with the rows r, 4 + r, 8 + r, 12 + r.
            ulong a = Columns(vectors[0]), b = Columns(vectors[1]);
            const ulong Low = 0x0000FFFF0000FFFF;
            ((ulong*)codes)[0] = a & Low | (b & Low) << 16;
            ((ulong*)codes)[1] = a >> 16 & Low | b & ~Low;
        }
    }

    // Makes a byte a row with its four columns, and brings the bytes of rows 4 · i and 4 · i + 1 together: transposes
    // 4 × 4 fields of two bits, then 2 × 2 bytes. The top digit was signed.
    private static ulong Columns(ulong rows)
    {
        rows ^= 0x8080808080808080;
        ulong swapped = (rows >> 6 ^ rows) & 0x00CC00CC00CC00CC;
        rows ^= swapped ^ swapped << 6;
        swapped = (rows >> 12 ^ rows) & 0x0000F0F00000F0F0;
        rows ^= swapped ^ swapped << 12;
        swapped = (rows >> 24 ^ rows) & 0x00000000FF00FF00;
        return rows ^ swapped ^ swapped << 24;
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
