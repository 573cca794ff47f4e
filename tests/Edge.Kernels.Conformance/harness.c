// Runs every kernel of a table against its family's Scalar twin and reports "family variant cases digest" per kernel,
// or "FAIL family variant case: what" on a difference, a changed input or an access outside a buffer.
#include "harness.h"
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __aarch64__
#include <sys/auxv.h>
enum { HWCAP_DOT_PRODUCT = 1 << 20 };
static int has_dot(void) { return (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT) != 0; }
#else
static int has_dot(void) { return 1; }
#endif

enum { PAGE = 4096, FILLER = 0x4B };
const char *const value_kinds[] = { "zeros", "extremes", "random" };
static const char *running_family = "", *running_variant = "";
static Frame *running_frame;
static uint8_t *arena;
static long arena_used;
static const long arena_bytes = 64L << 20;
static char lines[1 << 16];
static int lines_used;
static jmp_buf failed;
const char *(*unproved)(const Kernel *kernel);

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int room = (int)sizeof lines - lines_used, length = vsnprintf(lines + lines_used, room, format, arguments);
    va_end(arguments);
    lines_used += length < room ? length : room - 1;
}

static void fail(const char *what)
{
    say("FAIL %s %s %s: %s\n", running_family, running_variant, running_frame ? running_frame->name : "", what);
    longjmp(failed, 1);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    char what[160] = "access outside every buffer";
    for (int i = 0; running_frame && i < running_frame->buffers; i++) {
        uint8_t *at = info->si_addr, *from = running_frame->data[i], *to = from + running_frame->bytes[i];
        if (at >= from - PAGE && at < from)
            snprintf(what, sizeof what, "access %ld bytes before buffer %d", (long)(from - at), i);
        if (at >= to && at < to + PAGE)
            snprintf(what, sizeof what, "access %ld bytes after the end of buffer %d", (long)(at - to), i);
    }
    fail(what);
}

void *add(Frame *frame, Kind kind, long bytes)
{
    if (frame->buffers == BUFFERS_MAX) fail("too many buffers");
    long pages = (bytes + PAGE - 1) / PAGE * PAGE;
    if (arena_used + pages + 2 * PAGE > arena_bytes) fail("arena too small");
    uint8_t *from = arena + arena_used + PAGE;
    if (mprotect(from, pages ? pages : PAGE, PROT_READ | PROT_WRITE)) fail("mprotect");
    if (!pages) mprotect(from, PAGE, PROT_NONE);
    memset(from, FILLER, pages);
    arena_used += pages + PAGE;
    int i = frame->buffers++;
    frame->data[i] = frame->at_end ? from + pages - bytes : from;
    frame->bytes[i] = bytes;
    frame->kind[i] = kind;
    return frame->data[i];
}

static uint64_t next(Frame *frame)
{
    uint64_t z = frame->random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint32_t random_below(Frame *frame, uint32_t limit) { return (uint32_t)((next(frame) >> 32) * limit >> 32); }

// Sum of four uniforms: near enough to normal, the same on every machine.
float random_normal(Frame *frame)
{
    int sum = 0;
    for (int i = 0; i < 4; i++) sum += (int)random_below(frame, 4096) - 2048;
    return (float)sum / 2365.0f;
}

uint16_t bfloat_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Normal halves only; the magnitudes of scales in the cases stay between 2^-14 and 65504.
uint16_t half_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude < 0x38800000) return (uint16_t)sign;
    magnitude += 0xFFF + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((magnitude >> 13) - (112 << 10)));
}

void fill_floats(Frame *frame, float *x, long count, int values)
{
    for (long i = 0; i < count; i++) {
        float extreme = random_below(frame, 3) ? 1e-6f * random_normal(frame) : random_below(frame, 2) ? 30000.0f
            : -30000.0f;
        float normal = random_normal(frame);
        x[i] = values == ZEROS ? 0 : values == EXTREMES ? extreme : normal;
    }
}

void fill_bytes(Frame *frame, void *x, long count, int values)
{
    static const uint8_t extremes[] = { 0x80, 0x7F, 0xFF, 0x00, 0x81, 0x88 };
    uint8_t *bytes = x;
    for (long i = 0; i < count; i++) {
        uint32_t r = random_below(frame, 256), e = random_below(frame, sizeof extremes);
        bytes[i] = (uint8_t)(values == ZEROS ? 0 : values == EXTREMES ? extremes[e] : r);
    }
}

static void prepare(const Family *family, Frame *frame, int index, int at_end)
{
    mprotect(arena, arena_used + PAGE, PROT_NONE);
    arena_used = 0;
    memset(frame, 0, sizeof *frame);
    frame->at_end = at_end;
    frame->parameter = family->parameter;
    frame->random = 1000003u * (uint64_t)index + (uint8_t)family->name[0];
    family->prepare(frame, index);
}

