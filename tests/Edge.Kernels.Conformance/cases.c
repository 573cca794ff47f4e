// The cases of every family but the packed ones (packed.c): sizes {1, block, odd blocks, ragged rows} x values {zeros,
// extremes, random}.
#include "blocktiles.h"
#include "packed.h"
#include <stdio.h>
#include <string.h>

enum { F32 = 0, F16 = 1, Q4_0 = 2, Q8_0 = 8, BF16 = 30, TILE_Q4_0 = 100, TILE_Q8_0 };

static long columns_of(int format, int size)
{
    static const long whole[] = { 32, 64, 96, 352, 160, 1024 }, any[] = { 1, 7, 32, 100, 19, 516 };
    return format == F32 || format == F16 || format == BF16 ? any[size] : whole[size];
}

// Rows of the matrix, the range that is computed, tokens, distance between tokens in y.
static const struct { long rows, row0, row1, tokens, gap; } matrix_sizes[] = {
    { 1, 0, 1, 1, 0 }, { 8, 0, 8, 1, 0 }, { 13, 0, 13, 5, 3 }, { 21, 8, 21, 1, 0 }, { 24, 8, 16, 9, 1 },
        { 11, 0, 11, 4, 0 },
};
enum { MATRIX_SIZES = 6 };

static uint16_t random_half(Frame *frame, int values)
{
    static const uint16_t extremes[] = { 0x7BFF, 0xFBFF, 0x0001, 0x8001, 0x03FF, 0x0400, 0x0000, 0x8000, 0x3C00 };
    uint16_t extreme = extremes[random_below(frame, 9)], normal = half_of(0.05f * random_normal(frame));
    return values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
}

static void fill_rows(Frame *frame, uint8_t *w, long bytes, int format, int values)
{
    if (format == F32) fill_floats(frame, (float *)w, bytes / 4, values);
    if (format == F16)
        for (long i = 0; i < bytes / 2; i++) ((uint16_t *)w)[i] = random_half(frame, values);
    if (format == BF16)
        for (long i = 0; i < bytes / 2; i++) ((uint16_t *)w)[i] = values == ZEROS ? 0 : bfloat_of(random_normal(frame));
    long scale = 0, block = format == Q4_0 ? 18 : format == Q8_0 ? 34 : 0, scales = 1;
    if (format == TILE_Q4_0) block = 144, scales = 8;
    if (format == TILE_Q8_0) block = 272, scales = 8;
    if (!block) return;
    fill_bytes(frame, w, bytes, values);
    for (; scale < bytes; scale += block)
        for (long i = 0; i < scales; i++) {
            uint16_t half = random_half(frame, values);
            memcpy(w + scale + 2 * i, &half, 2);
        }
}

static long row_bytes(long columns, int format)
{
    return format == F32 ? columns * 4 : format == Q4_0 ? columns / 32 * 18 : format == Q8_0 ? columns / 32 * 34
        : columns * 2;
}

// int8 values, then a scale and a sum per 32 columns, then zeros to a multiple of 64 bytes: what Activations.Quantize
// makes.
static void fill_activations(Frame *frame, uint8_t *x, long columns, long token_bytes, int values)
{
    memset(x, 0, token_bytes);
    fill_bytes(frame, x, columns, values);
    for (long b = 0; b < columns / 32; b++) {
        int32_t sum = 0;
        float scale = values == ZEROS ? 0 : values == EXTREMES ? (b & 1 ? 236.0f : 1e-9f) : 0.02f + 0.01f
            * random_normal(frame);
        for (long i = 0; i < 32; i++) {
            int8_t *q = (int8_t *)x + b * 32 + i;
            if (*q == -128) *q = -127;
            sum += *q;
        }
        memcpy(x + columns + 4 * b, &scale, 4);
        memcpy(x + columns + columns / 32 * 4 + 4 * b, &sum, 4);
    }
}

