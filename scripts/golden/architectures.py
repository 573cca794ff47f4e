#!/usr/bin/python3
"""Tiny random-weight GGUF files of every architecture beyond those of tiny-models.py, and the logits that their published
definitions give.

The forward passes are NumPy in float64, written from the model definitions as the transformers library publishes them:
heads rotate by halves, keys and values of latent attention are decompressed, norms of Gemma are 1 + weight. The writer
then brings the weights into the form that llama.cpp's converter gives them. Nothing is shared with the C# code.
Writes tests/golden/architectures/NAME.gguf and NAME.json; deterministic.
"""
import json
import math
import pathlib
import struct

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "architectures"
VOCAB, EPS, TOKENS = 64, 1e-3, 72
U32, I32, F32, BOOL, STR, ARRAY = 4, 5, 6, 7, 8, 9


class Weights:
    """Random float32 weights by name, made in the order of their first use."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.made = {}

    def matrix(self, name, *shape, scale=1.0):
        if name not in self.made:
            self.made[name] = self.rng.normal(0, scale / math.sqrt(shape[-1]), shape).astype(np.float32)
        return self.made[name].astype(np.float64)

    def ternary(self, name, *shape):
        if name not in self.made:
            self.made[name] = self.rng.integers(-1, 2, shape).astype(np.float32) / np.float32(math.sqrt(shape[-1]))
        return self.made[name].astype(np.float64)

    def vector(self, name, *shape, mean=1.0, spread=0.2):
        if name not in self.made:
            self.made[name] = self.rng.normal(mean, spread, shape).astype(np.float32)
        return self.made[name].astype(np.float64)


def norm(x, w):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * w


def silu(x):
    return x / (1 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def relu2(x):
    return np.square(np.maximum(x, 0))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def inverse_frequencies(size, base):
    return base ** (-np.arange(0, size, 2, dtype=np.float64) / size)


def yarn(size, base, factor, original, truncate, fast=32.0, slow=1.0):
    def dimension(turns):
        return size * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = dimension(fast), dimension(slow)
    if truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    ramp = np.clip((np.arange(size // 2) - low) / max(high - low, 0.001), 0, 1)
    inv = inverse_frequencies(size, base)
    return inv / factor * ramp + inv * (1 - ramp)


def rotate_half(x, inv, magnitude=1.0):
    """x: tokens, heads, size; the first 2 * len(inv) elements of each head rotate."""
    angles = np.arange(len(x))[:, None] * inv[None]
    cos, sin = np.cos(angles)[:, None] * magnitude, np.sin(angles)[:, None] * magnitude
    half = len(inv)
    a, b, rest = x[..., :half], x[..., half:2 * half], x[..., 2 * half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin, rest], -1)


def attention(q, k, v, scale, window=0, cap=0.0, sinks=None):
    """q: tokens, heads, size; k and v: tokens, kv heads, size."""
    n, heads = q.shape[:2]
    i, j = np.arange(n)[:, None], np.arange(n)[None]
    hidden = j > i
    if window:
        hidden = hidden | (i - j >= window)
    out = []
    for h in range(heads):
        kv = h * k.shape[1] // heads
        score = q[:, h] @ k[:, kv].T * scale
        if cap:
            score = np.tanh(score / cap) * cap
        score = np.where(hidden, -np.inf, score)
        if sinks is not None:
            score = np.concatenate([score, np.full((n, 1), sinks[h])], 1)
        out.append(softmax(score)[:, :n] @ v[:, kv])
    return np.stack(out, 1).reshape(n, -1)


def experts(x, chosen, weights, ffn):
    """Sum over the chosen experts; ffn(expert, row)."""
    return np.stack([sum(w * ffn(e, x[t]) for e, w in zip(chosen[t], weights[t])) for t in range(len(x))])


def best(scores, used):
    return np.argsort(-scores, axis=-1, kind="stable")[:, :used]


def pick(scores, chosen):
    return np.take_along_axis(scores, chosen, -1)


class Model:
    """Common figures and weights; each subclass is one model's definition."""

    arch, layers, width, heads, kv_heads, size, ff, base = "", 2, 32, 4, 2, 8, 48, 10000.0
    experts, used, expert_ff = 0, 0, 0
    tied = False
    biased = False  # attention_bias and mlp_bias
    permuted = False  # whether the converter reorders q and k for rotation of neighbours

    def __init__(self, seed):
        self.w = Weights(seed)
        self.keys = {}

    def embed(self, ids):
        return self.w.matrix("token_embd.weight", VOCAB, self.width, scale=5)[ids]

    def head(self, x, name="output_norm.weight"):
        x = norm(x, self.w.vector(name, self.width))
        out = "token_embd.weight" if self.tied else "output.weight"
        return x @ self.w.matrix(out, VOCAB, self.width, scale=2).T

    def norm(self, layer, name, x, size=None):
        return norm(x, self.w.vector(f"blk.{layer}.{name}.weight", size or x.shape[-1]))

    def linear(self, layer, name, x, rows, scale=1.0):
        y = x @ self.w.matrix(f"blk.{layer}.{name}.weight", rows, x.shape[-1], scale=scale).T
        biased = self.biased and name.startswith(("attn_", "ffn_gate", "ffn_up", "ffn_down")) and name != "ffn_gate_inp"
        return y + self.w.vector(f"blk.{layer}.{name}.bias", rows, mean=0, spread=0.4) if biased else y

    def qkv(self, layer, x, scale=1.5):
        n = len(x)
        q = self.linear(layer, "attn_q", x, self.heads * self.size, scale).reshape(n, self.heads, self.size)
        k = self.linear(layer, "attn_k", x, self.kv_heads * self.size, scale).reshape(n, self.kv_heads, self.size)
        v = self.linear(layer, "attn_v", x, self.kv_heads * self.size).reshape(n, self.kv_heads, self.size)
        return q, k, v

    def output(self, layer, att):
        return self.linear(layer, "attn_output", att, self.width)

    def mlp(self, layer, x, act=silu, ff=None, suffix=""):
        gate = self.linear(layer, "ffn_gate" + suffix, x, ff or self.ff)
        up = self.linear(layer, "ffn_up" + suffix, x, ff or self.ff)
        return self.linear(layer, "ffn_down" + suffix, act(gate) * up, self.width)

    def router(self, layer, x):
        return self.linear(layer, "ffn_gate_inp", x, self.experts, scale=2)

    def expert(self, layer):
        gate = self.w.matrix(f"blk.{layer}.ffn_gate_exps.weight", self.experts, self.expert_ff, self.width)
        up = self.w.matrix(f"blk.{layer}.ffn_up_exps.weight", self.experts, self.expert_ff, self.width)
        down = self.w.matrix(f"blk.{layer}.ffn_down_exps.weight", self.experts, self.width, self.expert_ff)
        return lambda e, x: down[e] @ (silu(gate[e] @ x) * (up[e] @ x))

    def runs(self, ids):
        return [(len(ids), len(ids), self.forward(ids))]

    def tensors(self):
        """As the converter writes them."""
        made = dict(self.w.made)
        for name, a in made.items():
            heads = {"attn_q": self.heads, "attn_k": self.kv_heads}.get(name.split(".")[-2])
            if self.permuted and heads:
                a = a.reshape(heads, 2, len(a) // heads // 2, -1).swapaxes(1, 2).reshape(a.shape)
                made[name] = a
        return made

    def metadata(self):
        a = self.arch
        keys = {"block_count": (U32, self.layers), "context_length": (U32, 256),
                "embedding_length": (U32, self.width), "feed_forward_length": (U32, self.ff),
                "attention.head_count": (U32, self.heads), "attention.head_count_kv": (U32, self.kv_heads),
                "attention.key_length": (U32, self.size), "attention.value_length": (U32, self.size),
                "rope.dimension_count": (U32, self.size), "rope.freq_base": (F32, self.base),
                "attention.layer_norm_rms_epsilon": (F32, EPS), "vocab_size": (U32, VOCAB)}
        if self.experts:
            keys |= {"expert_count": (U32, self.experts), "expert_used_count": (U32, self.used)}
        keys |= self.keys
        return [("general.architecture", STR, a)] + [(f"{a}.{k}", *v) for k, v in keys.items() if v is not None]


class Mixtral(Model):
    arch, permuted = "llama", True
    experts, used, ff = 4, 2, 24
    expert_ff = 24

    def forward(self, ids):
        x, inv = self.embed(ids), inverse_frequencies(self.size, self.base)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            x = x + self.output(l, attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5))
            h = self.norm(l, "ffn_norm", x)
            p = softmax(self.router(l, h))
            chosen = best(p, self.used)
            weights = pick(p, chosen)
            x = x + experts(h, chosen, weights / weights.sum(-1, keepdims=True), self.expert(l))
        return self.head(x)


