// Cases of the packed families. Every byte of their vectors is valid, so tiles are random bytes with finite scales;
// the packers are tested in tests/Edge.Tests/Kernels, where their input can be compared with the product.
#include "packed.h"
#include <stdio.h>
#include <string.h>

enum { BY_GROUP, BY_BLOCK, BY_TOKEN, BY_TABLE };

// A unit is what repeats in a matrix and begins with scales: a tile's group of columns, or a whole ternary tile.
static const struct { int tile_rows, activations, half; long unit_columns, unit_bytes, scale_bytes; } packed[] = {
    [DIGITS2] = { 16, BY_GROUP, 0, 128, 544, 32 },    [DIGITS3] = { 32, BY_GROUP, 0, 128, 1600, 64 },
    [DIGITS4] = { 16, BY_GROUP, 0, 128, 1056, 32 },   [DIGITS4X32] = { 16, BY_BLOCK, 1, 32, 288, 32 },
    [TERNARY2] = { 16, BY_TOKEN, 0, 0, 32, 32 },      [TERNARY1_67] = { 12, BY_TOKEN, 0, 0, 0, 0 },
    [NESTED4] = { 16, BY_GROUP, 0, 128, 544, 32 },    [NESTED4_HI] = { 16, BY_GROUP, 0, 128, 544, 32 },
    [TERNARY1_6] = { 20, BY_TOKEN, 0, 0, 48, 48 },    [DIGITS2LUT] = { 32, BY_TABLE, 0, 128, 1088, 64 },
};

// Rows as tiles and ragged rest; the range begins at a tile.
static const struct { long tiles, rest, first_tile, last_rest, tokens, gap; } sizes[PACKED_SIZES] = {
    { 0, 1, 0, 0, 1, 0 }, { 1, 0, 0, 0, 1, 0 }, { 1, 7, 0, 0, 3, 2 }, { 2, 11, 1, 0, 1, 0 }, { 3, 0, 1, 5, 4, 1 },
        { 0, 10, 0, 0, 5, 0 },
};
static const long units[PACKED_SIZES] = { 1, 2, 3, 1, 10, 8 };

static void fill_scales(Frame *frame, uint8_t *unit, long bytes, int half, int values)
{
    for (long i = 0; i < bytes; i += 2) {
        float extreme = random_below(frame, 2) ? 200.0f : -1e-4f, normal = 0.02f * random_normal(frame);
        float scale = values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
        uint16_t bits = half ? half_of(scale) : bfloat_of(scale);
        memcpy(unit + i, &bits, 2);
    }
}

static int32_t fill_codes(Frame *frame, int8_t *q, long count, int values)
{
    int32_t sum = 0;
    fill_bytes(frame, q, count, values);
    for (long i = 0; i < count; i++) {
        if (q[i] == -128) q[i] = -127;
        sum += q[i];
    }
    return sum;
}

static float activation_scale(Frame *frame, int values)
{
    float extreme = random_below(frame, 2) ? 236.0f : 1e-9f, normal = 0.02f + 0.01f * random_normal(frame);
    return values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
}

// int8 values, then per group of 128 a record: scale, start values of the accumulators, sum (Digits/Layout.cs).
static long by_group(Frame *frame, uint8_t *x, long columns, int values)
{
    if (!x) return columns + columns / 128 * 64;
    for (long g = 0; g < columns / 128; g++) {
        uint8_t *record = x + columns + g * 64;
        uint32_t sum = (uint32_t)fill_codes(frame, (int8_t *)x + g * 128, 128, values), magic = 0x4B400000;
        float scale = activation_scale(frame, values), middle[2] = { 0.375f * (int32_t)sum, 1.5f * (int32_t)sum };
        uint32_t starts[15] = { magic - 2 * sum, 2 * magic - 10 * sum, 3 * magic - 42 * sum, 4 * magic - 42 * sum,
            magic - 4 * sum, 2 * magic - 36 * sum, 3 * magic - 164 * sum, magic - 8 * sum, 2 * magic - 8 * sum, sum,
            0, 0, 3 * magic - 36 * sum, 4 * magic - 12 * sum };
        memcpy(starts + 10, middle, sizeof middle);
        memcpy(record, &scale, 4);
        memcpy(record + 4, starts, sizeof starts);
    }
    return 0;
}

