#!/usr/bin/python3
"""A small WordPiece vocabulary, and the ids that a naive reading of BERT's tokenizer gives the corpus of texts.py.

Whole strings through unicodedata, list by list, as the paper's code describes it: clean, part Chinese characters, strip
accents (NFD without Mn), lower, split at spaces and punctuation, then the longest token from the front of each word. Shares
no idea with the C# scanner. Writes tests/golden/word-pieces.json (uncased and cased) with a digest of what is left of every
character that has accents; needs only the standard library of Python 3.11.
"""
import hashlib
import json
import pathlib
import sys
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import texts  # noqa: E402

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "word-pieces.json"
CHINESE = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
           (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]


def strip(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


def clean(text, lower):
    out = ""
    for c in text:
        if c in "\t\n\r":
            out += " "
        elif unicodedata.category(c)[0] == "C" or c == "\ufffd":
            continue
        elif unicodedata.category(c)[0] == "Z":
            out += " "
        elif any(first <= ord(c) <= last for first, last in CHINESE):
            out += f" {c} "
        else:
            out += c
    if lower:
        out = "".join(c.lower() for c in strip(out))
    return out


def words(text, lower):
    out = ""
    for c in clean(text, lower):
        mark = unicodedata.category(c)[0] == "P" or (c.isascii() and c.isprintable() and not c.isalnum() and c != " ")
        out += f" {c} " if mark else c
    return [w for w in out.split(" ") if w]


def encode(text, ids, lower):
    found = []
    for word in words(text, lower):
        pieces, at = [], 0
        while at < len(word) and len(word) <= 100:
            end = next((e for e in range(len(word), at, -1) if ("##" if at else "") + word[at:e] in ids), None)
            if end is None:
                break
            pieces.append(ids[("##" if at else "") + word[at:end]])
            at = end
        found += pieces if at == len(word) else [ids["[UNK]"]]
    return found


def vocabulary(lower):
    counts = {}
    for line in [*texts.LINES, *texts.WORDS[:40]]:
        for word in words(line, lower):
            for start in range(len(word)):
                for end in range(start + 1, len(word) + 1):
                    piece = ("##" if start else "") + word[start:end]
                    counts[piece] = counts.get(piece, 0) + 1
    single = [p for p in counts if len(p.removeprefix("##")) == 1]
    # A letter in five is missing, so that some words stay unknown.
    single = [p for i, p in enumerate(sorted(single)) if i % 5 or p.isascii()]
    longer = sorted((p for p in counts if counts[p] > 1 and len(p.removeprefix("##")) > 1), key=lambda p: (-counts[p] * len(p), p))
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *single, *longer[:400]]


def main():
    models = []
    for name, lower in [("uncased", True), ("cased", False)]:
        tokens = vocabulary(lower)
        ids = {token: i for i, token in enumerate(tokens)}
        rows = texts.rows(lambda text: encode(text, ids, lower))
        unknown = sum(row["ids"].count(1) for row in rows)
        print(name, len(tokens), "tokens,", len(rows), "rows,", unknown, "unknown of", sum(len(r["ids"]) for r in rows))
        models.append({"name": name, "lowercase": lower, "tokens": tokens, "rows": rows})
    left = [c + strip(c) for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Mn", "Cs") and strip(c) != c]
    digest = hashlib.sha256("".join(left).encode()).hexdigest()
    OUT.write_text(json.dumps({"models": models, "stripped_sha256": digest, "stripped_characters": len(left)}))
    print(OUT, OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
