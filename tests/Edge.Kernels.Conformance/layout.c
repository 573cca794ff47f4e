#include "layout.h"

static long whole(long n, long unit) { return (n + unit - 1) / unit * unit; }

static long q8_0_bytes(long rows, long columns) { return whole(rows, 8) / 8 * (columns / 32) * 272; }
static long q4_0_bytes(long rows, long columns) { return whole(rows, 8) / 8 * (columns / 32) * 144; }
static long block_activation_bytes(long columns) { return whole(columns + columns / 32 * 8, 64); }

const Layout layouts[] = {
    { "Q8_0.Rows", "Activations.Quantize", 0, q8_0_bytes, block_activation_bytes },
    { "Q4_0.Rows", "", 0, q4_0_bytes, block_activation_bytes },
};
const int layout_count = sizeof layouts / sizeof *layouts;
