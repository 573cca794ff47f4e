#!/usr/bin/python3
"""Tiny model folders as model hubs have them (config.json, tokenizer.json, safetensors), made from the golden GGUF files.

Each folder holds the weights of its GGUF twin in the hub's names, order of rows and form (norms of Gemma are weight - 1,
experts are tensors of their own), written as the formats' public descriptions say; nothing is shared with the C# code.
Some are in shards, some in bfloat16 or half precision, and three hold 4-bit (GPTQ, AWQ) and ternary (packed BitNet)
weights, beside the float weights that those stand for, in expected.json.
Writes tests/golden/hub/NAME/...; deterministic.
"""
import json
import pathlib
import shutil
import struct

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
OUT = GOLDEN / "hub"
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def read_gguf(path):
    """Metadata and float32 tensors, in numpy's order of dimensions."""
    data = path.read_bytes()
    at = 8

    def take(kind):
        nonlocal at
        value = struct.unpack_from("<" + kind, data, at)[0]
        at += struct.calcsize("<" + kind)
        return value

    def text():
        nonlocal at
        n = take("Q")
        at += n
        return data[at - n:at].decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, n = take("I"), take("Q")
            return [value(inner) for _ in range(n)]
        return take(SCALARS[kind])

    tensors, keys = take("Q"), take("Q")
    metadata = {}
    for _ in range(keys):
        key = text()
        metadata[key] = value(take("I"))
    infos = []
    for _ in range(tensors):
        name = text()
        shape = [take("Q") for _ in range(take("I"))]
        infos.append((name, shape[::-1], take("I"), take("Q")))
    start = (at + 31) // 32 * 32
    out = {}
    for name, shape, kind, offset in infos:
        assert kind == 0, (name, kind)
        out[name] = np.frombuffer(data, "<f4", int(np.prod(shape)), start + offset).reshape(shape).copy()
    return metadata, out


def bf16(x):
    """The upper halves, rounded to even."""
    bits = np.ascontiguousarray(x, "<f4").view("<u4")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def write_safetensors(path, tensors):
    """tensors: name to (dtype name, array)."""
    header, at, blobs = {"__metadata__": {"format": "pt"}}, 0, []
    for name, (dtype, array) in tensors.items():
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def typed(x, dtype):
    return {"F32": lambda: ("F32", x.astype("<f4")), "F16": lambda: ("F16", x.astype("<f2")),
            "BF16": lambda: ("BF16", bf16(x))}[dtype]()


LAYER = {
    "attn_norm.weight": "input_layernorm.weight", "ffn_norm.weight": "post_attention_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight", "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight", "attn_output.weight": "self_attn.o_proj.weight",
    "attn_q.bias": "self_attn.q_proj.bias", "attn_k.bias": "self_attn.k_proj.bias",
    "attn_v.bias": "self_attn.v_proj.bias",
    "attn_q_norm.weight": "self_attn.q_norm.weight", "attn_k_norm.weight": "self_attn.k_norm.weight",
    "attn_qkv.weight": "self_attn.qkv_proj.weight", "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight", "ffn_down.weight": "mlp.down_proj.weight",
    "ffn_gate_inp.weight": "mlp.gate.weight",
    "attn_sub_norm.weight": "self_attn.attn_sub_norm.weight", "ffn_sub_norm.weight": "mlp.ffn_sub_norm.weight",
}
GEMMA = {
    "post_attention_norm.weight": "post_attention_layernorm.weight",
    "ffn_norm.weight": "pre_feedforward_layernorm.weight", "post_ffw_norm.weight": "post_feedforward_layernorm.weight",
}


