#!/usr/bin/python3
"""Blocks of every quantised type that edge reads, and the float32 values that the public format descriptions give them.

Written from the descriptions of the block structs (the ggml wiki and the papers of the types), element by element and
in exact rational arithmetic: every product and every sum is rounded once to float32, as the definition has it. Shares
nothing with the C# decoder. Needs only the standard library. Writes tests/golden/quant-types.json: per type the bytes
of some random blocks and the bits of their values, both as hex. Deterministic.
"""
import json
import pathlib
import random
import struct
from fractions import Fraction

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "quant-types.json"


def to_f32(exact):
    """Nearest float32, ties to even, of a rational that is in range (double rounding is impossible: integers first)."""
    exact = Fraction(exact)
    if exact == 0:
        return 0.0
    sign, size = (-1, -exact) if exact < 0 else (1, exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    while Fraction(2) ** exponent > size:
        exponent -= 1
    while Fraction(2) ** (exponent + 1) <= size:
        exponent += 1
    unit = Fraction(2) ** (max(exponent, -126) - 23)
    steps = size / unit
    whole = steps.numerator // steps.denominator
    rest = steps - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole & 1):
        whole += 1
    return float(sign * whole * unit)


def times(a, b):
    return to_f32(Fraction(a) * Fraction(b))


def plus(a, b):
    return to_f32(Fraction(a) + Fraction(b))


def half(data, at):
    return struct.unpack_from("<e", data, at)[0]


def bits(data, first, count):
    """Bits first … first + count of the bytes read as one little-endian number."""
    return int.from_bytes(data, "little") >> first & (1 << count) - 1


# ---- blocks of 32: nibble i of the last 16 bytes is value i, then value 16 + i; further bits in a 32-bit word.

