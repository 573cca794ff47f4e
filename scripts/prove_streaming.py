#!/usr/bin/env python3
"""scripts/prove_streaming.py FOLDER CLAIM NAME...: judges what scripts/prove-streaming measured, a line a claim."""
import json
import sys

folder, claim, *names = sys.argv[1:]


def load(name):
    with open(f"{folder}/{name}.json") as file:
        return json.load(file)


def say(holds, **figures):
    """A line; numbers with four digits behind the point. None: there is no bar."""
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"claim": claim, "row": names[0] if names else claim, **rounded, "holds": holds}), flush=True)


def stream(name, resident):
    """Budget, storage, overlap: what every streamed row must hold. Bytes of decoding over its time is the achieved
    rate; C is the time of a token when nothing is read, I that of its bytes."""
    report, at_rest = load(name), load(resident)
    limits, s = report["limits"], report["streaming"]
    read = s["bytes_per_decoded_token"]
    used = report["decode_tps"] * read / limits["raw"]
    compute, reading = 1 / at_rest["decode_tps"], read / limits["raw"]
    overlap_bar = max(0, reading - compute) / reading + 0.10
    say(limits["peak_charged"] <= limits["budget"] * 1.05 and used >= 0.90
        and s["stall_ms"] / s["read_ms"] <= overlap_bar,
        model_bytes=limits["model"], budget_bytes=limits["budget"], peak_charged_bytes=limits["peak_charged"],
        peak_rss_bytes=report["peak_rss_bytes"], tokens_per_second=report["decode_tps"], bytes_per_token=read,
        hit_rate=s["hit_rate"], foreseen=s["foreseen"], raw_bytes_per_second=limits["raw"], storage_used=used,
        storage_used_bar=0.90, stall_share_of_reading=s["stall_ms"] / s["read_ms"], overlap_bar=overlap_bar)


def main():
    if claim == "routing":
        routing = load("routing")
        del routing["reuse_distance_shares_by_power_of_two"]
        say(None, **routing)
    elif claim == "stream":
        stream(*names)
    elif claim == "fewer-bytes":
        ours, other = (load(n)["streaming"]["bytes_per_decoded_token"] for n in names)
        say(ours <= other, bytes_per_token=ours, lru_bytes_per_token=other, ratio=ours / other)
    elif claim == "replayed-bytes":
        # The same trace through every policy: what the default and lru read, and the least that any could.
        rows = {row["policy"].split(":")[0]: row for row in load(names[0])["rows"]}
        ours, other = rows["reload"], rows["lru"]
        say(ours["bytes_per_token"] <= other["bytes_per_token"], tokens=ours["tokens"],
            budget_bytes=ours["budget_bytes"], bytes_per_token=ours["bytes_per_token"],
            lru_bytes_per_token=other["bytes_per_token"], belady_bytes_per_token=ours["belady_bytes_per_token"])
    elif claim == "against-public":
        try:
            public = load(names[1])[0]["avg_ts"]
        except FileNotFoundError:
            say(None, reason="LLAMA_BENCH names no engine to compare with")
            return
        ours = load(names[0])["decode_tps"]
        say(ours >= float(names[2]) * public, tokens_per_second=ours, public_tokens_per_second=public,
            ratio=ours / public, bar=float(names[2]))
    elif claim == "faster":
        report = load(names[0])
        ours, s, other = report["decode_tps"], report["streaming"], load(names[1])["decode_tps"]
        say(ours >= float(names[2]) * other, tokens_per_second=ours, exact_tokens_per_second=other, ratio=ours / other,
            bar=float(names[2]), bytes_per_token=s["bytes_per_decoded_token"], degraded=s["degraded"],
            late=s["late"], dropped=s["dropped"])
    elif claim == "accuracy":
        ours, exact = (load(n) for n in names)
        loss = 100 * (exact["exact_all"] - ours["exact_all"])
        say(loss <= 1, rows=ours["rows"], exact_all=ours["exact_all"], of_exact_mode=exact["exact_all"],
            points_lost=loss, bar=1)
    elif claim == "survives":
        report = load(names[0]) if names[1] == "0" else {"streaming": {}}
        s = report["streaming"]
        say(names[1] == "0" and s["failures"] == 0, exit_code=int(names[1]), failures=s.get("failures"),
            tokens_per_second=report.get("decode_tps"))
    elif claim == "same-bytes":
        one, other = (open(f"{folder}/{n}.f32", "rb").read() for n in names)
        say(one == other and len(one) > 0, bytes=len(one))
    elif claim == "speculation":
        drafts = load(names[0])["drafts"]
        say(drafts["speedup"] >= 2 and drafts["identical"], bar=2, **drafts)
    else:
        sys.exit(f"prove_streaming.py: no claim '{claim}'")


main()