class Olmoe(Model):
    arch, kv_heads, width = "olmoe", 4, 24
    experts, used, ff, expert_ff = 8, 3, 16, 16

    def forward(self, ids):
        x, inv, n = self.embed(ids), inverse_frequencies(self.size, self.base), len(ids)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            q = self.norm(l, "attn_q_norm", q.reshape(n, -1)).reshape(q.shape)
            k = self.norm(l, "attn_k_norm", k.reshape(n, -1)).reshape(k.shape)
            x = x + self.output(l, attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5))
            h = self.norm(l, "ffn_norm", x)
            p = softmax(self.router(l, h))
            chosen = best(p, self.used)
            x = x + experts(h, chosen, pick(p, chosen), self.expert(l))
        return self.head(x)


class Granite(Model):
    arch, permuted, tied = "granite", True, True
    embedding, attention_scale, residual, logits = 3.0, 0.2, 0.4, 5.0

    def feed(self, layer, h):
        return self.mlp(layer, h)

    def forward(self, ids):
        self.keys |= {"embedding_scale": (F32, self.embedding), "attention.scale": (F32, self.attention_scale),
                      "residual_scale": (F32, self.residual), "logit_scale": (F32, self.logits)}
        x, inv = self.embed(ids) * self.embedding, inverse_frequencies(self.size, self.base)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            att = attention(rotate_half(q, inv), rotate_half(k, inv), v, self.attention_scale)
            x = x + self.output(l, att) * self.residual
            x = x + self.feed(l, self.norm(l, "ffn_norm", x)) * self.residual
        return self.head(x) / self.logits


