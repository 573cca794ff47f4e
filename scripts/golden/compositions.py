#!/usr/bin/python3
"""Prints the tables of src/Edge.Text/Pieces/CompositionTables.cs (canonical composition, NFC), and writes
tests/golden/nfc.json: texts and what Python's unicodedata composes of them."""
import json
import pathlib
import random
import unicodedata

WIDTH = 100


def escape(character):
    code = ord(character)
    plain = unicodedata.category(character)[0] == "L" and unicodedata.normalize("NFC", character) == character
    left = unicodedata.bidirectional(character) not in ("R", "AL")
    if plain and left and code < 0x10000:
        return character
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def constant(name, entries):
    lines = [""]
    for entry in entries:
        text = "".join(map(escape, entry))
        if len(lines[-1]) + len(text) > WIDTH:
            lines.append("")
        lines[-1] += text
    print(f"    public const string {name} =\n" + " +\n".join(f'        "{line}"' for line in lines) + ";\n")


def tables():
    pairs, apart, singles, classes = [], [], [], []
    for code in range(0x80, 0x110000):
        character = chr(code)
        if unicodedata.combining(character):
            kind = unicodedata.combining(character)
            if classes and classes[-1][1] == code - 1 and classes[-1][2] == kind:
                classes[-1][1] = code
            else:
                classes.append([code, code, kind])
        parts = unicodedata.decomposition(character)
        ideograph = 0xF900 <= code <= 0xFAD9 or 0x2F800 <= code <= 0x2FA1D
        if not parts or parts.startswith("<") or ideograph or 0xAC00 <= code <= 0xD7A3:
            continue
        entry = character + "".join(chr(int(p, 16)) for p in parts.split())
        if len(entry) == 2:
            singles.append(entry)
        elif unicodedata.normalize("NFC", character) == character:
            pairs.append(entry)
        else:
            apart.append(entry)
    return pairs, apart, singles, classes


def main():
    pairs, apart, singles, classes = tables()
    constant("Pairs", pairs)
    constant("Apart", apart)
    constant("Singles", singles)
    lines = [""]
    for one in classes:
        text = f"0x{one[0]:X}, 0x{one[1]:X}, {one[2]}, "
        if len(lines[-1]) + len(text) > WIDTH + 8:
            lines.append("")
        lines[-1] += text
    rows = "\n".join(f"        {line.strip()}" for line in lines)
    print(f"    public static ReadOnlySpan<int> Classes =>\n    [\n{rows}\n    ];")
    rng = random.Random(5)
    marks = [chr(c) for low, high, _ in classes for c in (low, high)]
    some = [c for entry in rng.sample(pairs, 150) + apart + singles for c in entry]
    others = list("aeiouAENoc q 1"
                  "\u1100\u1112\u1161\u1175\u11a8\u11c2\u11a7\uac00\uac01\ud7a3\uf900\U0002f800\u4e00\U0001f525")
    texts = ["e\u0301", "\u0301", "a" + "\u0323\u0301" * 20, "\u0958", "\u1100\u1161\u11a8", "\u212b", "a\u0301\u0323b",
             "\uac00\u11a8\u11a8", "plain", "\u00e9", "\u0d47\u0d3e\u0d3e",
             "\u0f71\u0f72\u0f74", "\U000110a5\U000110ba"]
    for _ in range(500):
        texts.append("".join(rng.choice(rng.choice((marks, some, others))) for _ in range(rng.randrange(1, 12))))
    rows = [[text, unicodedata.normalize("NFC", text)] for text in texts]
    golden = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "nfc.json"
    golden.write_text(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
