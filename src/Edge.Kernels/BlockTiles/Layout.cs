using System.Runtime.CompilerServices;

namespace Edge.Kernels;

/// <summary>
/// ggml's blocks in tiles of eight rows. Nothing is rounded, and the size is the file's (TQ1_0 takes TQ2_0's form, I2_S
/// 2.5 bits): the bits of eight rows stand side by side, so that a lane is a row and nothing is added across lanes.
/// <para>
/// Weights. A matrix of R rows is ceil(R / 8) tiles, one after another; a tile is C / <see cref="Columns"/> blocks, one
/// after another; a block is eight blocks of the file. Rows that do not fill the last tile are zeros. In a block stand
/// d, eight F16 (MXFP4: eight bytes, the exponents; I2_S: eight float32, all the matrix's one scale);
/// the unit of the offsets, eight F16, where there are any (Q4_1, Q5_1: the offsets themselves);
/// the scales inside a block of 256 and what multiplies the offset's unit, words of eight bytes, a byte per row
/// (<see cref="BlockTilesScalar"/>.Word);
/// then its groups of 32 columns, one after another. A vector is 32 bytes, in which byte 4·r + i belongs to row r; with
/// quad k the columns 4k + i (k = 0 … 7) of a group, a group is
/// four vectors of nibbles: v has bits 0 … 3 of quad v, and of quad v + 4 above them (not where two or three bits do);
/// two vectors of crumbs: v has two bits each of quads 4v … 4v + 3, the first lowest (Q2_K, Q3_K, TQ2_0, I2_S: bits 0
/// and 1; Q6_K: bits 4 and 5); one vector of bits: bit k is that of quad k (Q3_K: bit 2; Q5_0, Q5_1, Q5_K: bit 4).
/// </para>
/// <para>
/// Activations. Per token: int8 q[C], |q| ≤ 127; float scale[C / 32]; float sum[C / 16], Σ of 16 q; int16 pair[C /
/// 16][2], the part of that sum of columns 4k, 4k + 1, and of 4k + 2, 4k + 3; zeros up to <see
/// cref="ActivationBytes"/>.
/// </para>
/// <para>
/// Arithmetic of every variant, so that all give the same bits. Codes are signed: Q5's less 16, Q6_K's less 32, Q3_K's
/// less 4, ternary ones less 1, and those of IQ4 and MXFP4 are the table's values; dot = Σ code · q is exact. A group
/// is v = dot · scale, and where the type has offsets v = dot · scale + sum · offset, Q5's offset having 16 · scale
/// added; with scales per 16 columns (Q2_K, Q3_K, Q6_K) v is the sum of two such terms, the first 16 columns' first. v
/// · (activation scale) is added to a float accumulator that starts at +0, group 0 first. Multiplications and additions
/// are never fused. A scale inside a block of 256 times d is exact.
/// </para>
/// </summary>
public static class BlockTiles
{
    public const int Q4_1 = Blocks.Q4_1, Q5_0 = Blocks.Q5_0, Q5_1 = Blocks.Q5_1, Q2_K = Blocks.Q2_K, Q3_K = Blocks.Q3_K,
        Q4_K = Blocks.Q4_K, Q5_K = Blocks.Q5_K, Q6_K = Blocks.Q6_K, IQ4_NL = Blocks.IQ4_NL, IQ4_XS = Blocks.IQ4_XS,
        TQ2_0 = Blocks.TQ2_0, I2_S = Blocks.I2_S, MXFP4 = Blocks.MXFP4;

    /// <summary>Columns of a group.</summary>
    public const int Group = 32;

    // Sets of formats, asked with (set >> format & 1) != 0 and not by a function: where the format is a constant the
    // compiler then knows which branch it need not import.

    /// <summary>Blocks of 256.</summary>
    internal const ulong Supers = 1UL << Q2_K | 1UL << Q3_K | 1UL << Q4_K | 1UL << Q5_K | 1UL << Q6_K | 1UL << IQ4_XS
        | 1UL << TQ2_0;
    internal const ulong Nibbles = ~(1UL << Q2_K | 1UL << Q3_K | Ternary);
    internal const ulong Crumbs = Halves | Ternary;
    internal const ulong Bits = Fives | 1UL << Q3_K;
    /// <summary>Scales (and offsets) per 16 columns.</summary>
    internal const ulong Halves = 1UL << Q2_K | 1UL << Q3_K | 1UL << Q6_K;
    internal const ulong Offsets = 1UL << Q4_1 | 1UL << Q5_1 | 1UL << Q2_K | 1UL << Q4_K | 1UL << Q5_K;
    /// <summary>Values between −127 and 127 stand in a table; MXFP4's are within ±12.</summary>
    internal const ulong WideTables = 1UL << IQ4_NL | 1UL << IQ4_XS;
    /// <summary>What has a centre.</summary>
    internal const ulong Centred = Fives | 1UL << Q6_K | 1UL << Q3_K | Ternary | 1UL << MXFP4;
    private const ulong Fives = 1UL << Q5_0 | 1UL << Q5_1 | 1UL << Q5_K;
    private const ulong Ternary = 1UL << TQ2_0 | 1UL << I2_S;
    private const ulong SixBits = 1UL << Q3_K | 1UL << Q4_K | 1UL << Q5_K;

    /// <summary>Bytes from one token's prepared activations to the next: a multiple of 64.</summary>
    public static long ActivationBytes(long columns) => (columns + columns / Group * 20 + 63) & ~63L;

    /// <summary>Bytes of eight rows.</summary>
    public static long TileBytes(long columns, int format) =>
        ((Supers >> format & 1) != 0 ? columns / 256 : format == I2_S ? columns / 64 : columns / 32)
        * BlockBytes(format);

    /// <summary>Columns of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Columns(int format) => 32 + 224 * Is(Supers, format) + 32 * Is(1UL << I2_S, format);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long BlockBytes(int format) => GroupsAt(format) + Columns(format) / 32 * GroupBytes(format);

    /// <summary>What is taken from the bits to make a signed code; MXFP4: from the entries of a table that begins with
    /// 0 instead of −12.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Centre(int format) => (int)(16 * Is(Fives, format) + 32 * Is(1UL << Q6_K, format)
        + 4 * Is(1UL << Q3_K, format) + Is(Ternary, format) + 12 * Is(1UL << MXFP4, format));

    /// <summary>Words of six bits: 16 of Q3_K, Q4_K and Q5_K, 8 of IQ4_XS, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long SixBitWords(int format) => 16 * Is(SixBits, format) + 8 * Is(1UL << IQ4_XS, format);

    /// <summary>Where the words stand in a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long WordsAt(int format) =>
        16 + 16 * Is(Offsets | 1UL << I2_S, format) - 8 * Is(1UL << MXFP4, format);

    /// <summary>Where the groups stand in a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long GroupsAt(int format) =>
        WordsAt(format) + 128 * Is(1UL << Q2_K | 1UL << Q6_K, format) + SixBitWords(format) * 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long GroupBytes(int format) => BitsAt(format) + 32 * Is(Bits, format);

    /// <summary>Where crumbs, and bits, stand in a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long CrumbsAt(int format) => 128 * Is(Nibbles, format);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long BitsAt(int format) => CrumbsAt(format) + 64 * Is(Crumbs, format);

    /// <summary>The first bit of the crumbs, and of the bits, in a code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int CrumbShift(int format) => (int)(4 * Is(1UL << Q6_K, format));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int BitShift(int format) => (int)(4 - 2 * Is(1UL << Q3_K, format));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Is(ulong formats, int format) => (long)(formats >> format & 1);
}