static long by_block(Frame *frame, uint8_t *x, long columns, int values)
{
    if (!x) return (columns + columns / 32 * 8 + 63) / 64 * 64;
    for (long b = 0; b < columns / 32; b++) {
        int32_t sum = fill_codes(frame, (int8_t *)x + b * 32, 32, values);
        float scale = activation_scale(frame, values);
        memcpy(x + columns + 4 * b, &scale, 4);
        memcpy(x + columns + columns / 32 * 4 + 4 * b, &sum, 4);
    }
    return 0;
}

static long by_token(Frame *frame, uint8_t *x, long columns, int values)
{
    long bytes = (columns + 63) / 64 * 64 + 64;
    if (!x) return bytes;
    int32_t sum = fill_codes(frame, (int8_t *)x, columns, values);
    float scale = activation_scale(frame, values);
    memcpy(x + bytes - 64, &scale, 4);
    memcpy(x + bytes - 60, &sum, 4);
    return 0;
}

// Per pair of columns 16 entries of -127 ... 127 and a multiplier 16 times, a float unit per 1024 columns, an int16
// start per 128. A group's sum must stay within int16: multipliers of 3 at most, or one of 127 in a group.
static long by_table(Frame *frame, uint8_t *x, long columns, int values)
{
    long chunks = (columns + 1023) / 1024;
    if (!x) return (columns * 16 + chunks * 4 + columns / 128 * 2 + 63) / 64 * 64;
    fill_bytes(frame, x, columns * 16, values);
    for (long pair = 0; pair < columns / 2; pair++) {
        for (long i = 0; i < 16; i++)
            if (x[pair * 32 + i] == 128) x[pair * 32 + i] = 129;
        int large = pair % 64 == 37;
        memset(x + pair * 32 + 16, values == EXTREMES ? (large ? 127 : 1) : 1 + (int)random_below(frame, 3), 16);
    }
    for (long c = 0; c < chunks; c++) {
        float unit = activation_scale(frame, values) / 65536;
        memcpy(x + columns * 16 + 4 * c, &unit, 4);
    }
    for (long g = 0; g < columns / 128; g++) {
        int16_t start = (int16_t)((int)random_below(frame, 16001) - 8000);
        memcpy(x + columns * 16 + 4 * chunks + 2 * g, &start, 2);
    }
    return 0;
}

// A header (unit, rows), a byte of scale per row, twelve-row tiles, short tiles for the rest.
static void fill_ternary1_67(Frame *frame, long rows, long columns, int values)
{
    long part = (columns + 95) / 96 * 32;
    long bytes = 64 + (rows + 63) / 64 * 64 + rows / 12 * (columns / 32 * 80)
        + (rows % 12 + 3) / 4 * (part / 32 * 80);
    uint8_t *w = add(frame, INPUT, bytes);
    fill_bytes(frame, w, bytes, values);
    float unit = values == ZEROS ? 0 : values == EXTREMES ? 1e-6f : 0.0001f;
    int32_t count = (int32_t)rows;
    memset(w, 0, 64);
    memcpy(w, &unit, 4);
    memcpy(w + 4, &count, 4);
    // Columns beyond the matrix are zeros. Where the last part has some, all eight fields are 13: three zeros.
    for (long tile = 0, blocks = part / 32; tile < (rows % 12 + 3) / 4; tile++)
        for (long block = columns < 2 * part ? 0 : (columns - 2 * part) / 32; block < blocks; block++) {
            uint8_t *end = w + bytes - tile * blocks * 80 - (blocks - block) * 80;
            memset(end, 0xAD, 80);
            memset(end + 48, 0x2D, 16);
        }
}

void prepare_tables(Frame *frame, int index)
{
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS;
    long columns = units[size] * 128, tokens = sizes[size].tokens;
    float *x = add(frame, INPUT, tokens * columns * 4);
    fill_floats(frame, x, tokens * columns, values);
    if (values == EXTREMES) x[0] = 1e-38f, x[1] = 3e38f;
    add(frame, EXACT, tokens * by_table(frame, 0, columns, values));
    frame->number[0] = columns, frame->number[1] = tokens;
    snprintf(frame->name, sizeof frame->name, "%ld tokens of %ld %s", tokens, columns, value_kinds[values]);
}