static void prepare_matrix(Frame *frame, int index)
{
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS, format = frame->parameter;
    long columns = columns_of(format, size), rows = matrix_sizes[size].rows, tokens = matrix_sizes[size].tokens;
    long stride = rows + matrix_sizes[size].gap;
    int tiles = format == TILE_Q4_0 || format == TILE_Q8_0;
    long block = format == TILE_Q4_0 ? 144 : 272;
    long weight_bytes = tiles ? (rows + 7) / 8 * (columns / 32) * block : rows * row_bytes(columns, format);
    uint8_t *w = add(frame, INPUT, weight_bytes);
    fill_rows(frame, w, weight_bytes, format, values);
    if (format == F16 && values == EXTREMES)
        // A file may hold infinities: one row in three has one, so that finite rows stand beside it.
        for (long r = 1; r < rows; r += 3) ((uint16_t *)w)[r * columns + columns / 2] = r & 1 ? 0x7C00 : 0xFC00;
    if (tiles) {
        long token_bytes = (columns + columns / 32 * 8 + 63) / 64 * 64;
        uint8_t *x = add(frame, INPUT, tokens * token_bytes);
        for (long t = 0; t < tokens; t++) fill_activations(frame, x + t * token_bytes, columns, token_bytes, values);
    } else {
        fill_floats(frame, add(frame, INPUT, tokens * columns * 4), tokens * columns, values);
    }
    add(frame, tiles ? EXACT : CLOSE, ((tokens - 1) * stride + rows) * 4);
    // Sum of |w x| from above: weights of up to 128 times the largest scale.
    double weight = values == EXTREMES
        ? (format == F32 ? 30000 : 65504.0 * (format == Q8_0 ? 128 : format == Q4_0 ? 8 : 1))
                                       : format == Q8_0 ? 20 : format == Q4_0 ? 1.5 : 4;
    frame->magnitude = (double)columns * weight * (values == EXTREMES ? 30000 : 4);
    long numbers[] = { columns, matrix_sizes[size].row0, matrix_sizes[size].row1, tokens, stride };
    memcpy(frame->number, numbers, sizeof numbers);
    snprintf(frame->name, sizeof frame->name, "%ldx%ld rows %ld-%ld tokens %ld %s", rows, columns, numbers[1],
        numbers[2], tokens,
             value_kinds[values]);
}

static void call_matrix(void *kernel, Frame *f)
{
    void (*rows)(void *, void *, void *, long, long, long, long, long) = kernel;
    rows(f->data[0], f->data[1], f->data[2], f->number[0], f->number[1], f->number[2], f->number[3], f->number[4]);
}

// As call_matrix; and a row and a token alone must give the bits that they give in company. Where they do not, y gets a
// value that no case has.
static void call_rows(void *kernel, Frame *f)
{
    void (*rows)(void *, void *, void *, long, long, long, long, long) = kernel;
    long columns = f->number[0], stride = f->number[4];
    call_matrix(kernel, f);
    for (long t = 0; t < f->number[3]; t++)
        for (long r = f->number[1]; r < f->number[2]; r++) {
            float alone[32], *y = (float *)f->data[2] + t * stride + r;
            rows(f->data[0], f->data[1] + t * columns * 4, alone, columns, r, r + 1, 1, stride);
            if (memcmp(&alone[r], y, 4)) *y = 1e38f;
        }
}

static void prepare_quantize(Frame *frame, int index)
{
    static const long columns[] = { 32, 64, 96, 2048 }, tokens[] = { 1, 3, 2, 1 };
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS;
    // The parameter says the columns of a record and its bytes; 0: one record per token.
    long group = frame->parameter >> 8, record = frame->parameter & 255;
    long width = columns[size] * (group == 128 ? 4 : 1), n = width * tokens[size];
    float *x = add(frame, INPUT, n * 4);
    fill_floats(frame, x, n, values);
    if (values == EXTREMES) x[0] = 1e-38f, x[1] = 3e38f;
    add(frame, EXACT, tokens[size] * (group ? (width + width / group * record + 63) / 64 * 64 : (width + 63) / 64 * 64
        + record));
    frame->number[0] = width, frame->number[1] = tokens[size];
    snprintf(frame->name, sizeof frame->name, "%ld tokens of %ld %s", tokens[size], width, value_kinds[values]);
}

static void call_quantize(void *kernel, Frame *f)
{
    void (*quantize)(void *, void *, long, long) = kernel;
    quantize(f->data[0], f->data[1], f->number[0], f->number[1]);
}

static const long lengths[] = { 1, 4, 7, 16, 37, 256 };
enum { LENGTHS = 6 };