static uint64_t digest_of(uint64_t digest, const Frame *frame)
{
    for (int b = 0; b < frame->buffers; b++)
        for (long i = 0; (frame->kind[b] == EXACT || frame->kind[b] == CLOSE) && i < frame->bytes[b]; i++)
            digest = (digest ^ frame->data[b][i]) * 0x100000001B3u;
    return digest;
}

static void compare(const Family *family, const Frame *frame, uint8_t *const *expected)
{
    static char what[200];
    for (int b = 0; b < frame->buffers; b++) {
        if (frame->kind[b] == SCRATCH) continue;
        if (frame->kind[b] != CLOSE) {
            for (long i = 0; i < frame->bytes[b]; i++)
                if (frame->data[b][i] != expected[b][i]) {
                    snprintf(what, sizeof what, "byte %ld of %s %d is %d, Scalar has %d", i,
                        frame->kind[b] == INPUT ? "input" : "output",
                             b, frame->data[b][i], expected[b][i]);
                    fail(what);
                }
            continue;
        }
        const float *y = (const float *)frame->data[b], *s = (const float *)expected[b];
        for (long i = 0; i < frame->bytes[b] / 4; i++) {
            double bound = family->bound * (frame->magnitude ? frame->magnitude : fabs(s[i])) + 1e-12;
            if (memcmp(&y[i], &s[i], 4) && !(fabs((double)y[i] - s[i]) <= bound)) {
                snprintf(what, sizeof what, "float %ld of output %d is %.9g, Scalar has %.9g, bound %.3g", i, b, y[i],
                    s[i], bound);
                fail(what);
            }
        }
    }
}

// Random cases must not all give one value: a kernel that writes a constant would pass otherwise.
static int varied(const Frame *frame)
{
    for (int b = 0; b < frame->buffers; b++)
        for (long i = 1; frame->kind[b] != INPUT && frame->kind[b] != SCRATCH && i < frame->bytes[b]; i++)
            if (frame->data[b][i] != frame->data[b][0]) return 1;
    return 0;
}

static void run(const Family *family, void *scalar, const Kernel *kernel)
{
    static Frame frame;
    static uint8_t *expected[BUFFERS_MAX];
    uint64_t digest = 0xCBF29CE484222325u;
    int cases = 0, variety = 0;
    running_family = family->name, running_variant = kernel->variant, running_frame = &frame;
    for (int index = 0; index < family->cases; index++)
        for (int at_end = 0; at_end < 2; at_end++, cases++) {
            prepare(family, &frame, index, at_end);
            uint8_t *inputs[BUFFERS_MAX];
            for (int b = 0; b < frame.buffers; b++)
                inputs[b] = memcpy(malloc(frame.bytes[b] + 1), frame.data[b], frame.bytes[b]);
            running_variant = "Scalar";
            family->call(scalar, &frame);
            variety |= varied(&frame);
            for (int b = 0; b < frame.buffers; b++) {
                if (frame.kind[b] == INPUT && memcmp(inputs[b], frame.data[b], frame.bytes[b]))
                    fail("an input was changed");
                expected[b] = memcpy(malloc(frame.bytes[b] + 1), frame.data[b], frame.bytes[b]);
                memcpy(frame.data[b], inputs[b], frame.bytes[b]);
                free(inputs[b]);
            }
            running_variant = kernel->variant;
            family->call(kernel->kernel, &frame);
            compare(family, &frame, expected);
            digest = digest_of(digest, &frame);
            for (int b = 0; b < frame.buffers; b++) free(expected[b]);
        }
    if (!variety) fail("no case has varied output");
    const char *why = unproved ? unproved(kernel) : 0;
    if (why) fail(why);
    say("%s %s %d %016llx\n", family->name, kernel->variant, cases, (unsigned long long)digest);
}

int run_kernels(const Kernel *kernels, int kernel_count, const char *family_name, const char *variant_name,
    const char **report)
{
    lines_used = 0;
    lines[0] = 0;
    *report = lines;
    running_frame = 0;
    arena = mmap(0, arena_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    volatile int count = 0;
    if (setjmp(failed)) count = -1;
    else if (arena == MAP_FAILED) fail("mmap");
    for (int f = 0; count >= 0 && f < family_count; f++) {
        if (*family_name && strcmp(family_name, families[f].name)) continue;
        void *scalar = 0;
        for (int k = 0; k < kernel_count; k++) {
            if (strcmp(kernels[k].family, families[f].name)) continue;
            if (!strcmp(kernels[k].variant, "Scalar")) scalar = kernels[k].kernel;
            if (*variant_name && strcmp(variant_name, kernels[k].variant)) continue;
            if (kernels[k].needs_dot && !has_dot()) continue;
            running_family = families[f].name, running_variant = kernels[k].variant;
            if (!scalar) fail("Scalar must be the family's first row");
            run(&families[f], scalar, &kernels[k]);
            count++;
        }
    }
    munmap(arena, arena_bytes);
    return count;
}

void catch_faults(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    sigaction(SIGSEGV, &action, 0);
    sigaction(SIGBUS, &action, 0);
}
