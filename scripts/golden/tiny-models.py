#!/usr/bin/python3
"""Tiny llama, qwen2 and qwen3 files with random F32 weights, and the logits that their published definitions give.

The forward pass below is plain NumPy in float64, written from the papers and model cards (RMSNorm, rotary embedding with
linear, YaRN (arXiv 2309.00071) and Llama 3.1 scaling, grouped-query attention, SwiGLU); it shares nothing with the C# code.
Writes tests/golden/tiny/NAME.gguf and NAME.json; deterministic.
"""
import json
import math
import pathlib
import struct

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "tiny"
VOCAB, WIDTH, LAYERS, FF = 96, 64, 2, 96
EPS, BASE = 1e-5, 10000.0
U32, F32, STR = 4, 6, 8

# name: architecture, heads, kv heads, head size, scaling keys, rope_freqs tensor, tied head
CASES = {
    "llama": ("llama", 4, 2, 16, {}, False, False),
    "llama-linear": ("llama", 4, 4, 16, {"type": "linear", "factor": 4.0}, False, True),
    "llama-llama3": ("llama", 4, 1, 32, {"type": "llama3", "factor": 8.0, "original_context_length": 64,
                                         "low_freq_factor": 1.0, "high_freq_factor": 4.0}, False, False),
    "llama-freqs": ("llama", 2, 1, 32, {}, True, False),
    "qwen2": ("qwen2", 4, 2, 16, {}, False, True),
    "qwen2-yarn": ("qwen2", 4, 2, 32, {"type": "yarn", "factor": 4.0, "original_context_length": 32}, False, False),
    "qwen3": ("qwen3", 4, 2, 32, {}, False, True),
}