def unpermute(w, heads):
    """Neighbours back to halves: the inverse of what converters do for llama."""
    size = w.shape[0] // heads
    return w.reshape(heads, size // 2, 2, -1).swapaxes(1, 2).reshape(w.shape)


def to_hub(metadata, tensors):
    arch = metadata["general.architecture"]
    experts = metadata.get(f"{arch}.expert_count", 0)
    heads = metadata[f"{arch}.attention.head_count"]
    kv = metadata.get(f"{arch}.attention.head_count_kv", heads)
    permuted = arch in ("llama", "granite", "smollm3")
    gemma = arch.startswith("gemma")
    out = {}
    for name, x in tensors.items():
        if gemma and name.endswith("norm.weight"):
            x = x - np.float32(1)
        if not name.startswith("blk."):
            top = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
                   "output.weight": "lm_head.weight"}
            if name in top:
                out[top[name]] = x
            continue
        _, layer, rest = name.split(".", 2)
        prefix = f"model.layers.{layer}."
        if permuted and rest.startswith(("attn_q.", "attn_k.")):
            x = unpermute(x, heads if "attn_q" in rest else kv)
        if rest.endswith("_exps.weight"):
            part = rest[4:-12]
            old = {"gate": "w1", "up": "w3", "down": "w2"}[part]
            for e in range(experts):
                mine = f"block_sparse_moe.experts.{e}.{old}" if arch == "llama" else f"mlp.experts.{e}.{part}_proj"
                out[f"{prefix}{mine}.weight"] = x[e]
            continue
        if arch == "llama" and experts and rest == "ffn_gate_inp.weight":
            out[prefix + "block_sparse_moe.gate.weight"] = x
        elif arch == "phi3" and rest == "ffn_up.weight":
            out[prefix + "mlp.gate_up_proj.weight"] = x
        else:
            out[prefix + ((GEMMA.get(rest) if gemma else None) or LAYER[rest])] = x
    return out


CLASSES = {
    "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
    "qwen3moe": "Qwen3MoeForCausalLM", "mixtral": "MixtralForCausalLM", "olmoe": "OlmoeForCausalLM",
    "phi3": "Phi3ForCausalLM", "gemma2": "Gemma2ForCausalLM", "gemma3": "Gemma3ForCausalLM",
    "granite": "GraniteForCausalLM", "smollm3": "SmolLM3ForCausalLM", "bitnet-b1.58": "BitNetForCausalLM",
}


def rope_scaling(m, a, tensors):
    kind = m.get(f"{a}.rope.scaling.type")
    factor = m.get(f"{a}.rope.scaling.factor")
    original = m.get(f"{a}.rope.scaling.original_context_length")
    if "rope_factors_long.weight" in tensors:
        return {"type": "longrope", "long_factor": tensors["rope_factors_long.weight"].tolist(),
                "short_factor": tensors["rope_factors_short.weight"].tolist()}
    if kind == "linear":
        return {"type": "linear", "factor": factor}
    if kind == "llama3":
        return {"rope_type": "llama3", "factor": factor, "original_max_position_embeddings": original,
                "low_freq_factor": m[f"{a}.rope.scaling.low_freq_factor"],
                "high_freq_factor": m[f"{a}.rope.scaling.high_freq_factor"]}
    if kind == "yarn":
        return {"type": "yarn", "factor": factor, "original_max_position_embeddings": original}
    return None


