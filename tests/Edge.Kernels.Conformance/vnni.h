// AVX-VNNI on x64 processors without it: the one instruction of the AvxVnni kernels, carried out when it traps.
#pragma once
#include "harness.h"

// Installs the emulation and tries it on every form of operand, where AVX-512 has the instruction against the
// processor's own. Returns 0 and says why on stdout when it is wrong.
int emulate_vnni(void);
// Why a kernel that agreed with Scalar is not proved: an AvxVnni that never executed the instruction, or another
// variant that did. Null: it is. To be called once per kernel, in the order of the runs.
const char *unproved_vnni(const Kernel *kernel);
// Whether the processor executes the instruction itself; known after emulate_vnni.
int has_vnni(void);
// A line on who carried the instruction out.
void report_vnni(void);
