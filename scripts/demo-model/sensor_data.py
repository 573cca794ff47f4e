"""Synthetic sensor-triage rows: deterministic sampling, nothing but `random` seeded by the caller and CRC-32.

A row is a one-line text of readings of one device and the JSON reply that `sensor_rules.triage` computes.

train     any row whose (location, ordered sensor list) signature is not reserved, which holds no reserved value, and
          whose prompt is in neither eval nor held-out.
eval      the same distribution, another seed, no prompt shared.
held-out  only rows whose signature is reserved and which hold at least one reserved value: a (kind, sensor, figure)
          triple that training never shows. The words and digits are the same.
"""
import random
import zlib

from sensor_rules import BOOLEAN, KINDS, LOCATIONS, NUMERIC, PROFILES, TRENDS, fmt, triage


def reserved_value(kind, sensor, value):
    return sensor in NUMERIC and zlib.crc32(f"{kind}|{fmt(sensor, value)}|{sensor}".encode()) % 13 == 0


def reserved_signature(location, sensors):
    return zlib.crc32(f"{location}|{','.join(sensors)}".encode()) % 6 == 0


def bands(kind, sensor):
    """status -> list of (low, high) integer ranges in units of the last decimal, both ends included."""
    _, _, dec, pmin, pmax = NUMERIC[sensor]
    u = lambda x: round(x * 10 ** dec)
    lo_c, lo_w, hi_w, hi_c = [None if x is None else u(x) for x in PROFILES[kind][sensor]]
    lo, hi = u(pmin), u(pmax)
    if sensor == "temperature":  # keep it plausible for the place
        lo, hi = max(lo, lo_c - 150), min(hi, hi_c + 300)
    if sensor == "pressure":
        lo, hi = max(lo, lo_c - 200), min(hi, hi_c + 500)
    out = {"ok": [(lo if lo_w is None else lo_w, hi if hi_w is None else hi_w)], "warning": [], "critical": []}
    if lo_w is not None:
        out["warning"].append((lo_c, lo_w - 1))
        out["critical"].append((lo, lo_c - 1))
    if hi_w is not None:
        out["warning"].append((hi_w + 1, hi_c))
        out["critical"].append((hi_c + 1, hi))
    return {k: [(a, b) for a, b in v if a <= b] for k, v in out.items()}


def sample_value(rng, kind, sensor, status):
    dec = NUMERIC[sensor][2]
    a, b = rng.choice(bands(kind, sensor)[status])
    r = rng.random()
    span = b - a
    near = max(1, min(span, round(span * 0.15)))
    if r < 0.2:
        v = a + rng.randint(0, near)
    elif r < 0.4:
        v = b - rng.randint(0, near)
    else:
        v = rng.randint(a, b)
    return v / 10 ** dec


def possible(kind, sensor, status):
    if status == "ok":
        return True
    if sensor in BOOLEAN:
        return PROFILES[kind][sensor] == status
    return bool(bands(kind, sensor)[status])


def render(location, readings, style):
    parts = []
    for sensor, value, trend in readings:
        if sensor in BOOLEAN:
            short, off, on = BOOLEAN[sensor]
            text = on if value else off
        else:
            short, text = NUMERIC[sensor][0], fmt(sensor, value)
        eq = "=" if style == 1 else " "
        parts.append(f"{short}{eq}{text}" + (f" {trend}" if trend else ""))
    if style == 1:
        return f"loc={location}; " + "; ".join(parts)
    if style == 2:
        return f"{location} | " + " | ".join(parts)
    return f"{location}: " + ", ".join(parts)


def sample_row(rng, split, counts=(2, 3, 4, 5, 6), kinds=None):
    """One row of `split` ('train' | 'eval' | 'heldout'): (prompt, answer dict)."""
    while True:
        kind = rng.choice(kinds or KINDS)
        location = rng.choice(LOCATIONS[kind])
        avail = list(PROFILES[kind])
        n = min(rng.choice(counts), len(avail))
        sensors = rng.sample(avail, n)
        sig = reserved_signature(location, sensors)
        if sig != (split == "heldout") and (n > 1 or split == "heldout"):
            continue
        target = rng.choice(["ok", "warning", "critical"])
        cands = [s for s in sensors if possible(kind, s, target)]
        if not cands:
            continue
        chosen = rng.choice(cands)
        readings, ok = [], True
        for s in sensors:
            if s == chosen:
                st = target
            elif target == "ok" or rng.random() < 0.68:
                st = "ok"
            elif target == "warning" or rng.random() < 0.6:
                st = "warning"
            else:
                st = "critical"
            if not possible(kind, s, st):
                st = "ok"
            if s in BOOLEAN:
                # an alarm word may also be harmless for this kind of place
                v = st != "ok" or (PROFILES[kind][s] == "ok" and rng.random() < 0.5)
                readings.append((s, v, None))
                continue
            v = sample_value(rng, kind, s, st)
            trend = rng.choice(TRENDS) if rng.random() < 0.5 else None
            readings.append((s, v, trend))
        res = [reserved_value(kind, s, v) for s, v, _ in readings if s in NUMERIC]
        if split == "heldout":
            ok = any(res)
        else:
            ok = not any(res)
        if not ok:
            continue
        style = rng.choices([0, 1, 2], [0.6, 0.2, 0.2])[0]
        return render(location, readings, style), triage(kind, readings)


def fixed_set(split, n, seed, forbid=()):
    rng, seen, rows = random.Random(seed), set(forbid), []
    while len(rows) < n:
        p, a = sample_row(rng, split)
        if p not in seen:
            seen.add(p)
            rows.append((p, a))
    return rows
