"""Writes Exports.cs (C entry points, one line per kernel) and kernels.h (the driver's table) from kernels.list.

Usage: exports.py LIST ARCHITECTURE OUTPUT_FOLDER
"""
import pathlib
import sys

SHAPES = {
    "matrix": "byte* w, byte* x, float* y, long columns, long row0, long row1, long tokens, long yStride",
    "planes": "byte* hi, byte* lo, byte* x, float* y, long columns, long row0, long row1, long tokens, "
              "long yStride",
    "quantize": "float* x, byte* q, long columns, long tokens",
    "half": "float* x, ushort* y, long n",
    "norm": "float* x, float* weight, float* y, long n, float eps",
    "rope": "float* x, float* cos, float* sin, long headSize, long heads",
    "softmax": "float* x, long n",
    "gate": "float* gate, float* up, float* y, long n",
    "add": "float* y, float* x, long n",
    "addscaled": "float* y, float* x, float scale, long n",
    "attention": "float* q, byte* k, byte* v, float* y, long headSize, long group, long length, float scale, "
                 "float* scratch",
    "cappedattention": "float* q, byte* k, byte* v, float* y, long headSize, long group, long length, float scale, "
                       "float cap, float* sinks, float* scratch",
    "router": "float* logits, int* experts, float* weights, long count, long used, int renormalise",
}


# The variants that an object has. x64v4 is what a machine with AVX-512 makes for itself.
VARIANTS = {"arm64": ("Scalar", "Neon", "NeonDot"), "x64": ("Scalar", "Avx2", "AvxVnni"),
            "x64v4": ("Scalar", "Avx2", "AvxVnni", "Avx512")}


def read(path, architecture):
    """Rows of the list that run there: (shape, family, method, variant)."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        shape, family, method, *variants = words
        if shape not in SHAPES or variants[:1] != ["Scalar"]:
            raise SystemExit(f"{path.name}:{number}: unknown shape or Scalar is not the first variant")
        for variant in variants:
            if variant in VARIANTS[architecture]:
                yield shape, family, method, variant


def main():
    source, architecture, output = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    output.mkdir(parents=True, exist_ok=True)
    exports, declarations, table = [], [], []
    for shape, family, method, variant in read(source, architecture):
        symbol = f"{family}_{method}_{variant}"
        arguments = ", ".join(part.split()[-1] for part in SHAPES[shape].split(","))
        exports.append(f'    [UnmanagedCallersOnly(EntryPoint = "{symbol}")] '
                       f"public static void {symbol}({SHAPES[shape]}) "
                       f"=> {family}{variant}.{method}({arguments});")
        declarations.append(f"extern void {symbol}(void);")
        table.append(f'    {{ "{family}.{method}", "{variant}", {int(variant.endswith("Dot"))}, (void *){symbol} }},')
    (output / "Exports.cs").write_text("using System.Runtime.InteropServices;\nusing Edge.Kernels;\n\n"
                                       "static unsafe class Exports\n{\n"
                                       + "\n".join(exports) + "\n}\n")
    (output / "kernels.h").write_text("\n".join(declarations) + "\nconst Kernel kernels[] = {\n" + "\n".join(table)
                                      + "\n};\nconst int kernel_count = sizeof kernels / sizeof *kernels;\n")


if __name__ == "__main__":
    main()
