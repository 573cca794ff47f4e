"""Trains the sensor-triage MoE from scratch on one CPU thread, then exports it.

Run it through `scripts/demo-model/make`, which installs what it needs. 33 minutes on one AMD EPYC core.
Writes to artifacts/demo-model (TRIAGE_OUT moves it), checkpoints and tokenizer to its work/ folder.

Needs PyTorch >= 1.13 and numpy only.  Everything is seeded: the data stream,
the initialisation and the batch order; one thread, so a rerun on the same
machine and library build gives the same weights.
"""
import argparse
import math
import os
import random
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch
import torch.nn.functional as F

import sensor_data as sd
from bpe import Tokenizer
from moe_model import Config, Model, n_params
from sensor_questions import qa_pairs
from sensor_rules import SYSTEM, dumps

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.environ.get("TRIAGE_OUT", os.path.join(HERE, "..", "..", "artifacts", "demo-model"))
WORK = os.path.join(OUT, "work")

SEED_EVAL, SEED_HELDOUT, SEED_TRAIN, SEED_INIT = 1001, 2002, 3003, 4004
VOCAB = 768
STEPS, BATCH_TOKENS, POOL = 4500, 2304, 2048
LR, LR_END, WARMUP, WD, CLIP = 2e-3, 2e-5, 200, 0.05, 1.0
AUX = 0.01            # load-balancing loss, mean over the layers
PROMPT_WEIGHT = 0.05  # loss weight of prompt tokens; reply tokens weigh 1
QA_SHARE, SYSTEM_SHARE, SECOND_TURN_SHARE = 0.15, 0.15, 0.12

USER, ASSISTANT, SYS, END = "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_start|>system\n", "<|im_end|>"


def chat(prompt):
    """The raw text the engine is fed for one user line."""
    return USER + prompt + END + "\n" + ASSISTANT


def build_tokenizer():
    """Byte-level BPE on 4,000 training rows and the plain English; ends when no pair is left to merge."""
    rng, texts = random.Random(7), []
    for _ in range(4000):
        p, a = sd.sample_row(rng, "train", (1, 2, 3, 4, 5, 6))
        texts += [p, dumps(a)]
    for q, a in qa_pairs():
        texts += [q, a] * 3
    texts += ["user\n", "assistant\n", "system\n", SYSTEM] * 100
    tok = Tokenizer.train(texts, VOCAB)
    tok.tokens += [f"<|unused_{i}|>" for i in range(VOCAB - len(tok.tokens))]
    return Tokenizer(tok.tokens, tok.merges)


class Stream:
    """Endless training rows -> (ids, loss weights)."""

    def __init__(self, tok, forbid):
        self.tok, self.forbid, self.rng, self.qa = tok, forbid, random.Random(SEED_TRAIN), qa_pairs()
        self.rows = self.tokens = 0

    def exchange(self, counts):
        if self.rng.random() < QA_SHARE:
            return self.rng.choice(self.qa)
        while True:
            p, a = sd.sample_row(self.rng, "train", counts)
            if p not in self.forbid:
                return p, dumps(a)

    def conversation(self, counts):
        ids, w = [], []

        def add(text, weight):
            t = self.tok.encode(text)
            ids.extend(t)
            w.extend([weight] * len(t))

        if self.rng.random() < SYSTEM_SHARE:
            add(SYS + SYSTEM + END + "\n", PROMPT_WEIGHT)
        for _ in range(2 if self.rng.random() < SECOND_TURN_SHARE else 1):
            p, a = self.exchange(counts)
            add(chat(p), PROMPT_WEIGHT)
            add(a + END, 1.0)
            add("\n", PROMPT_WEIGHT)
        self.rows += 1
        self.tokens += len(ids)
        return ids, w

    def batches(self, counts):
        """One pool of conversations, cut by length into batches of about BATCH_TOKENS, shuffled."""
        pool = sorted((self.conversation(counts) for _ in range(POOL)), key=lambda r: len(r[0]))
        out, cur = [], []
        for r in pool:
            if cur and len(r[0]) * (len(cur) + 1) > BATCH_TOKENS:
                out.append(cur)
                cur = []
            cur.append(r)
        out.append(cur)
        self.rng.shuffle(out)
        for rows in out:
            n = max(len(r[0]) for r in rows)
            ids = torch.zeros(len(rows), n, dtype=torch.long)
            wts = torch.zeros(len(rows), n)
            for i, (a, b) in enumerate(rows):
                ids[i, :len(a)] = torch.tensor(a)
                wts[i, :len(b)] = torch.tensor(b)
            yield ids, wts


