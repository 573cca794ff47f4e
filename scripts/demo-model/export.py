"""The checkpoint -> the three GGUF files, the data sets, the reference logits and the accuracy figures.

Every figure is measured on weights read back from the GGUF file it is about.
"""
import json
import os
import time

import numpy as np
import torch

import gguf_file as gg
import sensor_data as sd
from bpe import Tokenizer
from moe_model import Config, Model, greedy, n_params
from sensor_questions import qa_pairs
from sensor_rules import dumps
from train import END, OUT, SEED_EVAL, SEED_HELDOUT, VOCAB, WORK, chat

NAME = "sensor-triage-moe"
TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}")


def metadata(cfg, tok, file_type):
    a = "qwen3moe."
    types = [5 if t.startswith("<|unused_") else 3 if t in tok.special else 1 for t in tok.tokens]
    return [
        ("general.architecture", gg.STRING, "qwen3moe"),
        ("general.type", gg.STRING, "model"),
        ("general.name", gg.STRING, "Sensor Triage MoE"),
        ("general.description", gg.STRING,
         "Tiny mixture-of-experts model, trained from scratch on synthetic data, that turns one line of "
         "sensor readings into a JSON triage verdict."),
        ("general.size_label", gg.STRING, "8x1M"),
        ("general.license", gg.STRING, "CC0-1.0"),
        ("general.file_type", gg.U32, file_type),
        ("general.quantization_version", gg.U32, 2),
        (a + "block_count", gg.U32, cfg.layers),
        (a + "context_length", gg.U32, cfg.ctx),
        (a + "embedding_length", gg.U32, cfg.d),
        (a + "feed_forward_length", gg.U32, cfg.ff),
        (a + "expert_feed_forward_length", gg.U32, cfg.ff),
        (a + "attention.head_count", gg.U32, cfg.heads),
        (a + "attention.head_count_kv", gg.U32, cfg.kv_heads),
        (a + "attention.key_length", gg.U32, cfg.head_dim),
        (a + "attention.value_length", gg.U32, cfg.head_dim),
        (a + "attention.layer_norm_rms_epsilon", gg.FLOAT, cfg.eps),
        (a + "rope.freq_base", gg.FLOAT, cfg.theta),
        (a + "rope.dimension_count", gg.U32, cfg.head_dim),
        (a + "expert_count", gg.U32, cfg.experts),
        (a + "expert_used_count", gg.U32, cfg.top_k),
        (a + "vocab_size", gg.U32, cfg.vocab),
        ("tokenizer.ggml.model", gg.STRING, "gpt2"),
        ("tokenizer.ggml.pre", gg.STRING, "qwen2"),
        ("tokenizer.ggml.tokens", gg.ARRAY, (gg.STRING, tok.tokens)),
        ("tokenizer.ggml.token_type", gg.ARRAY, (gg.I32, types)),
        ("tokenizer.ggml.merges", gg.ARRAY, (gg.STRING, [f"{x} {y}" for x, y in tok.merges])),
        ("tokenizer.ggml.bos_token_id", gg.U32, tok.id["<|endoftext|>"]),
        ("tokenizer.ggml.eos_token_id", gg.U32, tok.id["<|im_end|>"]),
        ("tokenizer.ggml.padding_token_id", gg.U32, tok.id["<|endoftext|>"]),
        ("tokenizer.ggml.add_bos_token", gg.BOOL, False),
        ("tokenizer.chat_template", gg.STRING, TEMPLATE),
    ]


def tensors(model, matrix, embed):
    """matrix / embed: the GGUF type of the big matrices / of the (tied) embedding. Router and norms stay F32."""
    n = lambda p: p.detach().numpy().astype(np.float32)
    out = [("token_embd.weight", n(model.embed.weight), embed), ("output_norm.weight", n(model.norm.weight), gg.F32)]
    for i, b in enumerate(model.blocks):
        ff, gu = model.c.ff, n(b.moe.gate_up)
        out += [(f"blk.{i}.{name}.weight", n(p) if torch.is_tensor(p) else p, t) for name, p, t in [
            ("attn_norm", b.attn_norm.weight, gg.F32),
            ("attn_q", b.attn.q.weight, matrix), ("attn_k", b.attn.k.weight, matrix),
            ("attn_v", b.attn.v.weight, matrix), ("attn_output", b.attn.o.weight, matrix),
            ("attn_q_norm", b.attn.q_norm.weight, gg.F32), ("attn_k_norm", b.attn.k_norm.weight, gg.F32),
            ("ffn_norm", b.ffn_norm.weight, gg.F32), ("ffn_gate_inp", b.moe.router.weight, gg.F32),
            ("ffn_gate_exps", np.ascontiguousarray(gu[:, :ff]), matrix),
            ("ffn_up_exps", np.ascontiguousarray(gu[:, ff:]), matrix),
            ("ffn_down_exps", b.moe.down, matrix)]]
    return out