static void prepare_half(Frame *frame, int index)
{
    static const uint32_t extremes[] =
        { 0x7F800000, 0xFF800000, 0x7FC00001, 0x477FEFFF, 0x477FF000, 0x47800000, 0x387FFFFF, 0x33000000,
                                         0x33000001, 0x38800000, 0x00000001, 0x80000000, 0x3F801000, 0x3F803000 };
    long n = lengths[index / VALUE_KINDS];
    int values = index % VALUE_KINDS;
    float *x = add(frame, INPUT, n * 4);
    fill_floats(frame, x, n, values);
    for (long i = 0; i < n && values == EXTREMES; i++) memcpy(&x[i], &extremes[i % 14], 4);
    add(frame, EXACT, n * 2);
    frame->number[0] = n;
    snprintf(frame->name, sizeof frame->name, "%ld %s", n, value_kinds[values]);
}

static void call_half(void *kernel, Frame *f)
{
    void (*half)(void *, void *, long) = kernel;
    half(f->data[0], f->data[1], f->number[0]);
}

// Element-wise families: float buffers of one length. The parameter says which of them are outputs (bit i: buffer i),
// 256: bits must match.
static void prepare_vectors(Frame *frame, int index)
{
    long n = lengths[index / VALUE_KINDS];
    int values = index % VALUE_KINDS, buffers = frame->parameter >> 16;
    for (int i = 0; i < buffers; i++) {
        Kind kind = !(frame->parameter >> i & 1) ? INPUT : frame->parameter & 256 ? EXACT : CLOSE;
        fill_floats(frame, add(frame, kind, n * 4), n, values);
    }
    frame->number[0] = n;
    frame->real[0] = 1e-5f;
    snprintf(frame->name, sizeof frame->name, "%ld %s", n, value_kinds[values]);
}

static void call_norm(void *kernel, Frame *f)
{
    void (*norm)(void *, void *, void *, long, float) = kernel;
    norm(f->data[0], f->data[1], f->data[2], f->number[0], f->real[0]);
}

static void call_softmax(void *kernel, Frame *f)
{
    void (*softmax)(void *, long) = kernel;
    softmax(f->data[0], f->number[0]);
}

static void call_gate(void *kernel, Frame *f)
{
    void (*gate)(void *, void *, void *, long) = kernel;
    gate(f->data[0], f->data[1], f->data[2], f->number[0]);
}

static void call_add(void *kernel, Frame *f)
{
    void (*sum)(void *, void *, long) = kernel;
    sum(f->data[0], f->data[1], f->number[0]);
}

static void call_addscaled(void *kernel, Frame *f)
{
    void (*sum)(void *, void *, float, long) = kernel;
    sum(f->data[0], f->data[1], 0.37f, f->number[0]);
}

static void prepare_rope(Frame *frame, int index)
{
    static const long sizes[] = { 2, 6, 8, 64, 80, 128 };
    int values = index % VALUE_KINDS;
    long head = sizes[index / VALUE_KINDS], heads = 1 + index % 4;
    fill_floats(frame, add(frame, EXACT, head * heads * 4), head * heads, values);
    fill_floats(frame, add(frame, INPUT, head / 2 * 4), head / 2, RANDOM);
    fill_floats(frame, add(frame, INPUT, head / 2 * 4), head / 2, RANDOM);
    frame->number[0] = head, frame->number[1] = heads;
    snprintf(frame->name, sizeof frame->name, "%ld heads of %ld %s", heads, head, value_kinds[values]);
}

static void call_rope(void *kernel, Frame *f)
{
    void (*rope)(void *, void *, void *, long, long) = kernel;
    rope(f->data[0], f->data[1], f->data[2], f->number[0], f->number[1]);
}

static const struct { long head, group, length; } attention_sizes[] = {
    { 2, 1, 1 }, { 8, 4, 5 }, { 64, 1, 64 }, { 64, 6, 65 }, { 20, 5, 200 }, { 128, 4, 130 },
        { 32, 2, 3 }, { 16, 3, 67 }, { 24, 7, 66 }, { 64, 8, 129 }, { 8, 11, 6 },
};
enum { ATTENTION_SIZES = 11 };

