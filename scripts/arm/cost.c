// Calls every kernel of the table once at the model's shapes, between marks for blocks.c, and prints
// "region NUMBER FAMILY VARIANT ROWS COLUMNS TOKENS BITS" for each: `cost [family [variant]]`.
#include "layout.h"
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels.h"

static void mark(long operation, long region)
{
    register long x0 __asm__("x0") = operation, x1 __asm__("x1") = region, x8 __asm__("x8") = 0xED6E;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
}

static void *zeros(long bytes)
{
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!memory) exit(1);
    return memset(memory, 0, bytes);
}

static int region;

static void announce(const Kernel *kernel, long rows, long columns, long tokens, double bits)
{
    printf("region %d %s %s %ld %ld %ld %.4f\n", region, kernel->family, kernel->variant, rows, columns, tokens, bits);
    fflush(stdout);
}

static void call_matrix(const Kernel *kernel, int planes, void *w, void *lo, void *x, float *y, long rows, long columns,
    long tokens)
{
    void (*one)(void *, void *, float *, long, long, long, long, long) = kernel->kernel;
    void (*two)(void *, void *, void *, float *, long, long, long, long, long) = kernel->kernel;
    if (planes) two(w, lo, x, y, columns, 0, rows, tokens, rows);
    else one(w, x, y, columns, 0, rows, tokens, rows);
}

static void measure_matrix(const Kernel *kernel, const Layout *layout, long rows, long columns, long tokens)
{
    long bytes = layout->matrix_bytes(rows, columns), low = layout->low_bytes ? layout->low_bytes(rows, columns) : 0;
    void *w = zeros(bytes), *lo = zeros(low), *x = zeros(tokens * layout->activation_bytes(columns));
    float *y = zeros(tokens * rows * 4);
    ((int *)w)[1] = (int)rows; // Ternary1_67 has it in its header; the others read two weights or scales
    call_matrix(kernel, low > 0, w, lo, x, y, rows, columns, tokens);
    mark(0, region);
    call_matrix(kernel, low > 0, w, lo, x, y, rows, columns, tokens);
    mark(1, region);
    announce(kernel, rows, columns, tokens, 8.0 * (bytes + low) / ((double)rows * columns));
    free(w), free(lo), free(x), free(y);
    region++;
}

static void measure_preparation(const Kernel *kernel, const Layout *layout, long columns)
{
    void (*call)(float *, void *, long, long) = kernel->kernel;
    float *x = zeros(columns * 4);
    for (long i = 0; i < columns; i++) x[i] = (float)(i % 17) - 8;
    void *q = zeros(layout->activation_bytes(columns));
    call(x, q, columns, 1);
    mark(0, region);
    call(x, q, columns, 1);
    mark(1, region);
    announce(kernel, 1, columns, 1, 32);
    free(x), free(q);
    region++;
}

// Attention of one key/value head over a cache of halves: per head, position and dimension. The heads that share keys
// and values take the place of the rows, the positions that of the tokens; bits are those of a key and a value.
static void measure_attention(const Kernel *kernel, int capped, long group, long head, long length)
{
    void (*plain)(float *, void *, void *, float *, long, long, long, float, float *) = kernel->kernel;
    void (*cap)(float *, void *, void *, float *, long, long, long, float, float, float *, float *) = kernel->kernel;
    float *q = zeros(group * head * 4), *y = zeros(group * head * 4), *scratch = zeros((group * 66 + 64 * head) * 4);
    unsigned short *k = zeros(length * head * 2), *v = zeros(length * head * 2);
    for (long i = 0; i < group * head; i++) q[i] = (float)(i % 19) / 16 - 0.5f;
    for (long i = 0; i < length * head; i++)
        k[i] = v[i] = (unsigned short)(0x3000 + i * 7919 % 0x800 + (i & 1) * 0x8000);
    for (int pass = 0; pass < 2; pass++) {
        if (pass) mark(0, region);
        if (capped) cap(q, k, v, y, head, group, length, 0.0884f, 50, 0, scratch);
        else plain(q, k, v, y, head, group, length, 0.0884f, scratch);
    }
    mark(1, region);
    announce(kernel, group, head, length, 32.0 / (double)group);
    free(q), free(y), free(scratch), free(k), free(v);
    region++;
}

int main(int argc, char **argv)
{
    static const long groups[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    for (int k = 0; k < kernel_count; k++) {
        int capped = !strcmp(kernels[k].family, "CappedAttention.HeadF16");
        if ((!capped && strcmp(kernels[k].family, "Attention.HeadF16")) || !strcmp(kernels[k].variant, "Scalar")
            || (argc > 1 && !strstr(kernels[k].family, argv[1])) || (argc > 2 && strcmp(kernels[k].variant, argv[2])))
            continue;
        for (unsigned g = 0; g < sizeof groups / sizeof *groups; g++)
            measure_attention(&kernels[k], capped, groups[g], 128, 1024);
    }
    for (int k = 0; k < kernel_count; k++)
        for (int i = 0; i < layout_count; i++) {
            const Kernel *kernel = &kernels[k];
            const Layout *layout = &layouts[i];
            if ((argc > 1 && !strstr(kernel->family, argv[1])) || (argc > 2 && strcmp(kernel->variant, argv[2])))
                continue;
            if (!strcmp(kernel->variant, "Scalar")) continue;
            if (!strcmp(kernel->family, layout->preparation)) measure_preparation(kernel, layout, 4096);
            if (strcmp(kernel->family, layout->family)) continue;
            long sizes[2][2] = { { 4096, 4096 }, { 11008, 4096 } }, ternary[2][2] = { { 2560, 2560 }, { 6912, 2560 } };
            for (int s = 0; s < 2; s++) {
                long *size = layout->ternary ? ternary[s] : sizes[s];
                measure_matrix(kernel, layout, size[0], size[1], 1);
            }
            measure_matrix(kernel, layout, 960, layout->ternary ? 2560 : 4096, 8);
        }
    return 0;
}
