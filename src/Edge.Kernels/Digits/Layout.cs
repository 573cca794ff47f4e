namespace Edge.Kernels;

/// <summary>
/// What the packed families share (layouts: README.md of this folder's parent). A byte of a tile holds weights of
/// several rows at one column, so that one vector is four rows × four columns per row group and a dot product never
/// adds across rows.
/// <para>
/// Activations by group (Digits2, 3, 4). Per token: int8 q[C], C a multiple of 128, then a record of 64 bytes per
/// group: float scale; the start values of the accumulators, int32 digits2[4], digits3[3], digits4[2]; int32 sum; for
/// 2-bit digits that stand for the middle of a range (Nested4), float 0.375 · sum, 1.5 · sum and int32 starts of the
/// third and fourth accumulator; zero. Activations by token (Ternary…). Per token: int8 q[C], C a multiple of 32, then
/// float scale, int32 sum, zeros to 64 bytes.
/// </para>
/// <para>
/// A start value holds the offset of the weights times the group's sum and <see cref="Magic"/>, the bits of 1.5 · 2²³:
/// an accumulator (or a difference of neighbours) then is the bits of a float, and subtracting 1.5 · 2²³ converts it,
/// exactly, for |sum| &lt; 2²².
/// </para>
/// <para>
/// Arithmetic, the same bits in every variant: per row and group y ← y + (float)(m · dot) · (stored scale · activation
/// scale), from +0 and group 0 on, never fused; m is the row group's power of two, and the stored bfloat16 scale is
/// the scale / m.
/// </para>
/// </summary>
public static class Digits
{
    public const int Group = 128;
    public const int RecordBytes = 64;
    public const int Magic = 0x4B400000;
    public const int TokenRecordBytes = 64;
    /// <summary>Columns of a matrix with activations by token: its sums stay within int32.</summary>
    public const int TokenColumnsMax = 65536;

    // Bytes of one tile's group: scales, then weights.
    public const int Digits2GroupBytes = 16 * 2 + 16 * Group / 4;
    public const int Digits3GroupBytes = 32 * 2 + 32 * Group * 3 / 8;
    public const int Digits4GroupBytes = 16 * 2 + 16 * Group / 2;
    public const int Nested4LowGroupBytes = 16 * Group / 4;
    public const int Digits4x32BlockBytes = 16 * 2 + 16 * 32 / 2;

    /// <summary>Bytes from one token's activations by group to the next.</summary>
    public static long ActivationBytes(long columns) => columns + columns / Group * RecordBytes;

    /// <summary>Bytes from one token's activations by token to the next.</summary>
    public static long TokenActivationBytes(long columns) => ((columns + 63) & ~63L) + TokenRecordBytes;

    public static long Digits2Bytes(long rows, long columns)
        => (rows + 15) / 16 * (columns / Group) * Digits2GroupBytes;
    public static long Digits3Bytes(long rows, long columns)
        => (rows + 31) / 32 * (columns / Group) * Digits3GroupBytes;
    public static long Digits4Bytes(long rows, long columns)
        => (rows + 15) / 16 * (columns / Group) * Digits4GroupBytes;
    public static long Nested4LowBytes(long rows, long columns)
        => (rows + 15) / 16 * (columns / Group) * Nested4LowGroupBytes;
    public static long Digits4x32Bytes(long rows, long columns)
        => (rows + 15) / 16 * (columns / 32) * Digits4x32BlockBytes;

    // A ternary tile of 2 or 1.6 bits: the rows' scales, padded to 16 bytes, then the weights.
    public static long Ternary2TileBytes(long columns) => 32 + columns * 4;
    public static long Ternary1_6TileBytes(long columns) => 48 + columns * 4;
    public static long Ternary2Bytes(long rows, long columns) => (rows + 15) / 16 * Ternary2TileBytes(columns);
    public static long Ternary1_6Bytes(long rows, long columns) => (rows + 19) / 20 * Ternary1_6TileBytes(columns);

    // Ternary1_67: a header, a byte of scale per row, tiles of twelve rows, then short tiles of four, whose columns are
    // cut into three parts that stand for the three groups of rows.
    public const int Ternary1_67HeaderBytes = 64;
    public static long Ternary1_67TileBytes(long columns) => columns / 32 * 80;
    public static long Ternary1_67Part(long columns) => (columns + 95) / 96 * 32;
    public static long Ternary1_67FirstTile(long rows) => Ternary1_67HeaderBytes + ((rows + 63) & ~63L);
    public static long Ternary1_67Bytes(long rows, long columns) => Ternary1_67FirstTile(rows)
        + rows / 12 * Ternary1_67TileBytes(columns)
        + (rows % 12 + 3) / 4 * Ternary1_67TileBytes(Ternary1_67Part(columns));

    /// <summary>bfloat16 to float, exact.</summary>
    internal static unsafe float FromBF16(ushort value)
    {
        uint bits = (uint)value << 16;
        return *(float*)&bits;
    }

    /// <summary>A finite bfloat16 divided by 2^power, exact unless the result is subnormal: then zero.</summary>
    internal static ushort Divide(ushort value, int power)
    {
        int exponent = (value >> 7 & 255) - power;
        return exponent <= 0 ? (ushort)0 : (ushort)(value & 0x807F | exponent << 7);
    }

    /// <summary>Undoes <see cref="Divide"/>, but for what became zero.</summary>
    internal static ushort Multiply(ushort value, int power) =>
        (value & 0x7F80) == 0 ? (ushort)0 : (ushort)(value + (power << 7));
}