def frequencies(size, scaling, factors):
    """Radians per position for each rotated pair, and the magnitude of cos and sin."""
    inv = BASE ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    if factors is not None:
        inv = inv / factors.astype(np.float64)
    kind, s = scaling.get("type"), scaling.get("factor")
    if kind == "linear":
        return inv / s, 1.0
    if kind == "llama3":
        length = scaling["original_context_length"]
        low_wave, high_wave = length / scaling["low_freq_factor"], length / scaling["high_freq_factor"]
        out = []
        for f in inv:
            wave = 2 * math.pi / f
            if wave < high_wave:
                out.append(f)
            elif wave > low_wave:
                out.append(f / s)
            else:
                smooth = (length / wave - scaling["low_freq_factor"]) / (
                    scaling["high_freq_factor"] - scaling["low_freq_factor"])
                out.append((1 - smooth) * f / s + smooth * f)
        return np.array(out), 1.0
    if kind == "yarn":
        length = scaling["original_context_length"]

        def dimension(turns):
            return size * math.log(length / (turns * 2 * math.pi)) / (2 * math.log(BASE))

        low = max(math.floor(dimension(32.0)), 0)
        high = min(math.ceil(dimension(1.0)), size - 1)
        ramp = np.clip((np.arange(size // 2) - low) / max(high - low, 0.001), 0, 1)
        return inv / s * ramp + inv * (1 - ramp), 0.1 * math.log(s) + 1.0
    return inv, 1.0


def norm(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * w


def rotate(x, angles, magnitude, neighbours):
    """x: tokens, heads, size."""
    cos, sin = np.cos(angles)[:, None] * magnitude, np.sin(angles)[:, None] * magnitude
    half = x.shape[-1] // 2
    a, b = (x[..., 0::2], x[..., 1::2]) if neighbours else (x[..., :half], x[..., half:])
    ra, rb = a * cos - b * sin, b * cos + a * sin
    if neighbours:
        return np.stack([ra, rb], -1).reshape(x.shape)
    return np.concatenate([ra, rb], -1)


def forward(ids, w, arch, heads, kv_heads, size, scaling):
    w = {k: v.astype(np.float64) for k, v in w.items()}
    inv, magnitude = frequencies(size, scaling, w.get("rope_freqs.weight"))
    n = len(ids)
    angles = np.arange(n)[:, None] * inv[None]
    x = w["token_embd.weight"][ids]
    for layer in range(LAYERS):
        def get(name):
            return w[f"blk.{layer}.{name}"]
        h = norm(x, get("attn_norm.weight"))
        q, k, v = (h @ get(f"attn_{m}.weight").T for m in "qkv")
        if arch == "qwen2":
            q, k, v = (t + get(f"attn_{m}.bias") for t, m in zip((q, k, v), "qkv"))
        q, k, v = (t.reshape(n, -1, size) for t in (q, k, v))
        if arch == "qwen3":
            q, k = norm(q, get("attn_q_norm.weight")), norm(k, get("attn_k_norm.weight"))
        q, k = (rotate(t, angles, magnitude, arch == "llama") for t in (q, k))
        out = np.zeros((n, heads, size))
        for head in range(heads):
            kh, vh = k[:, head * kv_heads // heads], v[:, head * kv_heads // heads]
            score = q[:, head] @ kh.T / math.sqrt(size)
            score[np.triu_indices(n, 1)] = -np.inf
            p = np.exp(score - score.max(-1, keepdims=True))
            out[:, head] = p / p.sum(-1, keepdims=True) @ vh
        x = x + out.reshape(n, -1) @ get("attn_output.weight").T
        h = norm(x, get("ffn_norm.weight"))
        gate, up = h @ get("ffn_gate.weight").T, h @ get("ffn_up.weight").T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ get("ffn_down.weight").T
    x = norm(x, w["output_norm.weight"])
    return x @ w.get("output.weight", w["token_embd.weight"]).T


def weights(rng, arch, heads, kv_heads, size, freqs, tied):
    def matrix(rows, columns, scale=1.0):
        return rng.normal(0, scale / math.sqrt(columns), (rows, columns)).astype(np.float32)

    def vector(n, mean=1.0):
        return rng.normal(mean, 0.2, n).astype(np.float32)

    w = {"token_embd.weight": matrix(VOCAB, WIDTH, 6), "output_norm.weight": vector(WIDTH)}
    if not tied:
        w["output.weight"] = matrix(VOCAB, WIDTH, 2)
    if freqs:
        w["rope_freqs.weight"] = rng.uniform(1, 8, size // 2).astype(np.float32)
    for layer in range(LAYERS):
        p = f"blk.{layer}."
        w[p + "attn_norm.weight"], w[p + "ffn_norm.weight"] = vector(WIDTH), vector(WIDTH)
        for m, rows in (("q", heads * size), ("k", kv_heads * size), ("v", kv_heads * size)):
            w[p + f"attn_{m}.weight"] = matrix(rows, WIDTH, 1.5)
            if arch == "qwen2":
                w[p + f"attn_{m}.bias"] = vector(rows, 0.0)
        if arch == "qwen3":
            w[p + "attn_q_norm.weight"], w[p + "attn_k_norm.weight"] = vector(size), vector(size)
        w[p + "attn_output.weight"] = matrix(WIDTH, heads * size)
        w[p + "ffn_gate.weight"], w[p + "ffn_up.weight"] = matrix(FF, WIDTH), matrix(FF, WIDTH)
        w[p + "ffn_down.weight"] = matrix(WIDTH, FF)
    return w


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def entry(key, kind, value):
    if kind == STR:
        body = text(value)
    else:
        body = struct.pack({U32: "<I", F32: "<f"}[kind], value)
    return text(key) + struct.pack("<I", kind) + body


def write(path, arch, heads, kv_heads, size, scaling, w):
    keys = [("general.architecture", STR, arch), (f"{arch}.block_count", U32, LAYERS),
            (f"{arch}.context_length", U32, 256), (f"{arch}.embedding_length", U32, WIDTH),
            (f"{arch}.feed_forward_length", U32, FF), (f"{arch}.attention.head_count", U32, heads),
            (f"{arch}.attention.head_count_kv", U32, kv_heads), (f"{arch}.attention.key_length", U32, size),
            (f"{arch}.attention.value_length", U32, size), (f"{arch}.rope.dimension_count", U32, size),
            (f"{arch}.rope.freq_base", F32, BASE), (f"{arch}.attention.layer_norm_rms_epsilon", F32, EPS),
            (f"{arch}.vocab_size", U32, VOCAB)]
    for k, v in scaling.items():
        keys.append((f"{arch}.rope.scaling.{k}", STR if k == "type" else F32 if "factor" in k else U32, v))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(w), len(keys)) + b"".join(entry(*k) for k in keys)
    offset = 0
    for name, a in w.items():
        head += text(name) + struct.pack("<I", a.ndim) + struct.pack(f"<{a.ndim}Q", *a.shape[::-1])
        head += struct.pack("<IQ", 0, offset)
        offset += -(-a.nbytes // 32) * 32
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % 32))
        for a in w.values():
            f.write(a.astype("<f4").tobytes() + b"\0" * (-a.nbytes % 32))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for i, (name, (arch, heads, kv_heads, size, scaling, freqs, tied)) in enumerate(CASES.items()):
        rng = np.random.default_rng(100 + i)
        w = weights(rng, arch, heads, kv_heads, size, freqs, tied)
        ids = rng.integers(0, VOCAB, 80).tolist()
        logits = forward(ids, w, arch, heads, kv_heads, size, scaling)
        write(OUT / f"{name}.gguf", arch, heads, kv_heads, size, scaling, w)
        rows = {str(p): [round(float(x), 6) for x in logits[p]] for p in (0, 7, 79)}
        (OUT / f"{name}.json").write_text(json.dumps({"ids": ids, "logits": rows}) + "\n")


if __name__ == "__main__":
    main()
