#!/usr/bin/python3
"""Prints the tables of src/Edge.Text/Pieces/Decompositions.cs: canonical decompositions without non-spacing marks (Mn).

Characters that an editor could normalise, and those that run from right to left, are written as escapes.
"""
import unicodedata

WIDTH = 100


def escape(character):
    code = ord(character)
    stays = unicodedata.normalize("NFC", character) == character and unicodedata.category(character)[0] in "LS"
    left = unicodedata.bidirectional(character) not in ("R", "AL") and not unicodedata.combining(character)
    if character == " " or (stays and left and code < 0x10000):
        return character
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def constant(name, entries):
    lines = [""]
    for entry in entries:
        text = "".join(map(escape, entry))
        if len(lines[-1]) + len(text) > WIDTH:
            lines.append("")
        lines[-1] += text
    print(f"    private const string {name} =\n" + " +\n".join(f'        "{line}"' for line in lines) + ";\n")


def main():
    pairs, several = [], []
    for code in range(0x80, 0x110000):
        character = chr(code)
        apart = unicodedata.normalize("NFD", character)
        ideograph = 0xF900 <= code <= 0xFAFF or 0x2F800 <= code <= 0x2FA1F
        hangul = 0xAC00 <= code <= 0xD7A3
        if apart == character or ideograph or hangul or unicodedata.category(character) == "Mn":
            continue
        left = "".join(c for c in apart if unicodedata.category(c) != "Mn")
        (pairs if len(left) == 1 else several).append(character + left)
    constant("Pairs", pairs)
    constant("Several", [entry + " " for entry in several])
    constant("Ideographs", [unicodedata.normalize("NFD", chr(c)) for c in range(0xF900, 0xFADA)])
    constant("MoreIdeographs", [unicodedata.normalize("NFD", chr(c)) for c in range(0x2F800, 0x2FA1E)])


if __name__ == "__main__":
    main()