def load_gguf(path):
    """A PyTorch model (f32) with the weights a GGUF file holds."""
    kv, ts = gg.read(path)
    g = lambda k: kv["qwen3moe." + k]
    cfg = Config(vocab=len(kv["tokenizer.ggml.tokens"]), d=g("embedding_length"), layers=g("block_count"),
                 heads=g("attention.head_count"), kv_heads=g("attention.head_count_kv"),
                 head_dim=g("attention.key_length"), experts=g("expert_count"), top_k=g("expert_used_count"),
                 ff=g("expert_feed_forward_length"), ctx=g("context_length"),
                 eps=g("attention.layer_norm_rms_epsilon"), theta=g("rope.freq_base"))
    m = Model(cfg)
    w = lambda name: torch.from_numpy(gg.decode(ts[name][2], ts[name][0], ts[name][1][::-1]))
    with torch.no_grad():
        m.embed.weight.copy_(w("token_embd.weight"))
        m.norm.weight.copy_(w("output_norm.weight"))
        for i, b in enumerate(m.blocks):
            t = lambda name: w(f"blk.{i}.{name}.weight")
            for p, name in [(b.attn_norm.weight, "attn_norm"), (b.ffn_norm.weight, "ffn_norm"),
                            (b.attn.q.weight, "attn_q"), (b.attn.k.weight, "attn_k"), (b.attn.v.weight, "attn_v"),
                            (b.attn.o.weight, "attn_output"), (b.attn.q_norm.weight, "attn_q_norm"),
                            (b.attn.k_norm.weight, "attn_k_norm"), (b.moe.router.weight, "ffn_gate_inp"),
                            (b.moe.down, "ffn_down_exps")]:
                p.copy_(t(name))
            b.moe.gate_up.copy_(torch.cat([t("ffn_gate_exps"), t("ffn_up_exps")], 1))
    return m.eval()


def score(model, tok, rows):
    outs = greedy(model, [tok.encode(chat(p)) for p, _ in rows], tok.id["<|im_end|>"])
    c = dict(status=0, sensor=0, action=0, triple=0, json_exact=0, valid_json=0)
    texts = []
    for (_, want), ids in zip(rows, outs):
        text = tok.decode(ids)
        texts.append(text)
        c["json_exact"] += text == dumps(want)
        try:
            got = json.loads(text)
            c["valid_json"] += 1
        except ValueError:
            continue
        if not isinstance(got, dict):
            continue
        hit = {k: got.get(k) == want[k] for k in ("status", "sensor", "action")}
        for k in hit:
            c[k] += hit[k]
        c["triple"] += all(hit.values())
    return {k: round(v / len(rows), 4) for k, v in c.items()}, texts


def score_qa(model, tok):
    qa = qa_pairs()
    outs = greedy(model, [tok.encode(chat(q)) for q, _ in qa], tok.id["<|im_end|>"])
    return round(sum(tok.decode(o) == a for o, (_, a) in zip(outs, qa)) / len(qa), 4)


@torch.no_grad()
def expert_usage(model, tok, rows):
    """Per layer: share of routed slots each expert gets, all tokens of prompt and reply."""
    total = None
    groups = {}
    for p, a in rows:
        ids = tok.encode(chat(p) + dumps(a) + END)
        groups.setdefault(len(ids), []).append(ids)
    for n, seqs in groups.items():
        st = {"live": torch.ones(n * len(seqs), dtype=torch.bool)}
        model(torch.tensor(seqs), stats=st)
        cnt = torch.stack(st["counts"])
        total = cnt if total is None else total + cnt
    return (total / total.sum(1, keepdim=True)).tolist()


