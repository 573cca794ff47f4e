"""Byte-level BPE (GPT-2 byte alphabet, 'qwen2' pre-tokenizer): train, encode, decode.

The split pattern is the qwen2 one.  Python's `re` has no \\p{L}/\\p{N}; [^\\W\\d_]
and \\d stand for them (identical on the ASCII text this model is trained on).
"""
import collections
import json
import re

PRE = re.compile(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    r"|(?:(?![\r\n])(?:[\W_]))?[^\W\d_]+"      # [^\r\n\p{L}\p{N}]?\p{L}+
    r"|\d"                                       # \p{N}
    r"| ?(?:(?!\s)[\W_])+[\r\n]*"               #  ?[^\s\p{L}\p{N}]+[\r\n]*
    r"|\s*[\r\n]+"
    r"|\s+(?!\S)"
    r"|\s+")


def byte_alphabet():
    """GPT-2's bytes -> printable unicode table."""
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    cs, n = bs[:], 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return dict(zip(bs, map(chr, cs)))


B2U = byte_alphabet()
U2B = {u: b for b, u in B2U.items()}
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


class Tokenizer:
    def __init__(self, tokens, merges):
        self.tokens, self.merges = tokens, [tuple(m) for m in merges]
        self.id = {t: i for i, t in enumerate(tokens)}
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.special = [s for s in SPECIALS if s in self.id]
        self._split = re.compile("(" + "|".join(map(re.escape, self.special)) + ")")
        self._cache = {}

    @classmethod
    def train(cls, texts, vocab_size):
        """Ordinary BPE on pre-token counts; ties break on the pair itself, so it is deterministic."""
        words = collections.Counter()
        for t in texts:
            words.update(PRE.findall(t))
        words = [[tuple(B2U[b] for b in w.encode()), c] for w, c in sorted(words.items())]
        base = [B2U[b] for b in range(256)]
        base.sort(key=lambda u: ord(u))
        tokens, merges = list(base), []
        while len(tokens) < vocab_size - len(SPECIALS):
            pairs = collections.Counter()
            for w, c in words:
                for p in zip(w, w[1:]):
                    pairs[p] += c
            if not pairs:
                break
            best = max(pairs.items(), key=lambda kv: (kv[1], kv[0]))
            if best[1] < 2:
                break
            a, b = best[0]
            merges.append((a, b))
            tokens.append(a + b)
            for item in words:
                w = item[0]
                if len(w) < 2:
                    continue
                out, i = [], 0
                while i < len(w):
                    if i + 1 < len(w) and w[i] == a and w[i + 1] == b:
                        out.append(a + b)
                        i += 2
                    else:
                        out.append(w[i])
                        i += 1
                item[0] = tuple(out)
        return cls(tokens + SPECIALS, merges)

    def _bpe(self, piece):
        got = self._cache.get(piece)
        if got is not None:
            return got
        w = [B2U[b] for b in piece.encode()]
        while len(w) > 1:
            rank, i = min((self.rank.get(p, 1 << 30), i) for i, p in enumerate(zip(w, w[1:])))
            if rank == 1 << 30:
                break
            w[i:i + 2] = [w[i] + w[i + 1]]
        ids = [self.id[t] for t in w]
        self._cache[piece] = ids
        return ids

    def encode(self, text):
        """Text with special tokens recognised."""
        out = []
        for part in self._split.split(text):
            if part in self.id and part in self.special:
                out.append(self.id[part])
            else:
                for piece in PRE.findall(part):
                    out.extend(self._bpe(piece))
        return out

    def decode(self, ids):
        out = b""
        for i in ids:
            t = self.tokens[i]
            out += t.encode() if t in self.special else bytes(U2B[c] for c in t)
        return out.decode("utf-8", "replace")

    def save(self, path):
        json.dump({"tokens": self.tokens, "merges": self.merges}, open(path, "w"))

    @classmethod
    def load(cls, path):
        d = json.load(open(path))
        return cls(d["tokens"], d["merges"])
