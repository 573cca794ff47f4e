namespace Edge.Kernels;

/// <summary>
/// The layouts that quantised kernels share: weights in tiles of eight rows, activations in int8.
/// <para>
/// Weights. A matrix of R rows × C columns (C a multiple of 32) is ceil(R / 8) tiles, one after another; a tile is C /
/// 32 blocks, one after another; a block is 8 rows × 32 columns:
/// eight F16 scales (row 0 … 7, 16 bytes), then vectors of 32 bytes in which byte 4·r + i belongs to row r:
/// Q8_0, eight vectors: vector v holds columns 4v … 4v+3 (i = 0 … 3) as int8;
/// Q4_0, four vectors: the low nibble is column 4v + i, the high nibble column 16 + 4v + i, both as value + 8.
/// Half a vector (16 bytes) is therefore four rows × four columns, the operand of one NEON SDOT by element; the whole
/// one takes a broadcast of four activations on AVX2. No kernel adds across lanes: a lane is a row. It is ggml's block
/// with the 4-byte groups of eight rows interleaved, so nothing is rounded and the size is the same (18 or 34 bytes
/// per row and block). Rows that do not fill the last tile are zeros with scale zero. Scales are finite (the loader
/// refuses others). Tiles start at a multiple of 64 bytes for the first one and of 16 bytes for the rest.
/// </para>
/// <para>
/// Activations. Per token: int8 q[C], then float scale[C / 32], then int32 sum[C / 32] (Σ of the block's q), and zeros
/// up to <see cref="ActivationBytes"/>, the distance from one token to the next. |q| ≤ 127.
/// </para>
/// <para>
/// Arithmetic of every integer variant, so that all give the same bits: per row and block the int32 dot product (Q4_0:
/// Σ nibble·q − 8·sum) is exact; it is converted to float and multiplied by (weight scale × activation scale); products
/// are added to a float accumulator that starts at +0, block 0 first. A multiply and an add, never fused.
/// </para>
/// </summary>
public static class Tiles
{
    public const int Rows = 8;
    public const int Block = 32;
    public const int ScaleBytes = 16;
    public const int Q4_0BlockBytes = 144;
    public const int Q8_0BlockBytes = 272;

    /// <summary>Bytes from one token's prepared activations to the next: a multiple of 64.</summary>
    public static long ActivationBytes(long columns) => (columns + columns / Block * 8 + 63) & ~63L;

    /// <summary>Bytes of a packed matrix, its last tile padded.</summary>
    public static long Bytes(long rows, long columns, long blockBytes) =>
        (rows + Rows - 1) / Rows * (columns / Block) * blockBytes;
}
