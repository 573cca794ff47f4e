// Sizes of the tiled matrices and of the activations that go with them, as src/Edge.Kernels/README.md has them.
#pragma once

typedef struct {
    const char *family, *preparation;    // kernels: "Prefix.Method"
    int ternary;
    long (*matrix_bytes)(long rows, long columns);
    long (*activation_bytes)(long columns);
    long (*low_bytes)(long rows, long columns);    // of a second plane, or 0
} Layout;

extern const Layout layouts[];
extern const int layout_count;
