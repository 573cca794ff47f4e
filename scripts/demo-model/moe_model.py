"""The network: a qwen3moe decoder in plain PyTorch (1.13 is enough).

RMSNorm -> GQA attention with per-head q/k RMSNorm and NEOX RoPE -> residual ->
RMSNorm -> top-k softmax router (weights renormalised over the chosen experts)
over SwiGLU experts -> residual.  No biases, no shared expert, output tied to
the token embedding.
"""
import math
from dataclasses import dataclass, asdict

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab: int = 768
    d: int = 256
    layers: int = 4
    heads: int = 8
    kv_heads: int = 4
    head_dim: int = 32
    experts: int = 8
    top_k: int = 2
    ff: int = 256
    ctx: int = 512
    eps: float = 1e-6
    theta: float = 10000.0


class RMSNorm(nn.Module):
    def __init__(self, n, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(n)), eps

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.weight


def rope_tables(cfg, n):
    inv = cfg.theta ** (-torch.arange(0, cfg.head_dim, 2, dtype=torch.float64) / cfg.head_dim)
    ang = torch.arange(n, dtype=torch.float64)[:, None] * inv[None]
    return ang.cos().float(), ang.sin().float()


def rope(x, cos, sin):
    """NEOX style: the two halves of each head rotate together. x: B,H,T,hd; cos/sin: T,hd/2."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.q = nn.Linear(c.d, c.heads * c.head_dim, bias=False)
        self.k = nn.Linear(c.d, c.kv_heads * c.head_dim, bias=False)
        self.v = nn.Linear(c.d, c.kv_heads * c.head_dim, bias=False)
        self.o = nn.Linear(c.heads * c.head_dim, c.d, bias=False)
        self.q_norm, self.k_norm = RMSNorm(c.head_dim, c.eps), RMSNorm(c.head_dim, c.eps)

    def forward(self, x, cos, sin, mask, cache):
        c, (B, T, _) = self.c, x.shape
        q = self.q_norm(self.q(x).view(B, T, c.heads, c.head_dim)).transpose(1, 2)
        k = self.k_norm(self.k(x).view(B, T, c.kv_heads, c.head_dim)).transpose(1, 2)
        v = self.v(x).view(B, T, c.kv_heads, c.head_dim).transpose(1, 2)
        q, k = rope(q, cos, sin), rope(k, cos, sin)
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            cache[:] = [k, v]
        g = c.heads // c.kv_heads  # query heads h*g .. h*g+g-1 share kv head h
        S = k.shape[2]
        q = q.reshape(B, c.kv_heads, g * T, c.head_dim)
        s = (q @ k.transpose(2, 3)) * (1.0 / math.sqrt(c.head_dim))
        if mask is not None:
            s = s.view(B, c.kv_heads, g, T, S) + mask
            s = s.view(B, c.kv_heads, g * T, S)
        y = (s.softmax(-1) @ v).view(B, c.heads, T, c.head_dim).transpose(1, 2).reshape(B, T, -1)
        return self.o(y)


class MoE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.router = nn.Linear(c.d, c.experts, bias=False)
        # gate and up share one matrix while training; the export splits them
        self.gate_up = nn.Parameter(torch.empty(c.experts, 2 * c.ff, c.d))
        self.down = nn.Parameter(torch.empty(c.experts, c.d, c.ff))

    def forward(self, x, stats=None):
        """stats: None, or a dict that receives the load-balancing loss and expert counts."""
        c, shape = self.c, x.shape
        x = x.reshape(-1, c.d)
        p = self.router(x).softmax(-1)
        w, idx = p.topk(c.top_k, -1)
        w = w / w.sum(-1, keepdim=True)
        flat = idx.reshape(-1)
        order = flat.argsort()
        counts = torch.bincount(flat, minlength=c.experts)
        tok = torch.div(order, c.top_k, rounding_mode="floor")
        xs = x.index_select(0, tok).split(counts.tolist())
        out = []
        for xe, gu, dn in zip(xs, self.gate_up.unbind(0), self.down.unbind(0)):
            if xe.shape[0]:
                g, u = F.linear(xe, gu).chunk(2, -1)
                out.append(F.linear(F.silu(g) * u, dn))
        y = torch.cat(out) * w.reshape(-1)[order].unsqueeze(-1)
        y = torch.zeros_like(x).index_add(0, tok, y)
        if stats is not None:
            live = stats["live"]
            pl, il = p[live], idx[live].reshape(-1)
            cnt = torch.bincount(il, minlength=c.experts)
            # Switch-style: E * sum_e fraction_routed(e) * mean_probability(e); 1.0 when uniform
            stats["aux"] = stats.get("aux", 0.0) + c.experts * (cnt / il.numel() * pl.mean(0)).sum()
            stats.setdefault("counts", []).append(cnt)
        return y.view(shape)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.attn_norm, self.ffn_norm = RMSNorm(c.d, c.eps), RMSNorm(c.d, c.eps)
        self.attn, self.moe = Attention(c), MoE(c)

    def forward(self, x, cos, sin, mask, cache, stats):
        x = x + self.attn(self.attn_norm(x), cos, sin, mask, cache)
        return x + self.moe(self.ffn_norm(x), stats)


class Model(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.embed = nn.Embedding(c.vocab, c.d)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.norm = RMSNorm(c.d, c.eps)
        cos, sin = rope_tables(c, c.ctx)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if name == "embed.weight":
                nn.init.normal_(p, std=0.04)
            elif p.dim() > 1:
                std = 0.8 / math.sqrt(p.shape[-1])
                if "down" in name or ".o." in name:
                    std /= math.sqrt(2 * c.layers)
                if "router" in name:
                    std = 0.02
                nn.init.normal_(p, std=std)

    def hidden(self, ids, caches=None, stats=None, start=0):
        T = ids.shape[1]
        x = self.embed(ids)
        cos, sin = self.cos[start:start + T], self.sin[start:start + T]
        mask = None
        if T > 1:
            mask = torch.full((T, start + T), float("-inf")).triu(1 + start)
        for i, b in enumerate(self.blocks):
            x = b(x, cos, sin, mask, None if caches is None else caches[i], stats)
        return self.norm(x)

    def forward(self, ids, caches=None, stats=None, start=0):
        return F.linear(self.hidden(ids, caches, stats, start), self.embed.weight)


@torch.no_grad()
def greedy(model, prompts, stop, max_new=64):
    """Greedy decoding with a KV cache; prompts (lists of ids) are grouped by length."""
    model.eval()
    out = [None] * len(prompts)
    groups = {}
    for i, p in enumerate(prompts):
        groups.setdefault(len(p), []).append(i)
    for n, members in groups.items():
        caches = [[] for _ in model.blocks]
        ids = torch.tensor([prompts[i] for i in members])
        gen, pos = [], 0
        done = torch.zeros(len(members), dtype=torch.bool)
        for _ in range(max_new):
            nxt = model(ids, caches, start=pos)[:, -1].argmax(-1)
            pos += ids.shape[1]
            gen.append(nxt)
            done |= nxt == stop
            if bool(done.all()):
                break
            ids = nxt[:, None]
        gen = torch.stack(gen, 1).tolist()
        for i, g in zip(members, gen):
            out[i] = g[:g.index(stop)] if stop in g else g
    return out


def n_params(model):
    return sum(p.numel() for p in model.parameters())
