#define _GNU_SOURCE // for the names of the registers in a signal frame
#include "vnni.h"
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

// The signal frame has the vector registers as XSAVE (standard form) writes them: the halves of XMM at 160, a bit set
// of the components that are not all zeros at 512, the upper halves of YMM and of ZMM where CPUID says.
enum { XMM_AT = 160, MAGIC_AT = 464, PRESENT_AT = 512, SSE = 2, AVX = 4, ZMM = 64, MAGIC = 0x46505853, REGISTER = 16 };

static const int general[] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12,
    REG_R13, REG_R14, REG_R15,
};
static long emulated, seen, upper_at, top_at;
static int native;

// The kernels' frames may be larger than a page. The compiler touches the pages through this; the stack of a main
// thread grows by itself.
__asm__(".globl RhpStackProbe\nRhpStackProbe: ret");

typedef struct { int destination, first, second, wide; const int8_t *memory; const uint8_t *next; } Instruction;

static int64_t displacement(const uint8_t **at, int bytes)
{
    int32_t four;
    int64_t value = memcpy(&four, *at, 4) ? four : 0;
    if (bytes == 1) value = (int8_t)**at;
    *at += bytes;
    return value;
}

// VEX.128/256.66.0F38.W0 50 /r: vpdpbusd. Returns 0 for any other instruction.
static int decode(const uint8_t *at, const greg_t *registers, Instruction *i)
{
    if (at[0] != 0xC4 || (at[1] & 0x1F) != 2 || (at[2] & 0x83) != 1 || at[3] != 0x50) return 0;
    int r = ~at[1] >> 4 & 8, x = ~at[1] >> 3 & 8, b = ~at[1] >> 2 & 8, mod = at[4] >> 6, rm = at[4] & 7;
    *i = (Instruction){ (at[4] >> 3 & 7) | r, ~at[2] >> 3 & 15, rm | b, at[2] >> 2 & 1, 0, at + 5 };
    if (mod == 3) return 1;
    int64_t address = 0;
    int bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    if (rm == 4) {
        int sib = *i->next++, index = (sib >> 3 & 7) | x, base = sib & 7;
        if (index != 4) address = registers[general[index]] << (sib >> 6);
        if (base == 5 && mod == 0) bytes = 4;
        else address += registers[general[base | b]];
    } else if (rm == 5 && mod == 0) {
        bytes = 4, address = (int64_t)(i->next + 4);
    } else {
        address = registers[general[rm | b]];
    }
    if (bytes) address += displacement(&i->next, bytes);
    i->memory = (const int8_t *)address;
    return 1;
}

static void multiply_add(int32_t *sums, const uint8_t *a, const int8_t *b, int lanes)
{
    for (int i = 0; i < lanes; i++) {
        uint32_t sum = (uint32_t)sums[i];
        for (int j = 4 * i; j < 4 * i + 4; j++) sum += (uint32_t)(a[j] * b[j]);
        sums[i] = (int32_t)sum;
    }
}

static void load(void *to, const uint8_t *area, int vector)
{
    memcpy(to, area + XMM_AT + REGISTER * vector, REGISTER);
    memcpy((uint8_t *)to + REGISTER, area + upper_at + REGISTER * vector, REGISTER);
}

static void die(const char *why)
{
    puts(why);
    fflush(stdout);
    _Exit(1);
}

static void on_illegal(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    uint8_t *area = (uint8_t *)machine->fpregs;
    Instruction i;
    int32_t sums[8], magic;
    uint8_t first[32];
    int8_t second[32];
    uint64_t present;
    if (!decode((const uint8_t *)machine->gregs[REG_RIP], machine->gregs, &i))
        die("FAIL an instruction that this processor has not, and that is not vpdpbusd");
    memcpy(&magic, area + MAGIC_AT, 4);
    if (magic != MAGIC) die("FAIL the signal frame has no upper halves of the vector registers");
    memcpy(&present, area + PRESENT_AT, 8);
    if (!(present & SSE)) memset(area + XMM_AT, 0, 16 * REGISTER);
    if (!(present & AVX)) memset(area + upper_at, 0, 16 * REGISTER);
    present |= SSE | AVX;
    memcpy(area + PRESENT_AT, &present, 8);

    load(sums, area, i.destination);
    load(first, area, i.first);
    // A guard page faults here as it would have under the instruction, and with the bytes of its width.
    if (i.memory) memcpy(second, i.memory, i.wide ? 32 : 16);
    else load(second, area, i.second);
    multiply_add(sums, first, second, i.wide ? 8 : 4);
    if (!i.wide) memset(sums + 4, 0, REGISTER);
    memcpy(area + XMM_AT + REGISTER * i.destination, sums, REGISTER);
    memcpy(area + upper_at + REGISTER * i.destination, sums + 4, REGISTER);
    if (present & ZMM) memset(area + top_at + 32 * i.destination, 0, 32);
    machine->gregs[REG_RIP] = (greg_t)i.next;
    emulated++;
}