void prepare_packed(Frame *frame, int index)
{
    static long (*const activations[])(Frame *, uint8_t *, long, int) = { by_group, by_block, by_token, by_table };
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS, family = frame->parameter;
    long tile = packed[family].tile_rows,
        columns = units[size] * (packed[family].unit_columns ? packed[family].unit_columns : 32);
    long tiles = sizes[size].tiles + (sizes[size].rest > 0), rows = sizes[size].tiles * tile + sizes[size].rest;
    long row0 = sizes[size].first_tile * tile, row1 = rows - (sizes[size].last_rest ? tile - sizes[size].last_rest : 0);
    long tokens = sizes[size].tokens, stride = rows + sizes[size].gap;
    if (family == TERNARY1_67) {
        fill_ternary1_67(frame, rows, columns, values);
    } else {
        long unit = packed[family].unit_bytes, count = tiles * units[size];
        if (!packed[family].unit_columns) unit += columns * 4, count = tiles;
        uint8_t *w = add(frame, INPUT, unit * count);
        fill_bytes(frame, w, unit * count, values);
        for (long i = 0; i < count; i++)
            fill_scales(frame, w + i * unit, packed[family].scale_bytes, packed[family].half, values);
    }
    if (family == NESTED4) {
        uint8_t *lo = add(frame, INPUT, 512 * tiles * units[size]);
        fill_bytes(frame, lo, 512 * tiles * units[size], values);
    }
    long (*fill)(Frame *, uint8_t *, long, int) = activations[packed[family].activations];
    long token_bytes = fill(frame, 0, columns, values);
    uint8_t *x = add(frame, INPUT, tokens * token_bytes);
    memset(x, 0, tokens * token_bytes);
    for (long t = 0; t < tokens; t++) fill(frame, x + t * token_bytes, columns, values);
    add(frame, EXACT, ((tokens - 1) * stride + rows) * 4);
    long numbers[] = { columns, row0, row1, tokens, stride };
    memcpy(frame->number, numbers, sizeof numbers);
    snprintf(frame->name, sizeof frame->name, "%ldx%ld rows %ld-%ld tokens %ld %s", rows, columns, row0, row1, tokens,
        value_kinds[values]);
}

void call_planes(void *kernel, Frame *f)
{
    void (*rows)(void *, void *, void *, void *, long, long, long, long, long) = kernel;
    long *n = f->number;
    rows(f->data[0], f->data[1], f->data[2], f->data[3], n[0], n[1], n[2], n[3], n[4]);
}

// Starts of rows, then entries: a column and a value each, 0 to 13 in a row, which lie at ascending columns.
void prepare_sparse(Frame *frame, int index)
{
    static const struct { long rows, row0, row1, columns, tokens, gap; } shapes[PACKED_SIZES] = {
        { 1, 0, 1, 1, 1, 0 }, { 8, 0, 8, 32, 1, 0 }, { 13, 0, 13, 100, 5, 3 }, { 21, 8, 21, 516, 1, 0 },
        { 24, 8, 16, 65536, 9, 1 }, { 11, 0, 11, 7, 4, 0 },
    };
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS;
    long rows = shapes[size].rows, columns = shapes[size].columns, tokens = shapes[size].tokens;
    long stride = rows + shapes[size].gap, counts[24], words = rows + 1;
    for (long r = 0; r < rows; r++) {
        counts[r] = random_below(frame, (uint32_t)(columns < 13 ? columns : 13) + 1);
        words += counts[r];
    }
    uint32_t *w = (uint32_t *)add(frame, INPUT, 4 * words), at = (uint32_t)rows + 1;
    for (long r = 0; r < rows; r++) {
        w[r] = at;
        for (long i = 0; i < counts[r]; i++) {
            // One column of each of as many equal parts.
            long part = columns / counts[r];
            uint32_t column = (uint32_t)(i * part + random_below(frame, (uint32_t)part));
            float value = values == ZEROS ? 0 : values == EXTREMES ? (i & 1 ? 65504.0f : -6.1e-5f)
                : random_normal(frame);
            uint16_t bits = frame->parameter == SPARSE_F16 ? half_of(value) : bfloat_of(value);
            // A subnormal half.
            if (frame->parameter == SPARSE_F16 && values == EXTREMES && i % 5 == 2) bits = 0x8001;
            w[at++] = column | (uint32_t)bits << 16;
        }
    }
    w[rows] = at;
    fill_floats(frame, add(frame, INPUT, tokens * columns * 4), tokens * columns, values);
    fill_floats(frame, add(frame, EXACT, ((tokens - 1) * stride + rows) * 4), (tokens - 1) * stride + rows, RANDOM);
    long numbers[] = { columns, shapes[size].row0, shapes[size].row1, tokens, stride };
    memcpy(frame->number, numbers, sizeof numbers);
    snprintf(frame->name, sizeof frame->name, "%ldx%ld rows %ld-%ld tokens %ld %s", rows, columns, numbers[1],
        numbers[2], tokens, value_kinds[values]);
}
