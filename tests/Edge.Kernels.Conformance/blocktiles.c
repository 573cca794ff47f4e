// Cases of the blocks in tiles. Every byte behind the scales is valid, so tiles are random bytes with finite scales;
// the packers are tested in tests/Edge.Tests/Kernels, where their input can be compared with the product.
#include "blocktiles.h"
#include <stdio.h>
#include <string.h>

// By ggml's number: columns and bytes of a block of eight rows, its halves at the start.
static const struct { long columns, bytes, halves; } types[] = {
    [3] = { 32, 160, 16 },    [6] = { 32, 176, 8 },     [7] = { 32, 192, 16 },   [10] = { 256, 672, 16 },
    [11] = { 256, 880, 8 },   [12] = { 256, 1152, 16 }, [13] = { 256, 1408, 16 }, [14] = { 256, 1680, 8 },
    [20] = { 32, 144, 8 },    [23] = { 256, 1088, 8 },  [35] = { 256, 528, 8 },   [36] = { 64, 160, 0 },
    [39] = { 32, 136, 0 },
};
enum { I2_S = 36, MXFP4 = 39 };

static const struct { long rows, row0, row1, blocks, tokens, gap; } sizes[BLOCK_TILES_SIZES] = {
    { 1, 0, 1, 1, 1, 0 }, { 8, 0, 8, 2, 1, 0 }, { 13, 0, 13, 3, 5, 3 }, { 21, 8, 21, 5, 1, 0 }, { 24, 8, 16, 4, 9, 1 },
    { 11, 0, 11, 9, 4, 0 },
};

// Where all codes of a block are largest or smallest and all activations of a group ±127, sums are what they can be at
// most.
static void fill_alike(Frame *frame, uint8_t *bytes, long count, uint8_t first, uint8_t second)
{
    uint32_t kind = random_below(frame, 3);
    if (kind) memset(bytes, kind == 1 ? first : second, count);
    else fill_bytes(frame, bytes, count, EXTREMES);
}

static uint16_t scale_of(Frame *frame, int values)
{
    static const uint16_t extremes[] = { 0x7BFF, 0xFBFF, 0x0001, 0x8001, 0x03FF, 0x0400, 0x0000, 0x8000, 0x3C00 };
    uint16_t extreme = extremes[random_below(frame, 9)], normal = half_of(0.05f * random_normal(frame));
    return values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
}

static uint8_t exponent_of(Frame *frame, int values)
{
    static const uint8_t extremes[] = { 0, 1, 2, 3, 160 };
    uint8_t extreme = extremes[random_below(frame, 5)], normal = (uint8_t)(100 + random_below(frame, 40));
    return values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
}

static void fill_block(Frame *frame, uint8_t *block, int type, int values)
{
    if (values == EXTREMES) fill_alike(frame, block, types[type].bytes, 0xFF, 0x00);
    else fill_bytes(frame, block, types[type].bytes, values);
    for (long i = 0; i < types[type].halves; i++) {
        uint16_t half = scale_of(frame, values);
        memcpy(block + 2 * i, &half, 2);
    }
    for (long i = 0; i < 8 && type == MXFP4; i++) block[i] = exponent_of(frame, values);
    for (long i = 0; i < 8 && type == I2_S; i++) {
        float extreme = random_below(frame, 2) ? 1e5f : 1e-9f, normal = 0.05f * random_normal(frame);
        float scale = values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
        memcpy(block + 4 * i, &scale, 4);
    }
}

// int8 values, then per 32 columns a scale, per 16 their sum and the two parts of it: what Activations.QuantizeSums
// makes.
static void fill_token(Frame *frame, uint8_t *x, long columns, int values)
{
    for (long b = 0; b < columns / 32; b++) {
        int8_t *q = (int8_t *)x + b * 32;
        if (values == EXTREMES) fill_alike(frame, (uint8_t *)q, 32, 127, 129);
        else fill_bytes(frame, q, 32, values);
        float extreme = random_below(frame, 2) ? 236.0f : 1e-9f, normal = 0.02f + 0.01f * random_normal(frame);
        float scale = values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
        memcpy(x + columns + 4 * b, &scale, 4);
        for (long h = 0; h < 2; h++) {
            int16_t pair[2] = { 0, 0 };
            for (long i = 0; i < 16; i++) {
                if (q[h * 16 + i] == -128) q[h * 16 + i] = -127;
                pair[i / 2 % 2] += q[h * 16 + i];
            }
            float sum = (float)(pair[0] + pair[1]);
            uint8_t *sums = x + columns + columns / 8 + 4 * (2 * b + h);
            memcpy(sums, &sum, 4);
            memcpy(sums + columns / 4, pair, 4);
        }
    }
}

void prepare_block_tiles(Frame *frame, int index)
{
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS, type = frame->parameter;
    long columns = sizes[size].blocks * types[type].columns, rows = sizes[size].rows, tokens = sizes[size].tokens;
    long count = (rows + 7) / 8 * sizes[size].blocks, stride = rows + sizes[size].gap;
    long token_bytes = (columns + columns / 32 * 20 + 63) / 64 * 64;
    uint8_t *w = add(frame, INPUT, count * types[type].bytes);
    for (long i = 0; i < count; i++) fill_block(frame, w + i * types[type].bytes, type, values);
    uint8_t *x = add(frame, INPUT, tokens * token_bytes);
    memset(x, 0, tokens * token_bytes);
    for (long t = 0; t < tokens; t++) fill_token(frame, x + t * token_bytes, columns, values);
    add(frame, EXACT, ((tokens - 1) * stride + rows) * 4);
    long numbers[] = { columns, sizes[size].row0, sizes[size].row1, tokens, stride };
    memcpy(frame->number, numbers, sizeof numbers);
    snprintf(frame->name, sizeof frame->name, "%ldx%ld rows %ld-%ld tokens %ld %s", rows, columns, numbers[1],
        numbers[2], tokens, value_kinds[values]);
}