class GraniteMoe(Granite):
    arch = "granitemoe"
    experts, used, ff, expert_ff, shared = 6, 2, 16, 16, 0

    def feed(self, layer, h):
        scores = self.router(layer, h)
        chosen = best(scores, self.used)
        out = experts(h, chosen, softmax(pick(scores, chosen)), self.expert(layer))
        if self.shared:
            self.keys |= {"expert_shared_feed_forward_length": (U32, self.shared)}
            out = out + self.mlp(layer, h, ff=self.shared, suffix="_shexp")
        return out


class GraniteMoeShared(GraniteMoe):
    shared = 20


class Gemma2(Model):
    arch, layers, width, heads, kv_heads, size, ff, tied = "gemma2", 4, 24, 2, 1, 16, 32, True
    window, cap, final = 16, 6.0, 8.0

    def gemma_norm(self, layer, name, x):
        return norm(x, 1 + self.w.vector(f"blk.{layer}.{name}.weight", x.shape[-1], mean=0))

    def head(self, x, name="output_norm.weight"):
        x = norm(x, 1 + self.w.vector(name, self.width, mean=0))
        logits = x @ self.w.matrix("token_embd.weight", VOCAB, self.width).T
        return np.tanh(logits / self.final) * self.final if self.final else logits

    def tensors(self):
        return {k: v + np.float32(1) if k.endswith("norm.weight") else v for k, v in super().tensors().items()}

    def project(self, layer, h):
        q, k, v = self.qkv(layer, h)
        inv = inverse_frequencies(self.size, self.base)
        window = self.window if layer % 2 == 0 else 0
        return attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5, window, self.cap)

    def settings(self):
        self.keys |= {"attention.sliding_window": (U32, self.window), "attn_logit_softcapping": (F32, self.cap),
                      "final_logit_softcapping": (F32, self.final)}

    def forward(self, ids):
        self.settings()
        x = self.embed(ids) * math.sqrt(self.width)
        for l in range(self.layers):
            att = self.output(l, self.project(l, self.gemma_norm(l, "attn_norm", x)))
            x = x + self.gemma_norm(l, "post_attention_norm", att)
            h = self.mlp(l, self.gemma_norm(l, "ffn_norm", x), act=gelu_tanh)
            x = x + self.gemma_norm(l, "post_ffw_norm", h)
        return self.head(x)


