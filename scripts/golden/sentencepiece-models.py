#!/usr/bin/python3
"""Small models that SentencePiece itself trains, and the ids that it gives the corpus of texts.py.

t5: a unigram model with a map of characters (composed letters, ligatures, wide forms) that merges spaces and has no
bytes; llama-unigram: a unigram model with byte fallback and text left as it is; llama-bpe: its BPE, likewise. Needs the
Python package sentencepiece 0.1.97 (Debian: python3-sentencepiece). Writes tests/golden/sentencepiece-models.json.
"""
import base64
import json
import pathlib
import struct
import sys
import tempfile
import unicodedata

import sentencepiece

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import texts  # noqa: E402

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "sentencepiece-models.json"
TYPES = ["normal", "unknown", "control", "user", "unused", "byte"]


def fields(data):
    """Fields of a protocol buffer message: (number, value)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            size = {1: 8, 5: 4}[key & 7]
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def rules(path):
    """Some of NFKC as SentencePiece reads rules: hexadecimal code points, tab, what they become."""
    lines = {}
    for c in [*range(0xA0, 0x180), *range(0xFB00, 0xFB07), *range(0xFF01, 0xFF5F), 0x2026, 0x2167, 0x3000, *range(0xFF66, 0xFF9E)]:
        composed = unicodedata.normalize("NFKC", chr(c))
        if composed != chr(c):
            lines[chr(c)] = composed
        apart = unicodedata.normalize("NFD", chr(c))
        if len(apart) == 2:
            lines[apart] = chr(c)
    lines.update({"\t": " ", "\n": " ", "\r": " ", "\u2028": " ", "\u200b": "", "\ufeff": "", "\x07": "", "(c)": "\u00a9"})
    path.write_text("".join(" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) + "\n"
                            for a, b in sorted(lines.items())))


def train(folder, **options):
    source = folder / "text.txt"
    source.write_text("\n".join(line for line in texts.LINES for _ in range(3)), "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(source), model_prefix=str(folder / "model"), hard_vocab_limit=False, minloglevel=2, num_threads=1,
        character_coverage=0.999, **options)
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "model.model")), (folder / "model.model").read_bytes()


def model(name, ggml, **options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if options.pop("rules", False):
            rules(folder / "rules.tsv")
            options["normalization_rule_tsv"] = str(folder / "rules.tsv")
        processor, data = train(folder, **options)
    tokens, scores, types, charsmap, prefix, merges = [], [], [], b"", True, True
    for number, value in fields(data):
        if number == 1:
            piece = dict(fields(value))
            tokens.append(piece[1].decode())
            scores.append(struct.unpack("<f", piece.get(2, b"\0\0\0\0"))[0])
            types.append(piece.get(3, 1))
        elif number == 3:
            spec = dict(fields(value))
            charsmap, prefix, merges = spec.get(2, b""), bool(spec.get(3, 1)), bool(spec.get(4, 1))
    rows = texts.rows(processor.encode)
    print(name, len(tokens), "tokens", len(charsmap), "bytes of map", len(rows), "rows")
    return {"name": name, "model": ggml, "tokens": tokens, "scores": scores, "types": types,
            "charsmap": base64.b64encode(charsmap).decode(), "prefix": prefix, "merges_spaces": merges, "rows": rows}


def main():
    plain = dict(normalization_rule_name="identity", remove_extra_whitespaces=False, byte_fallback=True)
    models = [
        model("t5", "t5", model_type="unigram", vocab_size=420, rules=True),
        model("llama-unigram", "llama", model_type="unigram", vocab_size=700, **plain),
        model("llama-unigram-without-prefix", "llama", model_type="unigram", vocab_size=640, add_dummy_prefix=False, **plain),
        model("llama-bpe", "llama", model_type="bpe", vocab_size=800, **plain),
    ]
    OUT.write_text(json.dumps(models))
    print(OUT, OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
