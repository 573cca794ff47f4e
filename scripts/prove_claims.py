#!/usr/bin/env python3
"""scripts/prove_claims.py EDGE FOLDER CLAIM: judges one claim of scripts/prove-claims, a JSON line a row.

Drives the native binary EDGE; what it compares with is computed here or stands in tests/golden/demo-model. FOLDER holds
what the shell script measured. Exit status 1 when a bar does not hold. Standard library only."""
import json
import math
import os
import struct
import subprocess
import sys

EDGE, FOLDER, CLAIM = sys.argv[1:]
DEMO = "tests/golden/demo-model"
F16 = os.environ.get("F16", "artifacts/demo-model/sensor-triage-moe-f16.gguf")
SCHEMA = "devices/schemas/sensor-verdict.json"
VOCABULARY = 768
MIXED_BITS = 3.0
failed = False


def say(holds, **figures):
    """One row. holds None: no bar, or nothing to judge."""
    global failed
    failed |= holds is False
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"claim": CLAIM, **rounded, "holds": holds}), flush=True)


def run(*arguments):
    """Standard output; a failure ends the proof with the binary's own words."""
    done = subprocess.run([EDGE, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"prove-claims: edge {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def logits(model, *arguments):
    out = f"{FOLDER}/logits.f32"
    run("logits", "--model", model, "--out", out, *arguments)
    with open(out, "rb") as file:
        raw = file.read()
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def demo_file(kind):
    return F16 if kind == "f16" else f"{DEMO}/sensor-triage-moe-{kind}.gguf"


def has_f16(row):
    if os.path.exists(F16):
        return True
    say(None, row=row, reason=f"{F16} is absent: scripts/demo-model/make makes it in 33 minutes, or F16=FILE names it")
    return False


def rows():
    with open(f"{DEMO}/eval.jsonl") as file:
        return [json.loads(line) for line in file]


def chat(prompt):
    return f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"


def reference(kind):
    """Token ids, logits and likeliest token of PyTorch, for ten prompts. Beside an F16 file made on another machine,
    whose training may have rounded otherwise, stand its own."""
    folder = os.path.join(os.path.dirname(demo_file(kind)), "reference")
    if not os.path.exists(f"{folder}/logits-{kind}.bin"):
        folder = f"{DEMO}/reference"
    with open(f"{folder}/logits-{kind}.json") as file:
        prompts = json.load(file)["prompts"]
    with open(f"{folder}/logits-{kind}.bin", "rb") as file:
        raw = file.read()
    return [(p["ids"], struct.unpack_from(f"<{p['logits_count']}f", raw, p["logits_offset_bytes"]), p["argmax"])
            for p in prompts]


def fidelity():
    for kind, kv, bar, path in [("f16", "f32", 2e-3, []), ("f16", "f16", 3e-2, []), ("q8_0", "f32", 2e-3, ["--float"]),
                                ("q8_0", "f16", 3e-2, ["--float"]), ("q4_0", "f32", 2e-3, ["--float"]),
                                ("q4_0", "f16", 3e-2, ["--float"])]:
        row = f"{kind} file, {kv} KV"
        if kind == "f16" and not has_f16(row):
            continue
        worst, agreed, prompts = 0.0, 0, reference(kind)
        for ids, wanted, argmax in prompts:
            ours = logits(demo_file(kind), "--tokens", ",".join(map(str, ids)), "--kv", kv, *path)
            worst = max(worst, max(abs(a - b) for a, b in zip(ours, wanted, strict=True)))
            agreed += ours.index(max(ours)) == argmax
        say(worst <= bar and agreed == len(prompts), row=row, path="float" if path else "as served",
            prompts=len(prompts), max_abs_difference=worst, same_argmax=agreed, bar=bar)
    for kind, name in [("q8_0", "its own weights in float32")] + [("f16", "the F16 file")] * os.path.exists(F16):
        kl = [value for row in rows() for value in divergences(kind, chat(row["prompt"]))]
        mean = sum(kl) / len(kl)
        say(mean <= 1e-3, row=f"q8_0 as served against {name}", positions=len(kl), mean_kl=mean,
            max_kl=max(kl), bar=1e-3)


def divergences(kind, prompt):
    """KL(PyTorch's path || as served) at every position: the end of a prompt alone leaves no doubt to differ in."""
    ours = logits(demo_file("q8_0"), "--prompt", prompt, "--all")
    theirs = logits(demo_file(kind), "--prompt", prompt, "--all", "--float", "--kv", "f32")
    for at in range(0, len(ours), VOCABULARY):
        p, q = log_softmax(theirs[at:at + VOCABULARY]), log_softmax(ours[at:at + VOCABULARY])
        yield max(0.0, math.fsum(math.exp(a) * (a - b) for a, b in zip(p, q, strict=True)))


def log_softmax(x):
    highest = max(x)
    total = highest + math.log(math.fsum(math.exp(v - highest) for v in x))
    return [v - total for v in x]


def accuracy(model):
    return json.loads(run("eval", "--model", model, "--data", f"{DEMO}/eval.jsonl", "--json"))


def usefulness():
    with open(f"{DEMO}/accuracy.json") as file:
        card = json.load(file)["files"]
    for kind in ("q4_0", "q8_0", "f16"):
        if kind == "f16" and not has_f16("f16"):
            continue
        report = accuracy(demo_file(kind))
        points = 100 * abs(report["exact_all"] - card[kind]["eval"]["json_exact"])
        say(points <= 0.5 and report["rows"] == 500, row=kind, rows=report["rows"], exact_all=report["exact_all"],
            card=card[kind]["eval"]["json_exact"], points_apart=points, bar=0.5)


def no_twins(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def no_number(text):
    raise ValueError(f"{text} is no JSON number")


def satisfies(value, schema):
    """The keywords of the schema at hand; another one is an error here, not a pass."""
    known = {"type", "properties", "enum", "maxLength", "required", "additionalProperties"}
    if set(schema) - known:
        sys.exit(f"prove-claims: the checker does not know {set(schema) - known}")
    if "enum" in schema and value not in schema["enum"]:
        return False
    if schema.get("type") == "string":
        return isinstance(value, str) and len(value) <= schema.get("maxLength", math.inf)
    if schema.get("type") == "object":
        properties = schema["properties"]
        return (isinstance(value, dict) and all(key in value for key in schema.get("required", []))
                and (schema.get("additionalProperties", True) or set(value) <= set(properties))
                and all(satisfies(value[key], properties[key]) for key in value if key in properties))
    return True


def constrained():
    with open(SCHEMA) as file:
        schema = json.load(file)
    parsed, valid, replies, cut = 0, 0, set(), 0
    # 57 tokens surely hold the shortest reply: some of the replies must hurry to close.
    for seed, row in enumerate(rows()):
        reply = json.loads(run("ask", "--model", demo_file("q4_0"), "--prompt", row["prompt"], "--schema", SCHEMA,
                               "--temperature", 1.2, "--seed", seed, "--max-tokens", 57 + seed % 60, "--json"))
        replies.add(reply["text"])
        cut += reply["finish_reason"] != "stop"
        try:
            value = json.loads(reply["text"], object_pairs_hook=no_twins, parse_constant=no_number)
        except ValueError:
            continue
        parsed += 1
        valid += satisfies(value, schema)
    # As many different replies as chance gives: a checker of one reply would prove little.
    say(parsed == valid == seed + 1 and len(replies) > 100, prompts=seed + 1, temperature=1.2, parse=parsed,
        validate=valid, different=len(replies), ended_otherwise=cut, bar=seed + 1)


def memory():
    for kind in ("q4_0", "q8_0"):
        report = json.loads(run("bench", "--model", demo_file(kind), "--prompt-tokens", 64, "--gen-tokens", 200,
                                "--json"))
        say(report["alloc_bytes_per_token"] == 0, row=kind, tokens=report["gen_tokens"] * report["repeat"],
            alloc_bytes_per_token=report["alloc_bytes_per_token"], bar=0)


def measured(name):
    with open(f"{FOLDER}/{name}.json") as file:
        return json.load(file)


def footprint():
    report = measured("footprint")
    say(report["binary_bytes"] <= 15e6, row="binary", bytes=report["binary_bytes"], bar=15_000_000)
    say(report["idle_rss_bytes"] <= 60e6, row="idle agent", rss_bytes=report["idle_rss_bytes"], bar=60_000_000)
    say(report["start_to_online_ms"] <= 300, row="start to online", milliseconds=report["start_to_online_ms"],
        least=report["start_to_online_ms_min"], most=report["start_to_online_ms_max"], bar=300)


def idle():
    report = measured("footprint")
    say(report["idle_cpu_percent"] <= 0.2, cpu_percent=report["idle_cpu_percent"], seconds=report["idle_seconds"],
        bar=0.2)


def packed(name, *arguments):
    """Packs the demo model; returns the file, its forecast size and its accuracy."""
    source = demo_file("f16" if os.path.exists(F16) else "q8_0")
    out = f"{FOLDER}/demo-{name}.gguf"
    if os.path.exists(out):
        os.remove(out)
    common = ["pack", "--model", source, "--out", out, "--json", *arguments]
    forecast = json.loads(run(*common, "--dry-run"))["out_bytes"]
    run(*common)
    return out, forecast, accuracy(out), accuracy(source), os.path.basename(source)


def judge_pack(row, bar, *arguments):
    out, forecast, ours, theirs, source = packed(row, *arguments)
    size = os.path.getsize(out)
    lost = 100 * (theirs["exact_all"] - ours["exact_all"])
    off = 100 * abs(size - forecast) / forecast
    say(None if bar is None else lost <= bar and off <= 2, row=row, source=source, exact_all=ours["exact_all"],
        of_source=theirs["exact_all"], points_lost=lost, bar=bar, bytes=size, forecast_bytes=forecast,
        percent_off_forecast=off, bar_forecast=2)
    return size


def pack():
    judge_pack("digits4", 0.5, "--type", "digits4")
    count = json.loads(run("inspect", demo_file("q8_0"), "--json"))["parameters"]
    target = int(count * MIXED_BITS / 8)
    size = judge_pack("mixed", 3, "--type", "mixed", "--target-bytes", target)
    # "Predicted" of a mixed file is the size that was asked for.
    say(size <= target and size >= 0.98 * target, row="mixed, size", target_bytes=target, bytes=size,
        bits_per_weight=8 * size / count, bar=MIXED_BITS)


def reported():
    for kind in ("digits3", "digits2", "ternary", "digits2+2"):
        judge_pack(kind, None, "--type", kind)


def tokenizers():
    for row in measured("tokenizers"):
        say(row["mb_per_processor_s"] >= 5, row=row["tokenizer"], mb_per_processor_s=row["mb_per_processor_s"],
            mb_per_s=row["mb_per_s"], least=row["mb_per_s_min"],
            most=row["mb_per_s_max"], vocabulary=row["vocabulary"], build="Edge.Bench, just in time", bar=5)


def speed():
    for kind in ("Q4_0", "digits2"):
        report = measured(f"speed-{kind}")
        share = report["decode_bytes_per_second"] / report["memory_bytes_per_second"]
        say(share >= 0.75, row=f"{kind}: share of memory bandwidth in decode", share=share, bar=0.75, first_mark=0.5,
            decode_tps=report["decode_tps"], memory_bytes_per_second=report["memory_bytes_per_second"],
            threads=report["threads"])
        ratio = report["prefill_tps"] / report["decode_tps"]
        say(ratio >= 8, row=f"{kind}: prefill of 512 over decode", ratio=ratio, bar=8, first_mark=4,
            prefill_tps=report["prefill_tps"], decode_tps=report["decode_tps"], kernel_set=report["kernel_set"])


globals()[CLAIM]()
sys.exit(1 if failed else 0)
