#!/usr/bin/python3
"""Tiny model folders as model hubs have them (config.json, tokenizer.json, safetensors), made from the golden GGUF files.

Each folder holds the weights of its GGUF twin in the hub's names, order of rows and form (norms of Gemma are weight - 1,
experts are tensors of their own), written as the formats' public descriptions say; nothing is shared with the C# code.
Some are in shards, some in bfloat16 or half precision, and some hold 4-bit (GPTQ, AWQ, MXFP4) and ternary (packed
BitNet) weights, beside the float weights that those stand for, in expected.bin.
Writes tests/golden/hub/NAME/...; deterministic.

Which public source fixes each convention of packed integers (read, not copied):
- GPTQ: AutoGPTQ/AutoGPTQ, auto_gptq/nn_modules/qlinear/qlinear_cuda_old.py, QuantLinear.pack: of the integers [in][out]
  eight rows in a word, the first in the lowest bits; zeros less 1, eight columns in a word, the first lowest; a weight
  is scale * (integer - (zero + 1)). "gptq_v2" has zeros as they are: ibid. auto_gptq/modeling/_utils.py,
  convert_gptq_v1_to_v2_format adds 1 to each. "sym" makes every zero 8: auto_gptq/quantization/quantizer.py.
- AWQ, "gemm": casper-hansen/AutoAWQ, awq/modules/linear/gemm.py, WQLinear_GEMM.from_linear: eight columns of the
  integers [in][out] in a word, in the order 0, 2, 4, 6, 1, 3, 5, 7 from the lowest bits on, zeros likewise, not less 1.
- BitNet: huggingface/transformers, src/transformers/integrations/bitnet.py, pack_weights: 1 is added, row r of quarter
  i stands in bits 2i of row r; AutoBitLinear multiplies by weight_scale, BitLinear divides by it.
- MXFP4: huggingface/transformers, src/transformers/integrations/mxfp4.py, convert_moe_packed_tensors: FP4_VALUES, the
  even column in the low half of a byte, scales are exponents plus 127; gate and up are rows in turns:
  src/transformers/models/gpt_oss/modeling_gpt_oss.py, GptOssExperts.
"""
import importlib.util
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
    "attn_v.bias": "self_attn.v_proj.bias", "attn_output.bias": "self_attn.o_proj.bias",
    "ffn_gate.bias": "mlp.gate_proj.bias", "ffn_up.bias": "mlp.up_proj.bias", "ffn_down.bias": "mlp.down_proj.bias",
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


LATENT = {
    "attn_q_a.weight": "self_attn.q_a_proj.weight", "attn_q_a_norm.weight": "self_attn.q_a_layernorm.weight",
    "attn_q_b.weight": "self_attn.q_b_proj.weight", "attn_kv_a_mqa.weight": "self_attn.kv_a_proj_with_mqa.weight",
    "attn_kv_a_norm.weight": "self_attn.kv_a_layernorm.weight", "attn_kv_b.weight": "self_attn.kv_b_proj.weight",
    "exp_probs_b.bias": "mlp.gate.e_score_correction_bias",
    "ffn_gate_shexp.weight": "mlp.shared_experts.gate_proj.weight",
    "ffn_up_shexp.weight": "mlp.shared_experts.up_proj.weight",
    "ffn_down_shexp.weight": "mlp.shared_experts.down_proj.weight",
}
LFM2 = {
    "attn_norm.weight": "operator_norm.weight", "ffn_norm.weight": "ffn_norm.weight",
    "attn_output.weight": "self_attn.out_proj.weight", "attn_q_norm.weight": "self_attn.q_layernorm.weight",
    "attn_k_norm.weight": "self_attn.k_layernorm.weight", "ffn_gate.weight": "feed_forward.w1.weight",
    "ffn_up.weight": "feed_forward.w3.weight", "ffn_down.weight": "feed_forward.w2.weight",
    "shortconv.in_proj.weight": "conv.in_proj.weight", "shortconv.out_proj.weight": "conv.out_proj.weight",
}
GPT_OSS = {
    "post_attention_norm.weight": "post_attention_layernorm.weight", "attn_sinks.weight": "self_attn.sinks",
    "attn_output.bias": "self_attn.o_proj.bias", "ffn_gate_inp.weight": "mlp.router.weight",
    "ffn_gate_inp.bias": "mlp.router.bias",
}
GRANITE_MOE = {"ffn_gate_inp.weight": "block_sparse_moe.router.layer.weight",
               "ffn_down_shexp.weight": "shared_mlp.output_linear.weight"}


