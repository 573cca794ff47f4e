#!/usr/bin/python3
"""A small SentencePiece-style BPE vocabulary, and the ids that a naive reading of the algorithm gives a parity corpus.

Trains merges by counting pairs over a text of many scripts (plain Python, a few hundred merges; score = minus the number
of the merge, as SentencePiece writes it), then encodes the corpus by definition: start from characters, look at every
pair of neighbours, merge the one whose union has the highest score, the leftmost of equals; what is no piece becomes
bytes. Quadratic, without queues, splits or caches: shares no idea with the C# encoder. Writes
tests/golden/sentencepiece.json; deterministic; needs only the standard library.
"""
import collections
import json
import pathlib
import random

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "sentencepiece.json"
SPACE = "\u2581"
TEXT = """the quick brown fox jumps over the lazy dog and then the other dog jumps over the fox again
temperature in the greenhouse is 21.5 degrees, humidity is 40 percent; battery at 3.71 volts on node 12
sensor readings: node 7 reports 1013 hPa, node 8 reports 998 hPa, node 9 does not report anything today
if the pump runs longer than thirty seconds then stop the pump and report an error to the operator
für die Übung müssen größere Bäume über den Fluß gezählt werden; être ou ne pas être, où est la forêt
Привет мир, как дела сегодня; температура воздуха и влажность воздуха в норме
温度传感器报告温度正常 温度传感器报告温度过高 日本語のテキストとひらがな 한국어 문장입니다
def main(): return x == y and not z  # a comment
    indented    text      with   runs        of spaces
"""
WORDS = ["temp", "Sensor", "the", "dog", "node", "12", "1013", "jumps", "over", "greenhouse", "HELLO", "don't", "Привет",
         "мир", "воздуха", "温度", "传感器", "ひらがな", "한국어", "ไทย", "हिन्दी", "العربية", "עברית", "e\u0301\u0323",
         "\u0301", "👩‍👩‍👧", "🔥", "🇩🇪", "𝔘𝔫𝔦", "\ufffd", "\0", "\x07", "\x1b[0m", "\u00a0", "\u3000", "\u2028",
         SPACE, SPACE * 2 + "a", "<0x41>", "<s>", "größere", "Bäume", "über", "être", "x=1;y=2", '{"a":', "…", "½²³", "٣٤٥"]
GAPS = ["", "", " ", " ", " ", "  ", "    ", "\t", "\n", "\r\n", "\n\n ", "        ", " \n"]


def train(text, merges):
    words = collections.Counter()
    for line in text.splitlines():
        cut = (SPACE + line.replace(" ", SPACE)).replace(SPACE, "\0" + SPACE).split("\0")
        runs, held = [], ""
        for word in cut:
            if word == SPACE:
                held += word
            elif word:
                runs.append(held + word)
                held = ""
        words.update(tuple(word) for word in runs)
    made = []
    for _ in range(merges):
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                # As SentencePiece: no piece has a space behind another character.
                if not (set(pair[0]) != {SPACE} and SPACE in pair[1]):
                    pairs[pair] += count
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        made.append("".join(best))
        merged = collections.Counter()
        for word, count in words.items():
            out, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    out.append(made[-1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            merged[tuple(out)] += count
        words = merged
    return list(dict.fromkeys(made))


def vocabulary():
    merges = train(TEXT, 420)
    characters = sorted(set(SPACE + TEXT) - set("\n #"))
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + merges + characters
    types = [2, 3, 3] + [6] * 256 + [1] * (len(merges) + len(characters))
    # Two merges in a row share a score now and then: the leftmost must win.
    scores = [0.0] * 259 + [-float(i - i % 7 // 6) for i in range(len(merges))]
    scores += [-float(len(merges) + i) for i in range(len(characters))]
    return tokens, types, scores


def encode(text, tokens, types, scores, prefix):
    ids = {token: i for i, token in enumerate(tokens) if types[i] == 1}
    if not text:
        return []
    symbols = list((" " if prefix else "") + text)
    symbols = [SPACE if s == " " else s for s in symbols]
    while True:
        best = None
        for i in range(len(symbols) - 1):
            union = symbols[i] + symbols[i + 1]
            if union in ids and (best is None or scores[ids[union]] > scores[ids[best[1]]]):
                best = (i, union)
        if best is None:
            break
        symbols[best[0]:best[0] + 2] = [best[1]]
    out = []
    for symbol in symbols:
        out += [ids[symbol]] if symbol in ids else [3 + b for b in symbol.encode()]
    return out


def main():
    tokens, types, scores = vocabulary()
    rng = random.Random(5)
    texts = ["", " ", "a", "  a", "temp 4.0C", *TEXT.splitlines()]
    for _ in range(250):
        texts.append("".join(rng.choice(GAPS) + rng.choice(WORDS + TEXT.split()) for _ in range(rng.randrange(1, 12))))
    rows = [{"text": t, "ids": encode(t, tokens, types, scores, True),
             "plain": encode(t, tokens, types, scores, False)} for t in texts]
    OUT.write_text(json.dumps({"tokens": tokens, "types": types, "scores": scores, "rows": rows}, ensure_ascii=True))
    print(OUT, len(tokens), "tokens,", len(rows), "texts,", OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