class Gemma3(Gemma2):
    arch, layers, final, base, factor, pattern = "gemma3", 6, 0.0, 1000000.0, 4.0, None

    def settings(self):
        self.keys |= {"attention.sliding_window": (U32, self.window)}
        if self.factor:
            self.keys |= {"rope.scaling.type": (STR, "linear"), "rope.scaling.factor": (F32, self.factor)}
        if self.pattern:
            self.keys |= {"attention.sliding_window_pattern": (ARRAY, (BOOL, self.pattern))}

    def project(self, layer, h):
        q, k, v = self.qkv(layer, h)
        q, k = self.gemma_norm(layer, "attn_q_norm", q), self.gemma_norm(layer, "attn_k_norm", k)
        local = self.pattern[layer] if self.pattern else (layer + 1) % 6 != 0
        base = inverse_frequencies(self.size, self.base) / (self.factor or 1)
        inv = inverse_frequencies(self.size, 10000.0) if local else base
        return attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5, self.window if local else 0)


class Gemma3Pattern(Gemma3):
    layers, pattern, factor = 2, [False, True], None


class Phi3(Model):
    arch, rotated, window, factors, original = "phi3", 8, 16, False, 0

    def forward(self, ids, grown=True):
        inv, magnitude = inverse_frequencies(self.rotated, self.base), 1.0
        self.keys |= {"rope.dimension_count": (U32, self.rotated)}
        if self.window:
            self.keys |= {"attention.sliding_window": (U32, self.window)}
        if self.factors:
            short = self.w.vector("rope_factors_short.weight", self.rotated // 2, mean=1.2)
            stretched = self.w.vector("rope_factors_long.weight", self.rotated // 2, mean=4)
            inv = inv / (stretched if grown else short)
            magnitude = math.sqrt(1 + math.log(256 / self.original) / math.log(self.original))
            self.keys |= {"rope.scaling.original_context_length": (U32, self.original),
                          "rope.scaling.attn_factor": (F32, magnitude)}
        x, n = self.embed(ids), len(ids)
        for l in range(self.layers):
            parts = [self.heads * self.size, self.kv_heads * self.size, self.kv_heads * self.size]
            qkv = self.linear(l, "attn_qkv", self.norm(l, "attn_norm", x), sum(parts), scale=1.5)
            q, k, v = (t.reshape(n, -1, self.size) for t in np.split(qkv, np.cumsum(parts)[:2], axis=-1))
            q, k = rotate_half(q, inv, magnitude), rotate_half(k, inv, magnitude)
            x = x + self.output(l, attention(q, k, v, self.size ** -0.5, self.window))
            gate, up = np.split(self.linear(l, "ffn_up", self.norm(l, "ffn_norm", x), 2 * self.ff), 2, axis=-1)
            x = x + self.linear(l, "ffn_down", up * silu(gate), self.width)
        return self.head(x)


class Phi3LongRope(Phi3):
    size, rotated, window, factors, original = 12, 8, 0, True, 48

    def runs(self, ids):
        return [(len(ids), len(ids), self.forward(ids)), (40, 40, self.forward(ids[:40], grown=False))]


class SmolLm3(Model):
    arch, layers, permuted, tied = "smollm3", 4, True, True

    def forward(self, ids):
        x, inv = self.embed(ids), inverse_frequencies(self.size, self.base)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            if (l + 1) % 4 != 0:
                q, k = rotate_half(q, inv), rotate_half(k, inv)
            x = x + self.output(l, attention(q, k, v, self.size ** -0.5))
            x = x + self.mlp(l, self.norm(l, "ffn_norm", x))
        return self.head(x)


class Lfm2(Model):
    arch, layers, width, ff, tied, kinds, taps = "lfm2", 5, 24, 32, True, "ccaca", 3

    def forward(self, ids):
        self.keys |= {"shortconv.l_cache": (U32, self.taps), "attention.head_count_kv":
                      (ARRAY, (I32, [self.kv_heads if kind == "a" else 0 for kind in self.kinds]))}
        x, inv, n = self.embed(ids), inverse_frequencies(self.size, self.base), len(ids)
        for l, kind in enumerate(self.kinds):
            h = self.norm(l, "attn_norm", x)
            if kind == "a":
                q, k, v = self.qkv(l, h)
                q, k = self.norm(l, "attn_q_norm", q), self.norm(l, "attn_k_norm", k)
                out = self.output(l, attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5))
            else:
                b, c, u = np.split(self.linear(l, "shortconv.in_proj", h, 3 * self.width, scale=1.5), 3, axis=-1)
                taps = self.w.vector(f"blk.{l}.shortconv.conv.weight", self.width, self.taps, mean=0.3, spread=0.6)
                bu = np.concatenate([np.zeros((self.taps - 1, self.width)), b * u])
                conv = sum(taps[:, j] * bu[j:j + n] for j in range(self.taps))
                out = self.linear(l, "shortconv.out_proj", c * conv, self.width)
            x = x + out
            x = x + self.mlp(l, self.norm(l, "ffn_norm", x))
        return self.head(x, "token_embd_norm.weight")


class BitNet(Model):
    arch, tied, act, scales = "bitnet-b1.58", True, staticmethod(relu2), False

    def linear(self, layer, name, x, rows, scale=1.0):
        y = x @ self.w.ternary(f"blk.{layer}.{name}.weight", rows, x.shape[-1]).T
        return y * self.w.vector(f"blk.{layer}.{name}.scale", 1) if self.scales else y

    def forward(self, ids):
        x, inv = self.embed(ids), inverse_frequencies(self.size, self.base)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            att = attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5)
            x = x + self.output(l, self.norm(l, "attn_sub_norm", att))
            h = self.norm(l, "ffn_norm", x)
            h = self.act(self.linear(l, "ffn_gate", h, self.ff)) * self.linear(l, "ffn_up", h, self.ff)
            x = x + self.linear(l, "ffn_down", self.norm(l, "ffn_sub_norm", h), self.width)
        return self.head(x)