def interleave(a, b, axis):
    """a0, b0, a1, b1 ... along that axis."""
    shape = list(a.shape)
    shape[axis] *= 2
    return np.stack([a, b], axis + 1).reshape(shape)


def joined(arch, prefix, layer):
    """What the hub has in one tensor; takes its parts out of the layer."""
    def take(*names):
        return [layer.pop(name) for name in names]

    out = {}
    if arch == "granitemoe":
        gate, up, down = take("ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight")
        out["block_sparse_moe.input_linear.weight"] = np.concatenate([gate, up], 1)
        out["block_sparse_moe.output_linear.weight"] = down
        if "ffn_gate_shexp.weight" in layer:
            out["shared_mlp.input_linear.weight"] = np.concatenate(
                take("ffn_gate_shexp.weight", "ffn_up_shexp.weight"), 0)
    elif arch == "gpt-oss":
        gate, up, down = take("ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight")
        both = interleave(gate, up, 1)
        out["mlp.experts.gate_up_proj"] = both.transpose(0, 2, 1)
        out["mlp.experts.down_proj"] = down.transpose(0, 2, 1)
        out["mlp.experts.gate_up_proj_bias"] = interleave(*take("ffn_gate_exps.bias", "ffn_up_exps.bias"), 1)
        out["mlp.experts.down_proj_bias"] = layer.pop("ffn_down_exps.bias")
    elif arch == "lfm2" and "shortconv.conv.weight" in layer:
        out["conv.conv.weight"] = layer.pop("shortconv.conv.weight")[:, None]
    elif arch == "deepseek2" and "attn_k_b.weight" in layer:
        k, v = take("attn_k_b.weight", "attn_v_b.weight")
        kv = np.concatenate([k.transpose(0, 2, 1), v], 1)
        out["self_attn.kv_b_proj.weight"] = kv.reshape(-1, kv.shape[-1])
    return {prefix + name: x for name, x in out.items()}


def unpermute(w, heads):
    """Neighbours back to halves: the inverse of what converters do for llama."""
    size = w.shape[0] // heads
    return w.reshape(heads, size // 2, 2, -1).swapaxes(1, 2).reshape(w.shape)


def to_hub(metadata, tensors):
    arch = metadata["general.architecture"]
    experts = metadata.get(f"{arch}.expert_count", 0)
    heads = metadata[f"{arch}.attention.head_count"]
    kv = metadata.get(f"{arch}.attention.head_count_kv", heads)
    permuted = arch in ("llama", "granite", "granitemoe", "smollm3")
    gemma = arch.startswith("gemma")
    names = LAYER | {"deepseek2": LATENT, "plm": LATENT, "lfm2": LFM2, "gpt-oss": GPT_OSS,
                     "granitemoe": GRANITE_MOE}.get(arch, GEMMA if gemma else {})
    out, tensors = {}, dict(tensors)
    for l in range(metadata[f"{arch}.block_count"]):
        start = f"blk.{l}."
        layer = {name[len(start):]: x for name, x in tensors.items() if name.startswith(start)}
        known = set(layer)
        out |= joined(arch, f"model.layers.{l}.", layer)
        for name in known - set(layer):
            del tensors[start + name]
    for name, x in tensors.items():
        if gemma and name.endswith("norm.weight"):
            x = x - np.float32(1)
        if not name.startswith("blk."):
            top = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
                   "output.weight": "lm_head.weight", "token_embd_norm.weight": "model.embedding_norm.weight"}
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
            out[prefix + names[rest]] = x
    return out


