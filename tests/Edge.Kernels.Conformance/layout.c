#include "layout.h"

static long whole(long n, long unit) { return (n + unit - 1) / unit * unit; }

static long q8_0_bytes(long rows, long columns) { return whole(rows, 8) / 8 * (columns / 32) * 272; }
static long q4_0_bytes(long rows, long columns) { return whole(rows, 8) / 8 * (columns / 32) * 144; }
static long block_activation_bytes(long columns) { return whole(columns + columns / 32 * 8, 64); }

static long digits_activation_bytes(long columns) { return columns + columns / 128 * 64; }
static long digits2_bytes(long rows, long columns) { return whole(rows, 16) / 16 * (columns / 128) * 544; }
static long nested4_low_bytes(long rows, long columns) { return whole(rows, 16) / 16 * (columns / 128) * 512; }
static long digits2lut_bytes(long rows, long columns) { return whole(rows, 32) / 32 * (columns / 128) * 1088; }
static long table_bytes(long columns)
{
    return whole(columns * 16 + whole(columns, 1024) / 1024 * 4 + columns / 128 * 2, 64);
}
static long digits3_bytes(long rows, long columns) { return whole(rows, 32) / 32 * (columns / 128) * 1600; }
static long digits4_bytes(long rows, long columns) { return whole(rows, 16) / 16 * (columns / 128) * 1056; }
static long digits4x32_bytes(long rows, long columns) { return whole(rows, 16) / 16 * (columns / 32) * 288; }
static long token_activation_bytes(long columns) { return whole(columns, 64) + 64; }
static long ternary2_bytes(long rows, long columns) { return whole(rows, 16) / 16 * (32 + columns * 4); }
static long ternary1_67_bytes(long rows, long columns)
{
    return 64 + whole(rows, 64) + rows / 12 * (columns / 32 * 80)
        + whole(rows % 12, 4) / 4 * (whole(columns, 96) / 96 * 80);
}
static long ternary1_6_bytes(long rows, long columns) { return whole(rows, 20) / 20 * (48 + columns * 4); }

// Rows as the file has them.
static long two_byte_bytes(long rows, long columns) { return rows * columns * 2; }
static long float_activation_bytes(long columns) { return columns * 4; }

// ggml's blocks in tiles of eight rows.
static long q4_1_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 32) * 20; }
static long q5_0_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 32) * 22; }
static long q5_1_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 32) * 24; }
static long q2_k_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 84; }
static long q3_k_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 110; }
static long q4_k_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 144; }
static long q5_k_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 176; }
static long q6_k_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 210; }
static long iq4_nl_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 32) * 18; }
static long iq4_xs_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 136; }
static long tq2_0_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 256) * 66; }
static long i2_s_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 64) * 20; }
static long mxfp4_tile_bytes(long rows, long columns) { return whole(rows, 8) * (columns / 32) * 17; }
static long sums_activation_bytes(long columns) { return whole(columns + columns / 32 * 20, 64); }

const Layout layouts[] = {
    { "Float.RowsF16", "", 0, two_byte_bytes, float_activation_bytes, 0 },
    { "Float.RowsBF16", "", 0, two_byte_bytes, float_activation_bytes, 0 },
    { "Q8_0.Rows", "Activations.Quantize", 0, q8_0_bytes, block_activation_bytes, 0 },
    { "Q4_0.Rows", "", 0, q4_0_bytes, block_activation_bytes, 0 },
    { "BlockTiles.RowsQ4_1", "Activations.QuantizeSums", 0, q4_1_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ5_0", "", 0, q5_0_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ5_1", "", 0, q5_1_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ2_K", "", 0, q2_k_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ3_K", "", 0, q3_k_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ4_K", "", 0, q4_k_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ5_K", "", 0, q5_k_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsQ6_K", "", 0, q6_k_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsIQ4_NL", "", 0, iq4_nl_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsIQ4_XS", "", 0, iq4_xs_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsTQ2_0", "", 0, tq2_0_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsI2_S", "", 0, i2_s_tile_bytes, sums_activation_bytes, 0 },
    { "BlockTiles.RowsMXFP4", "", 0, mxfp4_tile_bytes, sums_activation_bytes, 0 },
    { "Digits2.Rows", "Digits.QuantizeGroups", 0, digits2_bytes, digits_activation_bytes, 0 },
    { "Nested4.Coarse", "", 0, digits2_bytes, digits_activation_bytes, 0 },
    { "Nested4.Rows", "", 0, digits2_bytes, digits_activation_bytes, nested4_low_bytes },
    { "Digits2Lut.Rows", "Digits2Lut.Tables", 0, digits2lut_bytes, table_bytes, 0 },
    { "Digits3.Rows", "", 0, digits3_bytes, digits_activation_bytes, 0 },
    { "Digits4.Rows", "", 0, digits4_bytes, digits_activation_bytes, 0 },
    { "Digits4x32.Rows", "", 0, digits4x32_bytes, block_activation_bytes, 0 },
    { "Ternary2.Rows", "Digits.QuantizeTokens", 1, ternary2_bytes, token_activation_bytes, 0 },
    { "Ternary1_67.Rows", "", 1, ternary1_67_bytes, token_activation_bytes, 0 },
    { "Ternary1_6.Rows", "", 1, ternary1_6_bytes, token_activation_bytes, 0 },
};
const int layout_count = sizeof layouts / sizeof *layouts;
