// qemu plugin: how often each translated block ran between the marks of cost.c. A mark is the system call
// MARK(operation, region), which the kernel does not know and the program ignores: 0 clears the counts, 1 prints
// "block REGION ADDRESS INSTRUCTIONS TIMES" for each block. qemu 7.2 installs no plugin header, so the few functions
// used are declared here (plugin interface, version 1).
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint64_t Id;
typedef struct qemu_plugin_tb Tb;
enum { INLINE_ADD = 0, MARK = 0xED6E };
typedef void (*OnTranslate)(Id, Tb *);
typedef void (*OnSyscall)(Id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
    uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(Id, OnTranslate);
void qemu_plugin_register_vcpu_syscall_cb(Id, OnSyscall);
void qemu_plugin_register_vcpu_tb_exec_inline(Tb *, int, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const Tb *);
uint64_t qemu_plugin_tb_vaddr(const Tb *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

typedef struct Block { uint64_t address, instructions, times; struct Block *next; } Block;
enum { BUCKETS = 4096 };
static Block *buckets[BUCKETS];

// A block may be translated again; the same address and length share one counter, which must not move.
static void on_translate(Id id, Tb *tb)
{
    (void)id;
    uint64_t address = qemu_plugin_tb_vaddr(tb), instructions = qemu_plugin_tb_n_insns(tb);
    Block **bucket = &buckets[address / 4 % BUCKETS], *block = *bucket;
    while (block && (block->address != address || block->instructions != instructions)) block = block->next;
    if (!block) {
        block = calloc(1, sizeof *block);
        block->address = address, block->instructions = instructions, block->next = *bucket;
        *bucket = block;
    }
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &block->times, 1);
}

static void on_syscall(Id id, unsigned vcpu, int64_t number, uint64_t operation, uint64_t region, uint64_t a3,
    uint64_t a4, uint64_t a5,
                       uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != MARK) return;
    for (int i = 0; i < BUCKETS; i++)
        for (Block *block = buckets[i]; block; block = block->next) {
            if (operation == 0) block->times = 0;
            else if (block->times)
                fprintf(stderr, "block %" PRIu64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", region, block->address,
                    block->instructions,
                        block->times);
        }
}

__attribute__((visibility("default"))) int qemu_plugin_install(Id id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    return 0;
}