CLASSES = {
    "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
    "qwen3moe": "Qwen3MoeForCausalLM", "mixtral": "MixtralForCausalLM", "olmoe": "OlmoeForCausalLM",
    "phi3": "Phi3ForCausalLM", "gemma2": "Gemma2ForCausalLM", "gemma3": "Gemma3ForCausalLM",
    "granite": "GraniteForCausalLM", "granitemoe": "GraniteMoeForCausalLM", "lfm2": "Lfm2ForCausalLM",
    "deepseek2": "DeepseekV2ForCausalLM", "gpt-oss": "GptOssForCausalLM", "plm": "PLMForCausalLM", "smollm3": "SmolLM3ForCausalLM", "bitnet-b1.58": "BitNetForCausalLM",
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
        out = {"type": "yarn", "factor": factor, "original_max_position_embeddings": original}
        if a == "gpt-oss":
            out |= {"truncate": False, "beta_fast": 32.0, "beta_slow": 1.0}
        if f"{a}.rope.scaling.yarn_log_multiplier" in m:
            scale = m[f"{a}.rope.scaling.yarn_log_multiplier"] * 10
            out |= {"mscale": scale, "mscale_all_dim": scale}
        return out
    return None


def latent_config(m, a, c):
    """Either way that converters describe latent heads."""
    rotated = m[f"{a}.rope.dimension_count"]
    size = m.get(f"{a}.attention.key_length_mla", m[f"{a}.attention.key_length"])
    value = m.get(f"{a}.attention.value_length_mla", m[f"{a}.attention.value_length"])
    c.pop("head_dim")
    c.update(kv_lora_rank=m[f"{a}.attention.kv_lora_rank"], q_lora_rank=m.get(f"{a}.attention.q_lora_rank"),
             qk_nope_head_dim=size - rotated, qk_rope_head_dim=rotated, v_head_dim=value, attention_bias=False,
             num_key_value_heads=c["num_attention_heads"], hidden_act="relu2" if a == "plm" else "silu")


def deepseek_config(m, c):
    a = "deepseek2"
    third = m.get(f"{a}.expert_gating_func") == 2
    groups = m.get(f"{a}.expert_group_count", 1)
    c.pop("num_experts")
    c.update(architectures=["DeepseekV3ForCausalLM" if third else "DeepseekV2ForCausalLM"],
             n_routed_experts=m[f"{a}.expert_count"], n_shared_experts=m[f"{a}.expert_shared_count"],
             moe_intermediate_size=m[f"{a}.expert_feed_forward_length"], moe_layer_freq=1, n_group=groups,
             topk_group=m.get(f"{a}.expert_group_used_count", 1), norm_topk_prob=third,
             first_k_dense_replace=m[f"{a}.leading_dense_block_count"],
             routed_scaling_factor=m[f"{a}.expert_weights_scale"], scoring_func="sigmoid" if third else "softmax",
             topk_method="noaux_tc" if third else "group_limited_greedy" if groups > 1 else "greedy")
    if third:
        c["num_nextn_predict_layers"] = 1


def lfm2_config(m, c):
    counts = m["lfm2.attention.head_count_kv"]
    c.update(num_key_value_heads=max(counts), norm_eps=c.pop("rms_norm_eps"), conv_L_cache=m["lfm2.shortconv.l_cache"],
             conv_bias=False, block_ff_dim=3 * c.pop("intermediate_size") // 2 - 5, block_auto_adjust_ff_dim=True,
             block_ffn_dim_multiplier=1.0, block_multiple_of=8, tie_embedding=c.pop("tie_word_embeddings"),
             layer_types=["full_attention" if n else "conv" for n in counts])


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
        if name == "qwen3moe":
            c.update(decoder_sparse_step=1, mlp_only_layers=[])
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
    if a in ("plm", "deepseek2"):
        latent_config(m, a, c)
    if a == "deepseek2":
        deepseek_config(m, c)
    if a == "lfm2":
        lfm2_config(m, c)
    if a == "gpt-oss":
        c["num_local_experts"] = c.pop("num_experts")
        c.update(sliding_window=m[f"{a}.attention.sliding_window"], swiglu_limit=7.0, attention_bias=True,
                 layer_types=["full_attention" if l % 2 else "sliding_attention" for l in range(m[f"{a}.block_count"])])
    if a == "granitemoe":
        c["num_local_experts"] = c.pop("num_experts")
        if f"{a}.expert_shared_feed_forward_length" in m:
            c.update(architectures=["GraniteMoeSharedForCausalLM"],
                     shared_intermediate_size=m[f"{a}.expert_shared_feed_forward_length"])
    if a in ("granite", "granitemoe"):
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


def gptq(w, group, symmetric):
    """w: out × in. qweight int32 [in / 8, out], qzeros [groups, out / 8] (zero - 1), scales [groups, out]."""
    out, columns = w.shape
    parts = w.T.reshape(columns // group, group, out)
    low, high = parts.min(1), parts.max(1)
    if symmetric:
        high = np.maximum(high, -low)
        low = -high
    scale = np.maximum((high - low) / 15, 1e-6).astype(np.float16).astype(np.float32)
    zero = np.full(low.shape, 8) if symmetric else np.clip(np.round(-low / scale), 1, 15).astype(np.int64)
    q = np.clip(np.round(parts / scale[:, None]) + zero[:, None], 0, 15).astype(np.int64)
    exact = ((q - zero[:, None]) * scale[:, None]).reshape(columns, out).T
    q = q.reshape(columns, out)
    return q, zero, scale, exact.astype(np.float32)


def pack_rows(q):
    return sum(q[i::8] << 4 * i for i in range(8))


def pack_columns(q, order=range(8)):
    return sum(q[:, o::8] << 4 * i for i, o in enumerate(order))


def quantised(c, hub, method, symmetric=False, second=False, group=32, ordered=False):
    """The projections of the layers in 4 bits, and the float weights that they stand for; second: gptq_v2; ordered:
    act-order, whose groups are of columns in the order of a permutation, which g_idx says."""
    rng = np.random.default_rng(9)
    tensors, exact = {}, {}
    for name, x in hub.items():
        if "_proj.weight" not in name:
            tensors[name] = exact[name] = x
            continue
        stem = name[:-len("weight")]
        columns = x.shape[1]
        order = rng.permutation(columns) if ordered else np.arange(columns)
        sorted_q, zero, scale, sorted_exact = gptq(x[:, order], group, symmetric)
        q, exact[name], groups = np.empty_like(sorted_q), np.empty_like(sorted_exact), np.empty(columns, np.int64)
        q[order], exact[name][:, order], groups[order] = sorted_q, sorted_exact, np.arange(columns) // group
        if method == "gptq":
            tensors[stem + "qweight"] = int32(pack_rows(q))
            tensors[stem + "qzeros"] = int32(pack_columns(zero if second else zero - 1))
            tensors[stem + "g_idx"] = ("I32", groups.astype("<i4"))
        else:
            order = (0, 2, 4, 6, 1, 3, 5, 7)
            tensors[stem + "qweight"] = int32(pack_columns(q, order))
            tensors[stem + "qzeros"] = int32(pack_columns(zero, order))
        tensors[stem + "scales"] = ("F16", scale.astype("<f2"))
    c = dict(c, quantization_config={"quant_method": method, "bits": 4, "group_size": group, "desc_act": ordered,
                                     **({"checkpoint_format": "gptq_v2" if second else "gptq", "sym": symmetric}
                                        if method == "gptq" else {}),
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


FP4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]


def mxfp4(w):
    """w: experts × rows × columns, whose blocks of 32 columns are FP4 values times a power of two: blocks and scales."""
    parts = w.reshape(*w.shape[:2], -1, 32).astype(np.float64)
    codes, exponents = np.full(parts.shape, -1), np.zeros(parts.shape[:3], np.int64)
    for power in range(4, -12, -1):
        scaled = parts / 2.0 ** power
        code = np.full(parts.shape, -1)
        for i, value in enumerate(FP4):
            code[np.abs(scaled) == value] = i
        good = (code >= 0).all(-1) & (codes < 0).any(-1)
        code = np.where(np.signbit(scaled), code + 8, code)
        codes[good], exponents[good] = code[good], power
    assert (codes >= 0).all()
    return (codes[..., 0::2] | codes[..., 1::2] << 4).astype("u1"), (exponents + 127).astype("u1")


def four_bit_experts(c, hub):
    out = {}
    for name, x in hub.items():
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            blocks, scales = mxfp4(np.ascontiguousarray(x.transpose(0, 2, 1)))
            out[name + "_blocks"], out[name + "_scales"] = ("U8", blocks), ("U8", scales)
        else:
            out[name] = x
    return dict(c, quantization_config={"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.mlp.router"]
                                        }), out


def multimodal(c, hub):
    """A text model within a folder that has pictures too; its defaults are left out of config.json."""
    text = {k: v for k, v in c.items() if k not in ("architectures", "torch_dtype", "tie_word_embeddings")}
    for key, default in {"rms_norm_eps": 1e-6, "rope_theta": 1e6, "rope_local_base_freq": 1e4,
                         "attn_logit_softcapping": None, "final_logit_softcapping": None}.items():
        if text[key] == default:
            del text[key]
    out = {f"language_model.{name}": x for name, x in hub.items()}
    rng = np.random.default_rng(5)
    for name, shape in {"vision_tower.vision_model.embeddings.patch_embedding.weight": (8, 3, 2, 2),
                        "vision_tower.vision_model.encoder.layers.0.layer_norm1.bias": (8,),
                        "multi_modal_projector.mm_input_projection_weight": (8, 24)}.items():
        out[name] = rng.normal(size=shape).astype(np.float32)
    return {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "text_config": text,
            "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 8}, "torch_dtype": "float32",
            "vocab_size": c["vocab_size"]}, out


def with_draft_layer(hub, layers):
    """DeepSeek-V3's layer behind the last, which predicts the token after the next."""
    start = f"model.layers.{layers}."
    first = {start + n.split(".", 3)[3]: x for n, x in hub.items() if n.startswith(f"model.layers.{layers - 1}.")}
    width = hub["model.norm.weight"].shape[0]
    more = {start + "eh_proj.weight": np.ones((width, 2 * width), np.float32),
            start + "enorm.weight": np.ones(width, np.float32), start + "hnorm.weight": np.ones(width, np.float32)}
    return hub | first | more


def version_five(c):
    """config.json as version 5 of transformers writes it: dtype, and all of the rotation in rope_parameters, of
    Gemma 3 by kind of layer."""
    c = dict(c, transformers_version="5.0.0", dtype=c["torch_dtype"])
    del c["torch_dtype"]
    rope = dict(c.pop("rope_scaling", None) or {})
    rope = {"rope_theta": c.pop("rope_theta"), "rope_type": rope.pop("type", rope.pop("rope_type", "default"))} | rope
    for key in ("partial_rotary_factor", "original_max_position_embeddings"):
        if key in c:
            rope[key] = c.pop(key)
    if "rope_local_base_freq" in c:
        near = {"rope_type": "default", "rope_theta": c.pop("rope_local_base_freq")}
        rope = {"full_attention": rope, "sliding_attention": near}
    if c["model_type"] in ("gemma2", "gemma3"):
        period = {"gemma2": 2, "gemma3": 6}[c["model_type"]]
        c["layer_types"] = ["sliding_attention" if (l + 1) % period else "full_attention"
                            for l in range(c["num_hidden_layers"])]
    c["rope_parameters"] = rope
    return c


def packed(name, twin, change):
    """A folder with 4-bit or ternary weights, and those of its first layer as floats."""
    m, tensors = read_gguf(GOLDEN / f"{twin}.gguf")
    c, made, exact = change(config(m, tensors), to_hub(m, tensors))
    folder(name, c, made)
    write_safetensors(OUT / name / "expected.bin",
                      {n: typed(x, "F32") for n, x in exact.items() if ".0." in n and "_proj.weight" in n})
    if twin.startswith("tiny/"):
        reference(name, twin[len("tiny/"):], exact)


def reference(name, twin, exact):
    """Logits of the weights that a folder stands for, by the float64 forward pass of tiny-models.py."""
    path = pathlib.Path(__file__).with_name("tiny-models.py")
    spec = importlib.util.spec_from_file_location("tiny_models", path)
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    arch, heads, kv, size, scaling, _, _ = tiny.CASES[twin]
    names = {hub: mine for mine, hub in LAYER.items()}
    w = {}
    for hub, x in exact.items():
        top = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
               "lm_head.weight": "output.weight"}
        if hub in top:
            w[top[hub]] = x
            continue
        _, _, layer, rest = hub.split(".", 3)
        mine = names[rest]
        if arch == "llama" and mine.startswith(("attn_q.", "attn_k.")):
            n = heads if "attn_q" in mine else kv
            x = x.reshape(n, 2, size // 2, -1).swapaxes(1, 2).reshape(x.shape)
        w[f"blk.{layer}.{mine}"] = x
    ids = json.loads((GOLDEN / "tiny" / f"{twin}.json").read_text())["ids"]
    logits = tiny.forward(ids, w, arch, heads, kv, size, scaling)
    rows = {str(p): [round(float(v), 6) for v in logits[p]] for p in (0, 7, 79)}
    (OUT / name / "logits.json").write_text(json.dumps({"ids": ids, "logits": rows}) + "\n")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    plain = {
        "llama": ("tiny/llama", "F32", 2), "llama-llama3": ("tiny/llama-llama3", "F16", 1),
        "qwen2-yarn": ("tiny/qwen2-yarn", "BF16", 3), "qwen3": ("tiny/qwen3", "F32", 1),
        "mixtral": ("architectures/mixtral", "F32", 2), "olmoe": ("architectures/olmoe", "F32", 1),
        "phi3-longrope": ("architectures/phi3-longrope", "F32", 1), "gemma2": ("architectures/gemma2", "F32", 1),
        "gemma3": ("architectures/gemma3", "F32", 1), "granite": ("architectures/granite", "F32", 1),
        "smollm3": ("architectures/smollm3", "F32", 1), "qwen3moe": ("architectures/qwen3moe", "F32", 1),
        "granitemoe": ("architectures/granitemoe", "F32", 1), "lfm2": ("architectures/lfm2", "F32", 1),
        "granitemoe-shared": ("architectures/granitemoe-shared", "F32", 2), "plm": ("architectures/plm", "F32", 1),
        "deepseek2": ("architectures/deepseek2", "F32", 1), "gpt-oss": ("architectures/gpt-oss", "F32", 1),
        "llama-bias": ("architectures/llama-bias", "F32", 1),
        "deepseek2-lite": ("architectures/deepseek2-lite", "F32", 1),
    }
    for name, (twin, dtype, shards) in plain.items():
        m, tensors = read_gguf(GOLDEN / f"{twin}.gguf")
        folder(name, config(m, tensors), to_hub(m, tensors), dtype, shards)
    m, tensors = read_gguf(GOLDEN / "tiny" / "llama.gguf")
    folder("mistral", dict(config(m, tensors), architectures=["MistralForCausalLM"], model_type="mistral",
                           sliding_window=100), to_hub(m, tensors))
    for name in ("phi3-longrope", "gemma3", "gemma2", "gpt-oss"):
        m, tensors = read_gguf(GOLDEN / "architectures" / f"{name}.gguf")
        folder(f"{name}-v5", version_five(config(m, tensors)), to_hub(m, tensors))
    m, tensors = read_gguf(GOLDEN / "architectures" / "gemma3.gguf")
    folder("gemma3-pictures", *multimodal(config(m, tensors), to_hub(m, tensors)))
    m, tensors = read_gguf(GOLDEN / "architectures" / "deepseek2-v3.gguf")
    c = config(m, tensors)
    folder("deepseek2-v3", c, with_draft_layer(to_hub(m, tensors), c["num_hidden_layers"]))
    m, tensors = read_gguf(GOLDEN / "architectures" / "gpt-oss-mx.gguf")
    folder("gpt-oss-mx", *four_bit_experts(config(m, tensors), to_hub(m, tensors)))
    packed("qwen3-gptq", "tiny/qwen3", lambda c, hub: quantised(c, hub, "gptq"))
    packed("qwen3-awq", "tiny/qwen3", lambda c, hub: quantised(c, hub, "awq"))
    packed("llama-gptq-sym", "tiny/llama", lambda c, hub: quantised(c, hub, "gptq", symmetric=True))
    packed("qwen3-gptq-v2", "tiny/qwen3", lambda c, hub: quantised(c, hub, "gptq", symmetric=True, second=True))
    packed("qwen3-gptq-act", "tiny/qwen3", lambda c, hub: quantised(c, hub, "gptq", ordered=True))
    packed("qwen3-gptq-16", "tiny/qwen3", lambda c, hub: quantised(c, hub, "gptq", group=16))
    packed("bitnet", "architectures/bitnet-b1.58", lambda c, hub: bitnet(dict(c, hidden_act="relu2"), hub))


if __name__ == "__main__":
    main()