class BitNetSilu(BitNet):
    arch, act, scales = "bitnet", staticmethod(silu), True


class BitNetRelu2(BitNet):
    arch = "bitnet"

    def forward(self, ids):
        self.keys |= {"hidden_activation": (STR, "relu2")}
        return super().forward(ids)


class Latent(Model):
    """Multi-head latent attention as published: keys and values are decompressed for every head."""

    heads, kv_heads, rank, nope, rope, value, q_rank, split = 4, 4, 16, 8, 4, 6, 0, False
    inv_scale = None

    def latent_keys(self):
        size = self.nope + self.rope
        self.keys |= {"attention.kv_lora_rank": (U32, self.rank), "rope.dimension_count": (U32, self.rope),
                      "attention.key_length": (U32, size), "attention.value_length": (U32, self.value)}
        if self.q_rank:
            self.keys |= {"attention.q_lora_rank": (U32, self.q_rank)}
        if self.split:  # as newer converters describe and store it
            self.keys |= {"attention.head_count_kv": (U32, 1), "attention.key_length": (U32, self.rank + self.rope),
                          "attention.value_length": (U32, self.rank), "attention.key_length_mla": (U32, size),
                          "attention.value_length_mla": (U32, self.value)}

    def tensors(self):
        made = super().tensors()
        for name in [name for name in made if self.split and name.endswith("attn_kv_b.weight")]:
            kv = made.pop(name).reshape(self.heads, self.nope + self.value, self.rank)
            made[name.replace("kv_b", "k_b")] = np.ascontiguousarray(kv[:, :self.nope].transpose(0, 2, 1))
            made[name.replace("kv_b", "v_b")] = np.ascontiguousarray(kv[:, self.nope:])
        return made

    def attend(self, layer, h, inv, scale):
        n, size = len(h), self.nope + self.rope
        if self.q_rank:
            h_q = self.norm(layer, "attn_q_a_norm", self.linear(layer, "attn_q_a", h, self.q_rank))
            q = self.linear(layer, "attn_q_b", h_q, self.heads * size, scale=1.5)
        else:
            q = self.linear(layer, "attn_q", h, self.heads * size, scale=1.5)
        q = q.reshape(n, self.heads, size)
        compressed = self.linear(layer, "attn_kv_a_mqa", h, self.rank + self.rope)
        latent = self.norm(layer, "attn_kv_a_norm", compressed[:, :self.rank])
        kv = self.linear(layer, "attn_kv_b", latent, self.heads * (self.nope + self.value), scale=1.5)
        kv = kv.reshape(n, self.heads, self.nope + self.value)

        def turned(t):  # neighbours are a pair: brought to halves first
            return rotate_half(np.concatenate([t[..., 0::2], t[..., 1::2]], -1), inv)

        k_rope = np.repeat(turned(compressed[:, None, self.rank:]), self.heads, axis=1)
        q = np.concatenate([q[..., :self.nope], turned(q[..., self.nope:])], -1)
        k = np.concatenate([kv[..., :self.nope], k_rope], -1)
        return self.output(layer, attention(q, k, kv[..., self.nope:], scale))


