// The conformance program of one instruction set: `driver [family [variant]]`. kernels.h, its table, is made by
// exports.py.
#include "harness.h"
#include <stdio.h>
#include <string.h>
#include "kernels.h"
#ifdef __x86_64__
#include "vnni.h"
#endif

// Kernels that are wrong in one way each: a harness that lets one of them pass proves nothing.
static void add_right(float *y, const float *x, long n) { for (long i = 0; i < n; i++) y[i] += x[i]; }
static void add_reads_on(float *y, const float *x, long n) { add_right(y, x, n); *(volatile const float *)(x + n); }
static void add_reads_before(float *y, const float *x,
    long n) { add_right(y, x, n); *(volatile const char *)((const char *)x - 1); }
static void add_one_bit_off(float *y, const float *x, long n) { add_right(y, x, n); ((char *)y)[4 * n - 4] ^= n > 200; }
static void add_changes_input(float *y, float *x, long n) { add_right(y, x, n); x[n - 1] += 1; }

static int harness_catches_errors(void)
{
    void *wrong[] = { add_reads_on, add_reads_before, add_one_bit_off, add_changes_input };
    for (int i = 0; i < 4; i++) {
        Kernel table[] = { { "Gate.Add", "Scalar", 0, add_right }, { "Gate.Add", "wrong", 0, wrong[i] } };
        const char *report;
        if (run_kernels(table, 2, "Gate.Add", "", &report) >= 0) {
            printf("FAIL harness: wrong kernel %d passes\n", i);
            return 0;
        }
    }
    return 1;
}

// What the machine needs besides before kernels can run: 0 and a line on stdout when it fails.
static int prepare_machine(void)
{
#ifdef __x86_64__
    // Right results alone prove no AvxVnni kernel: it must have executed the instruction, its own or emulated.
    Kernel idle[] = { { "Gate.Add", "Scalar", 0, add_right }, { "Gate.Add", "AvxVnni", 0, add_right } };
    const char *report;
    if (!emulate_vnni()) return 0;
    unproved = unproved_vnni;
    if (run_kernels(idle, 2, "Gate.Add", "", &report) >= 0 && !has_vnni()) {
        puts("FAIL harness: an AvxVnni kernel without the instruction passes");
        return 0;
    }
#endif
    return 1;
}

static int known(const char *family, const char *variant)
{
    for (int i = 0; i < kernel_count; i++)
        if ((!*family || !strcmp(family, kernels[i].family)) && (!*variant || !strcmp(variant, kernels[i].variant)))
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    const char *report, *family = argc > 1 ? argv[1] : "", *variant = argc > 2 ? argv[2] : "";
    catch_faults();
    if (!harness_catches_errors() || !prepare_machine()) return 1;
    int count = run_kernels(kernels, kernel_count, family, variant, &report);
    fputs(report, stdout);
#ifdef __x86_64__
    report_vnni();
#endif
    if (count || known(family, variant)) return count < 0;
    printf("FAIL this object has no %s %s (kernels.list, exports.py)\n", family, variant);
    return 1;
}