// One form of operands each: sums += a · b, the sums in the vector s and a in the vector f; b at %rdx.
#define FORM(name, width, s, f, prepare, operand)                                                                     \
    static void name(int32_t *sums, const uint8_t *a, const int8_t *b)                                                \
    {                                                                                                                 \
        __asm__ volatile("vmovdqu (%%rsi), %%ymm" #s "; vmovdqu (%%rdi), %%ymm" #f "; " prepare                       \
                         "; %{vex%} vpdpbusd " operand ", %%" width #f ", %%" width #s "; vmovdqu %%ymm" #s ", (%%rsi)"\
                         :: "S"(sums), "D"(a), "d"(b)                                                                 \
                         : "rax", "rcx", "r9", "r12", "r13", "xmm" #s, "xmm" #f, "xmm2", "xmm15", "memory");          \
    }
static int8_t by_name[32] __asm__("vnni_by_name") __attribute__((used));
FORM(low_registers, "ymm", 0, 1, "vmovdqu (%%rdx), %%ymm2", "%%ymm2")
FORM(high_registers, "ymm", 9, 8, "vmovdqu (%%rdx), %%ymm15", "%%ymm15")
FORM(mixed_registers, "ymm", 0, 10, "vmovdqu (%%rdx), %%ymm15", "%%ymm15")
FORM(half, "xmm", 12, 3, "vmovdqu (%%rdx), %%ymm2", "%%xmm2")
FORM(half_of_memory, "xmm", 4, 14, "", "(%%rdx)")
FORM(plain, "ymm", 7, 6, "", "(%%rdx)")
FORM(near, "ymm", 7, 11, "lea 100(%%rdx), %%rax", "-100(%%rax)")
FORM(far, "ymm", 13, 5, "lea -0x1000(%%rdx), %%r9", "0x1000(%%r9)")
FORM(needs_displacement, "ymm", 0, 1, "mov %%rdx, %%r13", "(%%r13)")
FORM(needs_sib, "ymm", 0, 1, "mov %%rdx, %%r12", "(%%r12)")
FORM(indexed, "ymm", 0, 1, "mov $4, %%ecx; lea -72(%%rdx), %%rax", "40(%%rax,%%rcx,8)")
FORM(high_index, "ymm", 0, 1, "mov $-3, %%r12; lea 0x2006(%%rdx), %%r13", "-0x2000(%%r13,%%r12,2)")
FORM(without_base, "ymm", 0, 1, "mov %%rdx, %%r9", "0(,%%r9,1)")
FORM(relative, "ymm", 0, 1, "", "vnni_by_name(%%rip)")

static void (*const forms[])(int32_t *, const uint8_t *, const int8_t *) = {
    low_registers, high_registers, mixed_registers, half, half_of_memory, plain, near, far, needs_displacement,
    needs_sib, indexed, high_index, without_base, relative,
};
enum { FORMS = sizeof forms / sizeof *forms };

static void by_avx512(int32_t *sums, const uint8_t *a, const int8_t *b)
{
    __asm__ volatile("vmovdqu (%0), %%ymm0; vmovdqu (%1), %%ymm1; %{evex%} vpdpbusd (%2), %%ymm1, %%ymm0;"
                     "vmovdqu %%ymm0, (%0)" :: "r"(sums), "r"(a), "r"(b) : "xmm0", "xmm1", "memory");
}

// An instruction with a VEX prefix clears the vector register above what it writes.
static int clears_the_top(const int8_t *b)
{
    int8_t all[64];
    __asm__ volatile("vpternlogd $255, %%zmm0, %%zmm0, %%zmm0; %{vex%} vpdpbusd (%1), %%ymm0, %%ymm0;"
                     "vmovdqu64 %%zmm0, (%0)" :: "r"(all), "r"(b) : "xmm0", "memory");
    for (int i = 32; i < 64; i++)
        if (all[i]) return 0;
    return 1;
}

int emulate_vnni(void)
{
    unsigned a, b, c, d;
    struct sigaction action = { .sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO | SA_NODEFER };
    native = __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
    if (!__get_cpuid_count(0xD, 2, &a, &b, &c, &d)) die("FAIL the processor says not where it saves AVX registers");
    upper_at = b;
    __get_cpuid_count(0xD, 6, &a, &b, &c, &d);
    top_at = b;
    sigaction(SIGILL, &action, 0);

    int by_hardware = __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl");
    Frame frame = { .random = 1 };
    for (int round = 0; round < 64 * FORMS; round++) {
        int form = round % FORMS, lanes = forms[form] == half || forms[form] == half_of_memory ? 4 : 8;
        int32_t sums[8], expected[8], hardware[8];
        uint8_t first[32];
        int8_t second[32];
        fill_bytes(&frame, sums, 32, round & 1 ? RANDOM : EXTREMES);
        fill_bytes(&frame, first, 32, round & 2 ? RANDOM : EXTREMES);
        fill_bytes(&frame, second, 32, round & 4 ? RANDOM : EXTREMES);
        memcpy(by_name, second, 32);
        memcpy(expected, sums, 32);
        memcpy(hardware, sums, 32);
        multiply_add(expected, first, second, 8);
        if (by_hardware) by_avx512(hardware, first, second);
        memset(expected + lanes, 0, 32 - 4 * lanes);
        forms[form](sums, first, second);
        if (memcmp(sums, expected, 32) || (by_hardware && memcmp(sums, hardware, 4 * lanes))) {
            printf("FAIL emulation of vpdpbusd: form %d\n", form);
            return 0;
        }
    }
    if (by_hardware && !clears_the_top(by_name)) {
        puts("FAIL emulation of vpdpbusd: the top of the register");
        return 0;
    }
    seen = emulated;
    return 1;
}

const char *unproved_vnni(const Kernel *kernel)
{
    int is_vnni = !strcmp(kernel->variant, "AvxVnni"), ran = emulated > seen;
    seen = emulated;
    if (native) return 0;
    if (is_vnni && !ran) return "no case executed an instruction of AVX-VNNI";
    return ran && !is_vnni ? "it executes AVX-VNNI, which its variant does not promise" : 0;
}

int has_vnni(void) { return native; }

void report_vnni(void)
{
    if (native) puts("AVX-VNNI is the processor's own");
    else printf("AVX-VNNI emulated, %ld instructions\n", emulated);
}