def config(m, tensors):
    a = m["general.architecture"]
    experts = m.get(f"{a}.expert_count", 0)
    name = "mixtral" if a == "llama" and experts else a
    heads, width = m[f"{a}.attention.head_count"], m[f"{a}.embedding_length"]
    c = {
        "architectures": [CLASSES[name]], "model_type": name, "hidden_size": width,
        "num_hidden_layers": m[f"{a}.block_count"], "max_position_embeddings": m[f"{a}.context_length"],
        "intermediate_size": m.get(f"{a}.feed_forward_length"), "num_attention_heads": heads,
        "num_key_value_heads": m.get(f"{a}.attention.head_count_kv", heads),
        "rms_norm_eps": m[f"{a}.attention.layer_norm_rms_epsilon"],
        "rope_theta": m.get(f"{a}.rope.freq_base", 10000.0), "vocab_size": tensors["token_embd.weight"].shape[0],
        "tie_word_embeddings": "output.weight" not in tensors, "torch_dtype": "float32",
    }
    if f"{a}.attention.key_length" in m:
        c["head_dim"] = m[f"{a}.attention.key_length"]
    scaling = rope_scaling(m, a, tensors)
    if scaling:
        c["rope_scaling"] = scaling
        if scaling.get("type") == "longrope":
            c["original_max_position_embeddings"] = m[f"{a}.rope.scaling.original_context_length"]
    if experts:
        c["num_local_experts" if name == "mixtral" else "num_experts"] = experts
        c["num_experts_per_tok"] = m[f"{a}.expert_used_count"]
        if name == "qwen3moe":
            c["moe_intermediate_size"] = m[f"{a}.expert_feed_forward_length"]
        if name in ("qwen3moe", "olmoe"):
            c["norm_topk_prob"] = name == "qwen3moe"
    if a.startswith("gemma"):
        size = c.get("head_dim", width // heads)
        c["head_dim"] = size
        c["sliding_window"] = m[f"{a}.attention.sliding_window"]
        c["query_pre_attn_scalar"] = round(m[f"{a}.attention.scale"] ** -2) if f"{a}.attention.scale" in m else size
        c["attn_logit_softcapping"] = m.get(f"{a}.attn_logit_softcapping")
        c["final_logit_softcapping"] = m.get(f"{a}.final_logit_softcapping")
    if a == "gemma3":
        c["rope_local_base_freq"] = m.get(f"{a}.rope.freq_base_swa", 10000.0)
    if a == "phi3" and m.get(f"{a}.attention.sliding_window"):
        c["sliding_window"] = m[f"{a}.attention.sliding_window"]
    if a == "phi3":
        c["partial_rotary_factor"] = m[f"{a}.rope.dimension_count"] / c["head_dim"]
    if a == "granite":
        c.update(embedding_multiplier=m[f"{a}.embedding_scale"], residual_multiplier=m[f"{a}.residual_scale"],
                 logits_scaling=m[f"{a}.logit_scale"], attention_multiplier=m[f"{a}.attention.scale"])
    return c


def tokenizer(vocabulary):
    """A byte-level vocabulary of that size: bytes (or some of them), merges, one special token."""
    letters = [chr(b) for b in range(33, 127)] + [chr(b) for b in range(161, 173)] + [chr(b) for b in range(174, 256)]
    letters += [chr(256 + i) for i in range(256 - len(letters))]
    tokens = letters[:max(1, vocabulary - 3)]
    pairs = [(tokens[0], tokens[1]), (tokens[0] + tokens[1], tokens[2])]
    tokens = tokens[:vocabulary - 3] + ["".join(p) for p in pairs]
    return {
        "version": "1.0", "added_tokens": [{"id": len(tokens), "content": "<|end|>", "special": True}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(tokens)},
                  "merges": [" ".join(p) if i % 2 == 0 else list(p) for i, p in enumerate(pairs)]},
    }


def folder(name, c, tensors, dtype="F32", shards=1):
    path = OUT / name
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(c, indent=1) + "\n")
    (path / "tokenizer.json").write_text(json.dumps(tokenizer(c["vocab_size"]), ensure_ascii=False) + "\n")
    (path / "tokenizer_config.json").write_text(json.dumps(
        {"eos_token": {"content": "<|end|>"}, "chat_template": "{{ messages[0]['content'] }}"}) + "\n")
    made = {n: x if isinstance(x, tuple) else typed(x, dtype) for n, x in tensors.items()}
    if shards == 1:
        write_safetensors(path / "model.safetensors", made)
        return
    names, index = list(made), {}
    for s in range(shards):
        file = f"model-{s + 1:05}-of-{shards:05}.safetensors"
        part = names[s::shards]
        write_safetensors(path / file, {n: made[n] for n in part})
        index.update({n: file for n in part})
    (path / "model.safetensors.index.json").write_text(json.dumps(
        {"metadata": {"total_size": 0}, "weight_map": index}, indent=1) + "\n")


def int32(x):
    return "I32", np.ascontiguousarray(x.astype(np.int64).astype("<u4").view("<i4"))


