"""How the trained router behaves on the eval split: usage, locality, and what an expert cache would hit.

Writes router_stats.json beside the model.  `lru_hit[k]` = share of expert requests (token by
token, batch 1, prompt and reply) that an LRU cache of k experts per layer serves;
`reuse` = share of a token's experts that the previous token also used.
"""
import collections
import json
import math
import os

import torch

import sensor_data as sd
from bpe import Tokenizer
from export import NAME, load_gguf, router_trace
from sensor_rules import dumps
from train import END, OUT, SEED_EVAL, WORK, chat


def main():
    torch.set_num_threads(1)
    tok = Tokenizer.load(os.path.join(WORK, "tokenizer.json"))
    m = load_gguf(os.path.join(OUT, f"{NAME}-f16.gguf"))
    E, K, L = m.c.experts, m.c.top_k, m.c.layers
    rows = sd.fixed_set("eval", 200, SEED_EVAL)
    pair = [collections.Counter() for _ in range(L)]
    reuse, n_re = [0] * L, 0
    hits = {k: [0] * L for k in range(1, E)}
    total = 0
    caches = {k: [collections.OrderedDict() for _ in range(L)] for k in hits}
    by_part = {p: [[0] * E for _ in range(L)] for p in ("prompt", "reply")}
    for p, a in rows:
        x = tok.encode(chat(p))
        ids = x + tok.encode(dumps(a) + END)
        _, tr = router_trace(m, ids)
        for l in range(L):
            for t, es in enumerate(tr[l]["experts"]):
                if t:
                    reuse[l] += len(set(es) & set(tr[l]["experts"][t - 1]))
                for e in es:
                    pair[l][ids[t], e] += 1
                    by_part["prompt" if t < len(x) else "reply"][l][e] += 1
                    for k, cs in caches.items():
                        c = cs[l]
                        if e in c:
                            hits[k][l] += 1
                            c.move_to_end(e)
                        else:
                            c[e] = 1
                            if len(c) > k:
                                c.popitem(last=False)
        total += len(ids)
        n_re += len(ids) - 1
    mi = []
    for l in range(L):
        n = sum(pair[l].values())
        pt, pe = collections.Counter(), collections.Counter()
        for (t, e), c in pair[l].items():
            pt[t] += c
            pe[e] += c
        i = sum(c / n * math.log2(c * n / (pt[t] * pe[e])) for (t, e), c in pair[l].items())
        h = -sum(c / n * math.log2(c / n) for c in pe.values())
        mi.append(round(i / h, 3))
    norm = lambda rs: [[round(v / sum(r), 4) for v in r] for r in rs]
    out = {"rows": len(rows), "tokens": total,
           "usage_prompt": norm(by_part["prompt"]), "usage_reply": norm(by_part["reply"]),
           "reuse": [round(r / (n_re * K), 3) for r in reuse], "reuse_if_random": K / E,
           "lru_hit": {k: [round(h / (total * K), 3) for h in v] for k, v in hits.items()},
           "expert_information_from_token": mi}
    json.dump(out, open(os.path.join(OUT, "router_stats.json"), "w"), indent=1)
    print(json.dumps(out, indent=None))


if __name__ == "__main__":
    main()
