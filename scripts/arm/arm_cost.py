"""Cost of the kernels' ARM code without an ARM board: executed instructions and modelled cycles per weight.

Instructions are counted by qemu (blocks.c). Cycles: every run of instructions that executed equally often goes to
llvm-mca, which models the core's front end, pipes and latencies; its cycles are weighted by how often it ran. Data is
assumed in the first-level cache, so this is the compute bound; the memory bound beside it is arithmetic. The usage
is in scripts/arm-cost.
"""
import json
import re
import subprocess
import sys

# Core of the boards that people have -> its model in LLVM 19 (Neoverse N1 is the A76's server twin, LLVM has no model
# of the A76 itself).
CORES = {"neoverse-n1": "A76: Raspberry Pi 5", "cortex-a72": "A72: Raspberry Pi 4", "cortex-a55": "A55: little cores"}
WITHOUT_DOT = {"cortex-a72"}
ITERATIONS = 200
# Raspberry Pi 5: 11 GB/s shared by four cores of 2.4 GHz.
BYTES_PER_CYCLE = 11 / 2.4


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[:2000]}")
    return done


def disassemble(program):
    code = {}
    for line in run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", program]).stdout.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\t(.*)", line)
        if match:
            code[int(match[1], 16)] = match[2].split("//")[0].strip()
    return code


def modelled(instruction):
    """The instruction as llvm-mca takes it: no addresses, and no instruction that its models lack."""
    instruction = re.sub(r"\s+<.*", "", instruction)
    name, _, operands = instruction.partition("\t")
    if name in ("b", "bl", "br", "blr", "cbz", "cbnz", "tbz", "tbnz") or name.startswith("b."):
        return "cbnz x29, ."
    if name == "ret":
        return "nop"
    if name in ("adr", "adrp"):
        return f"mov {operands.split(',')[0]}, #0"
    if name in ("ldr", "ldp") and "[" not in operands:  # a constant beside the code
        return f"ldr {operands.split(',')[0]}, [x29]"
    # No entry for multiplies of bytes, which are of the same class as those of half-words.
    if name in ("mul", "mla", "mls") and ".16b" in operands:
        return instruction.replace(".16b", ".8h")
    return instruction


class Model:
    def __init__(self, core):
        self.core = core
        self.known = {}

    def cycles(self, instructions):
        """Cycles of one pass in steady state."""
        text = "\n".join(map(modelled, instructions)) + "\n"
        if text not in self.known:
            output = run(["llvm-mca-19", "-mtriple=aarch64", f"-mcpu={self.core}", "-mattr=+dotprod,+fullfp16",
                          f"-iterations={ITERATIONS}", "-instruction-info=0", "-resource-pressure=0"],
                         input=text).stdout
            self.known[text] = int(re.search(r"Total Cycles:\s+(\d+)", output)[1]) / ITERATIONS
        return self.known[text]


def runs_of(blocks, code):
    """[address, instructions, times] -> [instructions, times] of neighbours that ran equally often (within 3 %)."""
    times = {}
    for address, count, executed in blocks:
        for at in range(address, address + 4 * count, 4):
            times[at] = times.get(at, 0) + executed
    runs, end = [], None
    for at in sorted(times):
        if at == end and abs(runs[-1][1] - times[at]) <= 0.03 * times[at]:
            runs[-1][0].append(code[at])
        else:
            runs.append([[code[at]], times[at]])
        end = at + 4
    return runs


def cost(blocks, code, model):
    """(instructions, cycles); runs that make less than 0.1 % of the instructions are scaled, not modelled."""
    total = sum(count * executed for _, count, executed in blocks)
    covered = cycles = 0
    for instructions, times in runs_of(blocks, code):
        if len(instructions) * times * 1000 >= total:
            covered += len(instructions) * times
            cycles += model.cycles(instructions) * times
    return total, cycles * total / covered


def measure(program, plugin, arguments):
    done = run(["qemu-aarch64", "-cpu", "max", "-plugin", plugin, program, *arguments])
    regions = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("region")]
    blocks = {}
    for line in done.stderr.splitlines():
        if line.startswith("block"):
            _, region, address, count, times = line.split()
            blocks.setdefault(region, []).append((int(address, 16), int(count), int(times)))
    code = disassemble(program)
    rows = []
    for core in CORES:
        model = Model(core)
        for region, family, variant, matrix_rows, columns, tokens, bits in regions:
            if core in WITHOUT_DOT and variant.endswith("Dot"):
                continue
            weights = int(matrix_rows) * int(columns) * int(tokens)
            instructions, cycles = cost(blocks[region], code, model)
            rows.append({"family": family.removesuffix(".Rows"), "variant": variant, "core": core,
                         "rows": int(matrix_rows), "columns": int(columns), "tokens": int(tokens),
                         "bits_per_weight": round(float(bits), 3),
                         "instructions_per_weight": round(instructions / weights, 4),
                         "cycles_per_weight": round(cycles / weights, 4)})
    return rows


def table(rows):
    print(f"{'family':22} {'variant':8} {'core':12} {'matrix':>12} {'tokens':>6} {'bits/w':>7} "
          f"{'instr/w':>8} {'cycles/w':>9} {'memory':>7}")
    for row in rows:
        matrix = f"{row['rows']}x{row['columns']}"
        # Four cores read each weight once: cycles of one of them per weight of its share.
        known = row["rows"] > 1 and row["tokens"] == 1 and row["core"] == "neoverse-n1"
        memory = f"{4 * row['bits_per_weight'] / 8 / BYTES_PER_CYCLE:.3f}" if known else "-"
        print(f"{row['family']:22} {row['variant']:8} {row['core']:12} {matrix:>12} {row['tokens']:6} {row['bits_per_weight']:7.3f} "
              f"{row['instructions_per_weight']:8.3f} {row['cycles_per_weight']:9.4f} {memory:>7}")
    print("instructions and cycles are per weight and token, of 1xN rows per activation; memory: "
          "cycles per weight of each of four cores at 11 GB/s and 2.4 GHz")


def main():
    program, plugin, *arguments = sys.argv[1:]
    as_json = "--json" in arguments
    rows = measure(program, plugin, [a for a in arguments if a != "--json"])
    if as_json:
        json.dump(rows, sys.stdout, indent=1)
        print()
    else:
        table(rows)


if __name__ == "__main__":
    main()