static void prepare_attention(Frame *frame, int index)
{
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS, half = frame->parameter;
    long head = attention_sizes[size].head, group = attention_sizes[size].group, length = attention_sizes[size].length;
    fill_floats(frame, add(frame, INPUT, group * head * 4), group * head, RANDOM);
    for (int i = 0; i < 2; i++) {
        // Keys that are extreme decide the softmax; half of the cases have extreme values as well.
        long bytes = length * head * (half ? 2 : 4);
        fill_rows(frame, add(frame, INPUT, bytes), bytes, half ? F16 : F32,
            values == EXTREMES && i == 0 ? RANDOM : values);
    }
    add(frame, CLOSE, group * head * 4);
    add(frame, SCRATCH, (group * 66 + 64 * head) * 4);
    long numbers[] = { head, group, length };
    memcpy(frame->number, numbers, sizeof numbers);
    frame->real[0] = 0.3f;
    frame->magnitude = values == EXTREMES ? 65504 : 4;
    snprintf(frame->name, sizeof frame->name, "group %ld of %ld over %ld %s", group, head, length, value_kinds[values]);
}

static void call_attention(void *kernel, Frame *f)
{
    void (*attention)(void *, void *, void *, void *, long, long, long, float, void *) = kernel;
    attention(f->data[0], f->data[1], f->data[2], f->data[3], f->number[0], f->number[1], f->number[2], f->real[0],
        f->data[4]);
}

static void prepare_capped(Frame *frame, int index)
{
    prepare_attention(frame, index);
    fill_floats(frame, add(frame, INPUT, frame->number[1] * 4), frame->number[1], RANDOM);
    // Every second case without a cap, every third without sinks.
    frame->real[1] = index & 1 ? 0 : 2.5f;
    frame->number[3] = index % 3;
}

static void call_capped(void *kernel, Frame *f)
{
    void (*attention)(void *, void *, void *, void *, long, long, long, float, float, void *, void *) = kernel;
    attention(f->data[0], f->data[1], f->data[2], f->data[3], f->number[0], f->number[1], f->number[2], f->real[0],
        f->real[1], f->number[3] ? f->data[5] : 0, f->data[4]);
}

static void prepare_router(Frame *frame, int index)
{
    static const long counts[] = { 1, 4, 8, 61, 128 }, used[] = { 1, 4, 2, 8, 6 };
    int size = index / VALUE_KINDS, values = index % VALUE_KINDS;
    fill_floats(frame, add(frame, CLOSE, counts[size] * 4), counts[size], values);
    add(frame, EXACT, used[size] * 4);
    add(frame, CLOSE, used[size] * 4);
    frame->number[0] = counts[size], frame->number[1] = used[size], frame->number[2] = index & 1;
    snprintf(frame->name, sizeof frame->name, "%ld of %ld %s", used[size], counts[size], value_kinds[values]);
}

static void call_router(void *kernel, Frame *f)
{
    void (*router)(void *, void *, void *, long, long, int) = kernel;
    router(f->data[0], f->data[1], f->data[2], f->number[0], f->number[1], (int)f->number[2]);
}

