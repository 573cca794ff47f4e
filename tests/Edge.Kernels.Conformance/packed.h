// Cases of the packed families, for the table in cases.c.
#pragma once
#include "harness.h"

enum {
    PACKED_SIZES = 6, DIGITS2 = 0, DIGITS3, DIGITS4, DIGITS4X32, TERNARY2, TERNARY1_67, TERNARY1_6, DIGITS2LUT,
    NESTED4, NESTED4_HI, SPARSE_F16, SPARSE_BF16
};
void prepare_packed(Frame *frame, int index);
void prepare_sparse(Frame *frame, int index);
void prepare_tables(Frame *frame, int index);
void call_planes(void *kernel, Frame *frame);