@torch.no_grad()
def forced_exact(model, tok, rows):
    """Share of rows whose whole reply is the argmax at every step (= greedy exact match)."""
    model.eval()
    groups = {}
    for p, a in rows:
        x, y = tok.encode(chat(p)), tok.encode(dumps(a) + END)
        groups.setdefault((len(x), len(y)), []).append(x + y)
    good = 0
    for (nx, ny), seqs in groups.items():
        ids = torch.tensor(seqs)
        pred = model(ids[:, :-1]).argmax(-1)[:, nx - 1:]
        good += int((pred == ids[:, nx:]).all(1).sum())
    model.train()
    return good / len(rows)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=STEPS)
    ap.add_argument("--stop", type=int, help="end after so many steps of the full schedule")
    ap.add_argument("--no-export", action="store_true")
    args = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED_INIT)
    os.makedirs(OUT, exist_ok=True)
    os.makedirs(WORK, exist_ok=True)

    tok = build_tokenizer()
    tok.save(os.path.join(WORK, "tokenizer.json"))
    ev = sd.fixed_set("eval", 500, SEED_EVAL)
    ho = sd.fixed_set("heldout", 500, SEED_HELDOUT)
    forbid = {p for p, _ in ev} | {p for p, _ in ho}
    stream = Stream(tok, forbid)

    cfg = Config(vocab=VOCAB)
    model = Model(cfg)
    print(f"vocab {len(tok.tokens)} merges {len(tok.merges)} params {n_params(model)}", flush=True)
    decay = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() <= 1]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": WD}, {"params": rest, "weight_decay": 0.0}],
                            lr=LR, betas=(0.9, 0.95), foreach=True)
    step, t0, run = 0, time.time(), []
    last = min(args.steps, args.stop or args.steps)
    while step < last:
        # curriculum: few readings first, then one to six
        counts = (1, 1, 2, 2, 3) if step < 0.15 * args.steps else (1, 2, 3, 4, 5, 6)
        for ids, wts in stream.batches(counts):
            if step >= last:
                break
            frac = step / args.steps
            lr = LR * (step + 1) / WARMUP if step < WARMUP else \
                LR_END + (LR - LR_END) * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / max(1, args.steps - WARMUP)))
            for g in opt.param_groups:
                g["lr"] = lr
            x, y, w = ids[:, :-1], ids[:, 1:], wts[:, 1:]
            stats = {"live": (wts[:, :-1] > 0).reshape(-1)}
            logits = model(x, stats=stats)
            ce = F.cross_entropy(logits.reshape(-1, cfg.vocab), y.reshape(-1), reduction="none")
            ce = (ce * w.reshape(-1)).sum() / w.sum()
            loss = ce + AUX * stats["aux"] / cfg.layers
            opt.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            opt.step()
            run.append((float(ce), float(stats["aux"]) / cfg.layers, float(norm)))
            step += 1
            if step % 50 == 0:
                m = [sum(v) / len(v) for v in zip(*run)]
                run = []
                line = (f"step {step} ce {m[0]:.4f} aux {m[1]:.3f} norm {m[2]:.2f} lr {lr:.2e} "
                        f"rows {stream.rows} t {time.time() - t0:.0f}s")
                if step % 250 == 0:
                    line += (f" | exact eval {forced_exact(model, tok, ev):.3f}"
                             f" heldout {forced_exact(model, tok, ho):.3f}")
                    torch.save({"model": model.state_dict(), "step": step}, os.path.join(WORK, "model.pt"))
                print(line, flush=True)
    torch.save({"model": model.state_dict(), "step": step, "rows": stream.rows, "tokens": stream.tokens,
                "seconds": time.time() - t0}, os.path.join(WORK, "model.pt"))
    print(f"trained {step} steps, {stream.rows} conversations, {stream.tokens} tokens, {time.time() - t0:.0f}s",
          flush=True)
    if not args.no_export:
        import export
        export.main()


if __name__ == "__main__":
    sys.exit(main())