def nibble32(data, at, i):
    return bits(data[at:at + 16], 8 * (i % 16) + 4 * (i // 16), 4)


def q4_0(b):
    return [times(half(b, 0), nibble32(b, 2, i) - 8) for i in range(32)]


def q4_1(b):
    return [plus(times(half(b, 0), nibble32(b, 4, i)), half(b, 2)) for i in range(32)]


def q5_0(b):
    return [times(half(b, 0), nibble32(b, 6, i) + 16 * bits(b[2:6], i, 1) - 16) for i in range(32)]


def q5_1(b):
    return [plus(times(half(b, 0), nibble32(b, 8, i) + 16 * bits(b[4:8], i, 1)), half(b, 2)) for i in range(32)]


def q8_0(b):
    return [times(half(b, 0), struct.unpack_from("<b", b, 2 + i)[0]) for i in range(32)]


NONLINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]


def iq4_nl(b):
    return [times(half(b, 0), NONLINEAR[nibble32(b, 2, i)]) for i in range(32)]


def e2m1(code):
    """OCP microscaling: a sign, two bits of exponent, one of mantissa."""
    exponent, mantissa = code >> 1 & 3, code & 1
    size = Fraction(mantissa, 2) if exponent == 0 else Fraction(2 + mantissa, 2) * 2 ** (exponent - 1)
    return -size if code & 8 else size


def mxfp4(b):
    return [to_f32(Fraction(2) ** (b[0] - 127) * e2m1(nibble32(b, 1, i))) for i in range(32)]


# ---- super-blocks of 256

def k_scales(b, g):
    """Q4_K, Q5_K: twelve bytes are eight 6-bit scales and eight 6-bit minimums. The first four of each stand in the low
    six bits of bytes 0-3 and 4-7; the others have their low four bits in bytes 8-11 and their high two on top of the
    first eight bytes."""
    if g < 4:
        return bits(b[g:g + 1], 0, 6), bits(b[4 + g:5 + g], 0, 6)
    k = g - 4
    return (bits(b[8 + k:9 + k], 0, 4) + 16 * bits(b[k:k + 1], 6, 2),
            bits(b[8 + k:9 + k], 4, 4) + 16 * bits(b[4 + k:5 + k], 6, 2))


def q4_k(b):
    out = []
    for i in range(256):
        g, k = divmod(i, 32)
        scale, low = k_scales(b[4:16], g)
        quant = bits(b[16 + 32 * (g // 2) + k:][:1], 4 * (g % 2), 4)
        out.append(plus(times(times(half(b, 0), scale), quant), -times(half(b, 2), low)))
    return out


def q5_k(b):
    out = []
    for i in range(256):
        g, k = divmod(i, 32)
        scale, low = k_scales(b[4:16], g)
        quant = bits(b[48 + 32 * (g // 2) + k:][:1], 4 * (g % 2), 4) + 16 * bits(b[16 + k:][:1], g, 1)
        out.append(plus(times(times(half(b, 0), scale), quant), -times(half(b, 2), low)))
    return out


def q6_k(b):
    out = []
    for i in range(256):
        part, rest = divmod(i, 128)
        quarter, k = divmod(rest, 32)
        low = bits(b[64 * part + 32 * (quarter % 2) + k:][:1], 4 * (quarter // 2), 4)
        high = bits(b[128 + 32 * part + k:][:1], 2 * quarter, 2)
        scale = struct.unpack_from("<b", b, 192 + i // 16)[0]
        out.append(times(times(half(b, 208), scale), low + 16 * high - 32))
    return out


def q2_k(b):
    out = []
    for i in range(256):
        part, rest = divmod(i, 128)
        quarter, k = divmod(rest, 32)
        scale = b[i // 16]
        quant = bits(b[16 + 32 * part + k:][:1], 2 * quarter, 2)
        out.append(plus(times(times(half(b, 80), scale % 16), quant), -times(half(b, 82), scale // 16)))
    return out


def q3_k(b):
    out = []
    for i in range(256):
        part, rest = divmod(i, 128)
        quarter, k = divmod(rest, 32)
        j = i // 16
        # Sixteen 6-bit scales: low nibbles of scale j and j + 8 share byte j; high pairs of j, j + 4 … share byte 8.
        scale = bits(b[96 + j % 8:][:1], 4 * (j // 8), 4) + 16 * bits(b[104 + j % 4:][:1], 2 * (j // 4), 2) - 32
        quant = bits(b[32 + 32 * part + k:][:1], 2 * quarter, 2) - (0 if bits(b[k:k + 1], i // 32, 1) else 4)
        out.append(times(times(half(b, 108), scale), quant))
    return out


def iq4_xs(b):
    out = []
    for i in range(256):
        g, k = divmod(i, 32)
        scale = bits(b[4:8], 4 * g, 4) + 16 * bits(b[2:4], 2 * g, 2) - 32
        out.append(times(times(half(b, 0), scale), NONLINEAR[nibble32(b, 8 + 16 * g, k)]))
    return out


def tq1_0(b):
    """A byte is ceil(256/243 · t) of a 5-digit (the last four bytes: 4-digit) number in base three; digits are read
    from the top: multiply the fraction byte/256 by three, the whole part is the digit."""
    def digit(byte, n):
        fraction = byte
        for _ in range(n):
            fraction = fraction * 3 % 256
        return fraction * 3 // 256 - 1
    order = [(m, n) for n in range(5) for m in range(32)]
    order += [(32 + m, n) for n in range(5) for m in range(16)]
    order += [(48 + m, n) for n in range(4) for m in range(4)]
    return [times(half(b, 52), digit(b[m], n)) for m, n in order]


def tq2_0(b):
    return [times(half(b, 64), bits(b[32 * (i // 128) + i % 32:][:1], 2 * (i % 128 // 32), 2) - 1)
            for i in range(256)]


def i2_s(b):
    """bitnet.cpp, one row of 256 as a matrix of its own: 128 columns are 32 bytes, the first 32 columns in the top two
    bits; then the float32 scale and 28 bytes of nothing."""
    scale = struct.unpack_from("<f", b, 64)[0]
    return [times(scale, bits(b[32 * (i // 128) + i % 32:][:1], 6 - 2 * (i % 128 // 32), 2) - 1) for i in range(256)]


def i2_s_64(columns, rng):
    """bitnet.cpp on ARM (quantize_i2_s, QK_I2_S = 64), three rows as one matrix: 64 columns are 16 bytes, column c of
    them in byte c % 16, the first 16 columns in the top two bits; behind all rows the float32 scale and 28 bytes."""
    rows, scale = 3, struct.unpack("<f", struct.pack("<f", 0.0271))[0]
    digits = [[rng.randrange(3) for _ in range(columns)] for _ in range(rows)]
    data = bytearray(rows * columns // 4)
    for r in range(rows):
        for c in range(columns):
            data[r * columns // 4 + c // 64 * 16 + c % 16] |= digits[r][c] << 6 - 2 * (c % 64 // 16)
    values = [times(scale, digit - 1) for row in digits for digit in row]
    return {"columns": columns, "block": (bytes(data) + struct.pack("<f", scale) + bytes(28)).hex(),
            "values": struct.pack(f"<{len(values)}f", *values).hex()}


def f16(b):
    return [half(b, 2 * i) for i in range(32)]


def bf16(b):
    return [struct.unpack("<f", bytes(2) + b[2 * i:2 * i + 2])[0] for i in range(32)]


# name: bytes of a block, decoder, offsets of half-precision scales
TYPES = {
    "F16": (64, f16, None), "BF16": (64, bf16, None), "Q4_0": (18, q4_0, [0]), "Q4_1": (20, q4_1, [0, 2]),
    "Q5_0": (22, q5_0, [0]), "Q5_1": (24, q5_1, [0, 2]), "Q8_0": (34, q8_0, [0]), "Q2_K": (84, q2_k, [80, 82]),
    "Q3_K": (110, q3_k, [108]), "Q4_K": (144, q4_k, [0, 2]), "Q5_K": (176, q5_k, [0, 2]), "Q6_K": (210, q6_k, [208]),
    "IQ4_NL": (18, iq4_nl, [0]), "IQ4_XS": (136, iq4_xs, [0]), "TQ1_0": (54, tq1_0, [52]), "TQ2_0": (66, tq2_0, [64]),
    "I2_S": (96, i2_s, []), "MXFP4": (17, mxfp4, []),
}
HALVES = [0.017776, -0.003876, 65504.0, 2.0 ** -24, 6.0976e-05, 1.0]


def make(name, rng):
    size, decode, scales = TYPES[name]
    rows = []
    for n in range(len(HALVES)):
        block = bytearray(rng.randbytes(size))
        for at in scales or []:
            block[at:at + 2] = struct.pack("<e", HALVES[n] if at == scales[0] else rng.choice(HALVES))
        if name == "F16":
            for at in range(0, size, 2):
                block[at:at + 2] = struct.pack("<e", rng.choice(HALVES) * rng.uniform(-1, 1))
        if name == "BF16":
            for at in range(0, size, 2):
                block[at:at + 2] = struct.pack("<f", rng.uniform(-3, 3))[2:]
        if name == "I2_S":
            block[64:96] = struct.pack("<f", HALVES[n] * 1.1) + bytes(28)
        if name == "MXFP4":
            block[0] = [0, 1, 2, 120, 127, 250][n]
        values = decode(bytes(block))
        rows.append({"block": block.hex(), "values": struct.pack(f"<{len(values)}f", *values).hex()})
    return rows


def main():
    rng = random.Random(20260517)
    OUT.write_text(json.dumps({name: make(name, rng) for name in TYPES}, indent=0) + "\n")
    print(OUT, OUT.stat().st_size, "bytes")
    other = OUT.with_name("i2s-64.json")
    other.write_text(json.dumps([i2_s_64(columns, rng) for columns in (64, 128, 192, 256, 576)], indent=0) + "\n")
    print(other, other.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