@torch.no_grad()
def router_trace(model, ids):
    """Per layer and position: the chosen experts and their renormalised weights."""
    got, hooks = [], []
    for b in model.blocks:
        hooks.append(b.moe.router.register_forward_hook(lambda m, i, o: got.append(o.clone())))
    logits = model(torch.tensor([ids]))[0]
    for h in hooks:
        h.remove()
    tr = []
    for o in got:
        w, e = o.softmax(-1).topk(model.c.top_k, -1)
        w = w / w.sum(-1, keepdim=True)
        tr.append({"experts": e.tolist(), "weights": [[round(float(v), 6) for v in r] for r in w]})
    return logits, tr


def references(tok, eval_rows):
    d = os.path.join(OUT, "reference")
    os.makedirs(d, exist_ok=True)
    qa = qa_pairs()
    prompts = [chat(p) for p, _ in eval_rows[:4]] + [chat(qa[0][0])]
    # the same four and the longest eval row, stopped where the verdict is decided
    longest = max(eval_rows, key=lambda r: len(tok.encode(r[0])))[0]
    prompts += [p + '{"status":"' for p in prompts[:4] + [chat(longest)]]
    for kind in ("f16", "q8_0", "q4_0"):
        m = load_gguf(os.path.join(OUT, f"{NAME}-{kind}.gguf"))
        info, blob = [], b""
        for p in prompts:
            ids = tok.encode(p)
            logits, tr = router_trace(m, ids)
            last = logits[-1].numpy().astype("<f4")
            gen = greedy(m, [ids], tok.id["<|im_end|>"])[0]
            info.append({"prompt": p, "ids": ids, "logits_offset_bytes": len(blob), "logits_count": len(last),
                         "argmax": int(last.argmax()), "greedy_ids": gen, "greedy_text": tok.decode(gen), "router": tr})
            blob += last.tobytes()
        open(os.path.join(d, f"logits-{kind}.bin"), "wb").write(blob)
        json.dump({"model": f"{NAME}-{kind}.gguf", "format": "little-endian f32, logits of the last prompt position",
                   "weights": "as stored in the GGUF, dequantised; all arithmetic float32", "prompts": info},
                  open(os.path.join(d, f"logits-{kind}.json"), "w"))


def write_sets():
    """eval.jsonl, heldout.jsonl and qa.jsonl -> the first two as (prompt, answer) rows."""
    sets = {"eval": sd.fixed_set("eval", 500, SEED_EVAL), "heldout": sd.fixed_set("heldout", 500, SEED_HELDOUT)}
    lines = {name: [(p, dumps(a)) for p, a in rows] for name, rows in sets.items()} | {"qa": qa_pairs()}
    for name, rows in lines.items():
        with open(os.path.join(OUT, name + ".jsonl"), "w") as f:
            f.writelines(json.dumps({"prompt": p, "expected": a}) + "\n" for p, a in rows)
    return sets


def main():
    torch.set_num_threads(1)
    tok = Tokenizer.load(os.path.join(WORK, "tokenizer.json"))
    ck = torch.load(os.path.join(WORK, "model.pt"))
    cfg = Config(vocab=VOCAB)
    model = Model(cfg)
    model.load_state_dict(ck["model"])
    for kind, ft, mt, et in [("f16", 1, gg.F16, gg.F16), ("q8_0", 7, gg.Q8_0, gg.Q8_0), ("q4_0", 2, gg.Q4_0, gg.Q8_0)]:
        gg.write(os.path.join(OUT, f"{NAME}-{kind}.gguf"), metadata(cfg, tok, ft), tensors(model, mt, et))

    sets = write_sets()

    report = {"params": n_params(model), "steps": ck["step"], "conversations": ck.get("rows"),
              "tokens": ck.get("tokens"), "train_seconds": ck.get("seconds"), "files": {}}
    for kind in ("f16", "q8_0", "q4_0"):
        path = os.path.join(OUT, f"{NAME}-{kind}.gguf")
        m, t0 = load_gguf(path), time.time()
        r = {"bytes": os.path.getsize(path)}
        for name, rows in sets.items():
            r[name], texts = score(m, tok, rows)
            json.dump(texts, open(os.path.join(WORK, f"greedy-{kind}-{name}.json"), "w"))
        r["qa_exact"] = score_qa(m, tok)
        r["expert_usage"] = [[round(v, 4) for v in row] for row in expert_usage(m, tok, sets["eval"])]
        report["files"][kind] = r
        print(kind, json.dumps(r), f"{time.time() - t0:.0f}s", flush=True)
    references(tok, sets["eval"])
    json.dump(report, open(os.path.join(OUT, "accuracy.json"), "w"), indent=1)


if __name__ == "__main__":
    main()