class Plm(Latent):
    arch, tied = "plm", True

    def forward(self, ids):
        self.latent_keys()
        x, inv = self.embed(ids), inverse_frequencies(self.rope, self.base)
        for l in range(self.layers):
            x = x + self.attend(l, self.norm(l, "attn_norm", x), inv, (self.nope + self.rope) ** -0.5)
            h = relu2(self.linear(l, "ffn_up", self.norm(l, "ffn_norm", x), self.ff))
            x = x + self.linear(l, "ffn_down", h, self.width)
        return self.head(x)


class DeepSeek2(Latent):
    """DeepSeek-V2: softmax, groups by their best expert, weights as they are, times a factor."""

    arch, layers, width, ff, experts, used, expert_ff, shared, dense = "deepseek2", 3, 24, 32, 8, 3, 12, 2, 1
    q_rank, groups, groups_used, factor, stretch, mscale, original = 12, 4, 2, 1.7, 1.0, 0.0, 64

    def route(self, layer, h):
        p = softmax(self.router(layer, h))
        choice = p.copy()
        if self.groups > 1:
            worth = p.reshape(len(h), self.groups, -1).max(-1)
            kept = np.zeros_like(worth)
            np.put_along_axis(kept, best(worth, self.groups_used), 1, -1)
            choice = p * np.repeat(kept, self.experts // self.groups, -1)
        chosen = best(choice, self.used)
        return chosen, pick(p, chosen) * self.factor

    def settings(self):
        self.latent_keys()
        self.keys |= {"expert_feed_forward_length": (U32, self.expert_ff), "expert_shared_count": (U32, self.shared),
                      "leading_dense_block_count": (U32, self.dense), "expert_weights_scale": (F32, self.factor)}
        if self.groups > 1:
            self.keys |= {"expert_group_count": (U32, self.groups), "expert_group_used_count": (U32, self.groups_used)}
        if self.stretch > 1:
            self.keys |= {"rope.scaling.type": (STR, "yarn"), "rope.scaling.factor": (F32, self.stretch),
                          "rope.scaling.original_context_length": (U32, self.original),
                          "rope.scaling.yarn_log_multiplier": (F32, 0.1 * self.mscale)}

    def forward(self, ids):
        self.settings()
        x, inv, scale = self.embed(ids), inverse_frequencies(self.rope, self.base), (self.nope + self.rope) ** -0.5
        if self.stretch > 1:  # mscale and mscale_all_dim are equal: cos and sin keep their size
            inv = yarn(self.rope, self.base, self.stretch, self.original, True)
            scale *= (0.1 * self.mscale * math.log(self.stretch) + 1) ** 2
        for l in range(self.layers):
            x = x + self.attend(l, self.norm(l, "attn_norm", x), inv, scale)
            h = self.norm(l, "ffn_norm", x)
            if l < self.dense:
                x = x + self.mlp(l, h)
            else:
                out = experts(h, *self.route(l, h), self.expert(l))
                x = x + out + self.mlp(l, h, ff=self.shared * self.expert_ff, suffix="_shexp")
        return self.head(x)


class DeepSeek2Lite(DeepSeek2):
    q_rank, groups, factor, dense, shared, stretch, mscale, rope = 0, 1, 1.0, 0, 1, 8.0, 0.707, 8
    layers = 2


class DeepSeek3(DeepSeek2):
    """DeepSeek-V3: sigmoids, a bias for the choice, groups by their two best, weights that add up to 1, times a factor."""

    split, stretch, mscale, factor, rope = True, 4.0, 1.0, 2.5, 8

    def settings(self):
        super().settings()
        self.keys |= {"expert_gating_func": (U32, 2), "expert_weights_norm": (BOOL, True)}

    def route(self, layer, h):
        p = 1 / (1 + np.exp(-self.router(layer, h)))
        choice = p + self.w.vector(f"blk.{layer}.exp_probs_b.bias", self.experts, mean=1, spread=0.3)
        worth = np.sort(choice.reshape(len(h), self.groups, -1), -1)[..., -2:].sum(-1)
        kept = np.zeros_like(worth)
        np.put_along_axis(kept, best(worth, self.groups_used), 1, -1)
        chosen = best(choice * np.repeat(kept, self.experts // self.groups, -1), self.used)
        weights = pick(p, chosen)
        return chosen, weights / (weights.sum(-1, keepdims=True) + 1e-20) * self.factor


class GptOss(Model):
    arch, experts, used, ff, expert_ff, window, base = "gpt-oss", 4, 2, 16, 16, 16, 1000.0
    size, factor, original = 16, 8.0, 256

    def bias(self, layer, name, *shape):
        return self.w.vector(f"blk.{layer}.{name}.bias", *shape, mean=0, spread=0.5)

    def forward(self, ids):
        self.keys |= {"attention.sliding_window": (U32, self.window), "rope.scaling.type": (STR, "yarn"),
                      "rope.scaling.factor": (F32, self.factor),
                      "rope.scaling.original_context_length": (U32, self.original),
                      "expert_feed_forward_length": (U32, self.expert_ff)}
        inv = yarn(self.size, self.base, self.factor, self.original, False)
        magnitude = 0.1 * math.log(self.factor) + 1
        x = self.embed(ids)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            q, k, v = (t + self.bias(l, name, t[0].size).reshape(t.shape[1:])
                       for t, name in zip((q, k, v), ("attn_q", "attn_k", "attn_v")))
            q, k = rotate_half(q, inv, magnitude), rotate_half(k, inv, magnitude)
            sinks = self.w.vector(f"blk.{l}.attn_sinks.weight", self.heads, mean=1, spread=1)
            att = attention(q, k, v, self.size ** -0.5, self.window if l % 2 == 0 else 0, sinks=sinks)
            x = x + self.output(l, att) + self.bias(l, "attn_output", self.width)
            h = self.norm(l, "post_attention_norm", x)
            scores = self.router(l, h) + self.bias(l, "ffn_gate_inp", self.experts)
            chosen = best(scores, self.used)
            x = x + experts(h, chosen, softmax(pick(scores, chosen)), self.clamped(l))
        return self.head(x)

    def clamped(self, layer):
        shapes = {"gate": (self.expert_ff, self.width), "up": (self.expert_ff, self.width),
                  "down": (self.width, self.expert_ff)}
        w = {name: self.w.matrix(f"blk.{layer}.ffn_{name}_exps.weight", self.experts, *shape, scale=4)
             for name, shape in shapes.items()}
        b = {name: self.bias(layer, f"ffn_{name}_exps", self.experts, shape[0]) for name, shape in shapes.items()}

        def ffn(e, x):
            gate = np.minimum(w["gate"][e] @ x + b["gate"][e], 7)
            up = np.clip(w["up"][e] @ x + b["up"][e], -7, 7)
            return w["down"][e] @ ((up + 1) * gate / (1 + np.exp(-1.702 * gate))) + b["down"][e]

        return ffn


class GptOssMx(GptOss):
    """Experts whose weights are four-bit floats with an exponent for 32 of them, as the model is published."""

    width, ff, expert_ff = 64, 32, 32
    values = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])

    def clamped(self, layer):
        shapes = {"gate": (self.expert_ff, self.width), "up": (self.expert_ff, self.width),
                  "down": (self.width, self.expert_ff)}
        for name, shape in shapes.items():
            key = f"blk.{layer}.ffn_{name}_exps.weight"
            if key not in self.w.made:
                codes = self.w.rng.integers(0, 16, (self.experts, *shape))
                exponents = self.w.rng.integers(-5, -2, (self.experts, shape[0], shape[1] // 32))
                self.w.made[key] = (self.values[codes] * 2.0 ** np.repeat(exponents, 32, -1)).astype(np.float32)
        return super().clamped(layer)


class Qwen3Moe(Model):
    arch, experts, used, ff, expert_ff, size, base = "qwen3moe", 6, 2, 32, 16, 10, 1000000.0

    def forward(self, ids):
        self.keys |= {"expert_feed_forward_length": (U32, self.expert_ff)}
        x, inv = self.embed(ids), inverse_frequencies(self.size, self.base)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            q, k = self.norm(l, "attn_q_norm", q), self.norm(l, "attn_k_norm", k)
            x = x + self.output(l, attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5))
            h = self.norm(l, "ffn_norm", x)
            p = softmax(self.router(l, h))
            chosen = best(p, self.used)
            weights = pick(p, chosen)
            x = x + experts(h, chosen, weights / weights.sum(-1, keepdims=True), self.expert(l))
        return self.head(x)


class LlamaBias(Model):
    arch, permuted, biased = "llama", True, True

    def forward(self, ids):
        x, inv = self.embed(ids), inverse_frequencies(self.size, self.base)
        for l in range(self.layers):
            q, k, v = self.qkv(l, self.norm(l, "attn_norm", x))
            x = x + self.output(l, attention(rotate_half(q, inv), rotate_half(k, inv), v, self.size ** -0.5))
            x = x + self.mlp(l, self.norm(l, "ffn_norm", x))
        return self.head(x)


class GraniteBias(Granite):
    biased = True


class GraniteMoeBias(GraniteMoe):
    biased = True


class SmolLm3Bias(SmolLm3):
    biased = True


class MixtralBias(Mixtral):
    biased = True


CASES = {"mixtral": Mixtral, "olmoe": Olmoe, "granite": Granite, "granitemoe": GraniteMoe,
         "granitemoe-shared": GraniteMoeShared, "gemma2": Gemma2, "gemma3": Gemma3, "gemma3-pattern": Gemma3Pattern,
         "phi3": Phi3, "phi3-longrope": Phi3LongRope, "smollm3": SmolLm3, "lfm2": Lfm2, "bitnet-b1.58": BitNet,
         "bitnet-silu": BitNetSilu, "bitnet-relu2": BitNetRelu2, "plm": Plm, "deepseek2": DeepSeek2,
         "deepseek2-lite": DeepSeek2Lite, "deepseek2-v3": DeepSeek3, "gpt-oss": GptOss,
         "gpt-oss-mx": GptOssMx, "qwen3moe": Qwen3Moe, "llama-bias": LlamaBias,
         "granite-bias": GraniteBias, "granitemoe-bias": GraniteMoeBias, "smollm3-bias": SmolLm3Bias,
         "mixtral-bias": MixtralBias}


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def value(kind, v):
    if kind == STR:
        return text(v)
    if kind == ARRAY:
        return struct.pack("<IQ", v[0], len(v[1])) + b"".join(value(v[0], item) for item in v[1])
    return struct.pack({U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}[kind], v)


def write(path, keys, tensors):
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(text(key) + struct.pack("<I", kind) + value(kind, v) for key, kind, v in keys)
    offset = 0
    for name, a in tensors.items():
        head += text(name) + struct.pack("<I", a.ndim) + struct.pack(f"<{a.ndim}Q", *a.shape[::-1])
        head += struct.pack("<IQ", 0, offset)
        offset += -(-a.nbytes // 32) * 32
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % 32))
        for a in tensors.values():
            f.write(a.astype("<f4").tobytes() + b"\0" * (-a.nbytes % 32))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for i, (name, kind) in enumerate(CASES.items()):
        model = kind(300 + i)
        ids = np.random.default_rng(700 + i).integers(0, VOCAB, TOKENS).tolist()
        runs = []
        for capacity, length, logits in model.runs(ids):
            rows = {str(p): [round(float(x), 6) for x in logits[p]] for p in (0, length // 2, length - 1)}
            runs.append({"capacity": capacity, "length": length, "logits": rows})
        write(OUT / f"{name}.gguf", model.metadata(), model.tensors())
        (OUT / f"{name}.json").write_text(json.dumps({"ids": ids, "runs": runs}) + "\n")


if __name__ == "__main__":
    main()