const Family families[] = {
    { "Float.RowsF32", MATRIX_SIZES * VALUE_KINDS, 0x1p-20, prepare_matrix, call_rows, F32 },
    { "Float.RowsF16", MATRIX_SIZES * VALUE_KINDS, 0x1p-20, prepare_matrix, call_rows, F16 },
    { "Float.RowsBF16", MATRIX_SIZES * VALUE_KINDS, 0x1p-20, prepare_matrix, call_rows, BF16 },
    { "Float.RowsQ8_0", MATRIX_SIZES * VALUE_KINDS, 0x1p-20, prepare_matrix, call_rows, Q8_0 },
    { "Float.RowsQ4_0", MATRIX_SIZES * VALUE_KINDS, 0x1p-20, prepare_matrix, call_rows, Q4_0 },
    { "BlockTiles.RowsQ4_1", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 3 },
    { "BlockTiles.RowsQ5_0", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 6 },
    { "BlockTiles.RowsQ5_1", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 7 },
    { "BlockTiles.RowsQ2_K", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 10 },
    { "BlockTiles.RowsQ3_K", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 11 },
    { "BlockTiles.RowsQ4_K", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 12 },
    { "BlockTiles.RowsQ5_K", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 13 },
    { "BlockTiles.RowsQ6_K", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 14 },
    { "BlockTiles.RowsIQ4_NL", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 20 },
    { "BlockTiles.RowsIQ4_XS", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 23 },
    { "BlockTiles.RowsTQ2_0", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 35 },
    { "BlockTiles.RowsI2_S", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 36 },
    { "BlockTiles.RowsMXFP4", BLOCK_TILES_SIZES * VALUE_KINDS, 0, prepare_block_tiles, call_matrix, 39 },
    { "Q8_0.Rows", MATRIX_SIZES * VALUE_KINDS, 0, prepare_matrix, call_matrix, TILE_Q8_0 },
    { "Q4_0.Rows", MATRIX_SIZES * VALUE_KINDS, 0, prepare_matrix, call_matrix, TILE_Q4_0 },
    { "Activations.Quantize", 4 * VALUE_KINDS, 0, prepare_quantize, call_quantize, 32 << 8 | 8 },
    { "Activations.QuantizeSums", 4 * VALUE_KINDS, 0, prepare_quantize, call_quantize, 32 << 8 | 20 },
    { "Digits.QuantizeGroups", 4 * VALUE_KINDS, 0, prepare_quantize, call_quantize, 128 << 8 | 64 },
    { "Digits.QuantizeTokens", 4 * VALUE_KINDS, 0, prepare_quantize, call_quantize, 64 },
    { "Digits2.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, DIGITS2 },
    { "Nested4.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_planes, NESTED4 },
    { "Nested4.Coarse", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, NESTED4_HI },
    { "Digits2Lut.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, DIGITS2LUT },
    { "Digits2Lut.Tables", PACKED_SIZES * VALUE_KINDS, 0, prepare_tables, call_quantize, 0 },
    { "Digits3.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, DIGITS3 },
    { "Digits4.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, DIGITS4 },
    { "Digits4x32.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, DIGITS4X32 },
    { "Ternary2.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, TERNARY2 },
    { "Ternary1_67.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, TERNARY1_67 },
    { "Ternary1_6.Rows", PACKED_SIZES * VALUE_KINDS, 0, prepare_packed, call_matrix, TERNARY1_6 },
    { "Sparse.RowsF16", PACKED_SIZES * VALUE_KINDS, 0, prepare_sparse, call_matrix, SPARSE_F16 },
    { "Sparse.RowsBF16", PACKED_SIZES * VALUE_KINDS, 0, prepare_sparse, call_matrix, SPARSE_BF16 },
    { "Activations.ToF16", LENGTHS * VALUE_KINDS, 0, prepare_half, call_half, 0 },
    { "Norm.Rms", LENGTHS * VALUE_KINDS, 2e-6, prepare_vectors, call_norm, 3 << 16 | 4 },
    { "Rope.Pairs", 6 * VALUE_KINDS, 0, prepare_rope, call_rope, 0 },
    { "Rope.Halves", 6 * VALUE_KINDS, 0, prepare_rope, call_rope, 0 },
    { "Softmax.InPlace", LENGTHS * VALUE_KINDS, 1e-6, prepare_vectors, call_softmax, 1 << 16 | 1 },
    { "Gate.SwiGlu", LENGTHS * VALUE_KINDS, 2e-6, prepare_vectors, call_gate, 3 << 16 | 4 },
    { "Gate.GeGlu", LENGTHS * VALUE_KINDS, 2e-6, prepare_vectors, call_gate, 3 << 16 | 4 },
    { "Gate.SwiGluClamped", LENGTHS * VALUE_KINDS, 2e-6, prepare_vectors, call_gate, 3 << 16 | 4 },
    { "Gate.ReGlu", LENGTHS * VALUE_KINDS, 0, prepare_vectors, call_gate, 3 << 16 | 256 | 4 },
    { "Gate.Add", LENGTHS * VALUE_KINDS, 0, prepare_vectors, call_add, 2 << 16 | 256 | 1 },
    { "Gate.AddScaled", LENGTHS * VALUE_KINDS, 0, prepare_vectors, call_addscaled, 2 << 16 | 256 | 1 },
    { "Attention.HeadF32", ATTENTION_SIZES * VALUE_KINDS, 2e-5, prepare_attention, call_attention, 0 },
    { "Attention.HeadF16", ATTENTION_SIZES * VALUE_KINDS, 2e-5, prepare_attention, call_attention, 1 },
    { "CappedAttention.HeadF32", ATTENTION_SIZES * VALUE_KINDS, 2e-5, prepare_capped, call_capped, 0 },
    { "CappedAttention.HeadF16", ATTENTION_SIZES * VALUE_KINDS, 2e-5, prepare_capped, call_capped, 1 },
    { "Router.TopK", 5 * VALUE_KINDS, 1e-6, prepare_router, call_router, 0 },
};
const int family_count = sizeof families / sizeof *families;