def gptq(w, group):
    """w: out × in. qweight int32 [in / 8, out], qzeros [groups, out / 8] (zero - 1), scales [groups, out]."""
    out, columns = w.shape
    parts = w.T.reshape(columns // group, group, out)
    low, high = parts.min(1), parts.max(1)
    scale = np.maximum((high - low) / 15, 1e-6).astype(np.float16).astype(np.float32)
    zero = np.clip(np.round(-low / scale), 1, 15).astype(np.int64)
    q = np.clip(np.round(parts / scale[:, None]) + zero[:, None], 0, 15).astype(np.int64)
    exact = ((q - zero[:, None]) * scale[:, None]).reshape(columns, out).T
    q = q.reshape(columns, out)
    return q, zero, scale, exact.astype(np.float32)


def pack_rows(q):
    return sum(q[i::8] << 4 * i for i in range(8))


def pack_columns(q, order=range(8)):
    return sum(q[:, o::8] << 4 * i for i, o in enumerate(order))


def quantised(c, hub, method):
    """The projections of the layers in 4 bits, and the float weights that they stand for."""
    group = 32
    tensors, exact = {}, {}
    for name, x in hub.items():
        if "_proj.weight" not in name:
            tensors[name] = exact[name] = x
            continue
        stem = name[:-len("weight")]
        q, zero, scale, exact[name] = gptq(x, group)
        columns = q.shape[0]
        if method == "gptq":
            tensors[stem + "qweight"] = int32(pack_rows(q))
            tensors[stem + "qzeros"] = int32(pack_columns(zero - 1))
            tensors[stem + "g_idx"] = ("I32", (np.arange(columns) // group).astype("<i4"))
        else:
            order = (0, 2, 4, 6, 1, 3, 5, 7)
            tensors[stem + "qweight"] = int32(pack_columns(q, order))
            tensors[stem + "qzeros"] = int32(pack_columns(zero, order))
        tensors[stem + "scales"] = ("F16", scale.astype("<f2"))
    c = dict(c, quantization_config={"quant_method": method, "bits": 4, "group_size": group, "desc_act": False,
                                     **({"version": "gemm", "zero_point": True} if method == "awq" else {})})
    return c, tensors, exact


def bitnet(c, hub):
    tensors, exact = {}, {}
    for name, x in hub.items():
        if "_proj.weight" not in name:
            tensors[name] = exact[name] = x
            continue
        scale = bf16(np.array([np.abs(x).max()], np.float32))
        wide = (scale.astype("<u4") << 16).view("<f4")
        q = np.sign(x).astype(np.int64)
        exact[name] = (q * wide).astype(np.float32)
        rows = q.shape[0] // 4
        packed = sum((q[i * rows:(i + 1) * rows] + 1) << 2 * i for i in range(4))
        tensors[name] = ("U8", packed.astype("u1"))
        tensors[name[:-len("weight")] + "weight_scale"] = ("BF16", scale)
    return dict(c, quantization_config={"quant_method": "bitnet", "linear_class": "autobitlinear",
                                        "quantization_mode": "offline"}), tensors, exact


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    plain = {
        "llama": ("tiny/llama", "F32", 2), "llama-llama3": ("tiny/llama-llama3", "F16", 1),
        "qwen2-yarn": ("tiny/qwen2-yarn", "BF16", 3), "qwen3": ("tiny/qwen3", "F32", 1),
        "mixtral": ("architectures/mixtral", "F32", 2), "olmoe": ("architectures/olmoe", "F32", 1),
        "phi3-longrope": ("architectures/phi3-longrope", "F32", 1), "gemma2": ("architectures/gemma2", "F32", 1),
        "gemma3": ("architectures/gemma3", "F32", 1), "granite": ("architectures/granite", "F32", 1),
        "smollm3": ("architectures/smollm3", "F32", 1),
    }
    for name, (twin, dtype, shards) in plain.items():
        m, tensors = read_gguf(GOLDEN / f"{twin}.gguf")
        folder(name, config(m, tensors), to_hub(m, tensors), dtype, shards)
    m, tensors = read_gguf(GOLDEN / "tiny" / "qwen3.gguf")
    for method in ("gptq", "awq"):
        c, made, exact = quantised(config(m, tensors), to_hub(m, tensors), method)
        folder(f"qwen3-{method}", c, made)
        write_safetensors(OUT / f"qwen3-{method}" / "expected.bin",
                          {n: typed(x, "F32") for n, x in exact.items() if ".0." in n and "_proj.weight" in n})
    m, tensors = read_gguf(GOLDEN / "architectures" / "bitnet-b1.58.gguf")
    c, made, exact = bitnet(dict(config(m, tensors), hidden_act="relu2"), to_hub(m, tensors))
    folder("bitnet", c, made)
    write_safetensors(OUT / "bitnet" / "expected.bin",
                      {n: typed(x, "F32") for n, x in exact.items() if ".0." in n and "_proj.weight" in n})


if __name__ == "__main__":
    main()
