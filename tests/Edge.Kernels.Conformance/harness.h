// What the conformance driver is made of: guarded buffers, seeded values, and one table row per kernel.
#pragma once
#include <stdint.h>

// How a buffer is judged after a run: INPUT must be unchanged, EXACT equal bit by bit, CLOSE within the family's
// bound, SCRATCH not at all.
typedef enum { INPUT, EXACT, CLOSE, SCRATCH } Kind;

enum { BUFFERS_MAX = 12, NUMBERS_MAX = 12 };

// One case of one family: its buffers (guard pages on both sides) and the plain numbers of the call.
typedef struct {
    uint8_t *data[BUFFERS_MAX];
    long bytes[BUFFERS_MAX];
    Kind kind[BUFFERS_MAX];
    int buffers;
    long number[NUMBERS_MAX];
    float real[NUMBERS_MAX];
    int parameter;       // of the family
    double magnitude;    // what the bound of CLOSE outputs is relative to; 0: each value by itself
    int at_end;          // buffers end at a guard page (else they begin after one)
    char name[160];      // for messages
    uint64_t random;
} Frame;

typedef struct {
    const char *name;
    int cases;
    // of CLOSE outputs: |y - scalar| <= bound * (magnitude or |scalar|) + 1e-12
    double bound;
    void (*prepare)(Frame *frame, int index);    // adds buffers, fills them from frame->random
    void (*call)(void *kernel, Frame *frame);
    int parameter;
} Family;

typedef struct { const char *family, *variant; int needs_dot; void *kernel; } Kernel;

extern const Family families[];
extern const int family_count;

// Runs the kernels of the table whose family and variant match ("" matches all) against the family's Scalar row, which
// comes first. Returns how many ran, or -1 at the first failure; *report is one line per kernel and, last, the failure.
int run_kernels(const Kernel *kernels, int count, const char *family, const char *variant, const char **report);
// Asked after each kernel that agrees with Scalar: a text is why it is not proved all the same. Null: nobody is asked.
extern const char *(*unproved)(const Kernel *kernel);
// Makes a fault inside a case a failure of that case (the test host, which has its own handlers, does not call it).
void catch_faults(void);

// Buffers are filled with the byte 0x4B, which no kernel may leave behind in a place that it owns.
void *add(Frame *frame, Kind kind, long bytes);
uint32_t random_below(Frame *frame, uint32_t limit);
float random_normal(Frame *frame);
uint16_t half_of(float value);
uint16_t bfloat_of(float value);

enum { ZEROS, EXTREMES, RANDOM, VALUE_KINDS };
extern const char *const value_kinds[];
void fill_floats(Frame *frame, float *x, long count, int values);
void fill_bytes(Frame *frame, void *x, long count, int values);
