"""The rules that the demo model imitates: places, limits, and the verdict that follows from a list of readings.

A reading is (sensor, value, trend or None); `triage` computes the exact answer. Pure Python, ASCII only.
"""
import json

# sensor -> (short name, unit, decimals, physical minimum, physical maximum)
NUMERIC = {
    "temperature": ("temp", "C", 1, -45.0, 110.0),
    "humidity": ("hum", "%", 0, 2, 99),
    "pressure": ("pressure", "hPa", 0, 400, 2600),
    "co2": ("co2", "ppm", 0, 200, 4900),
    "vibration": ("vib", "mm/s", 1, 0.1, 17.9),
    "battery": ("batt", "V", 2, 2.50, 4.20),
}
BOOLEAN = {  # short, quiet word, alarm word
    "door": ("door", "closed", "open"),
    "motion": ("motion", "no", "yes"),
    "leak": ("leak", "no", "yes"),
}
BOOL_REASON = {"door": "door is open", "motion": "motion detected", "leak": "water leak detected"}
# ties in severity go to the first of these
PRIORITY = ["leak", "temperature", "pressure", "vibration", "co2", "humidity", "door", "motion", "battery"]

PROFILES = {
    "cold store": {
        "temperature": (-3.0, -1.0, 2.5, 4.0), "humidity": (50, 65, 90, 96),
        "battery": (3.00, 3.30, None, None), "door": "warning", "motion": "ok"},
    "freezer": {
        "temperature": (-34.0, -28.0, -16.0, -10.0), "humidity": (None, None, 70, 85),
        "battery": (3.10, 3.40, None, None), "door": "critical", "motion": "ok"},
    "greenhouse": {
        "temperature": (5.0, 14.0, 32.0, 40.0), "humidity": (25, 40, 85, 95),
        "co2": (None, None, 1500, 3000), "battery": (3.00, 3.30, None, None), "leak": "warning", "door": "ok"},
    "server rack": {
        "temperature": (5.0, 12.0, 30.0, 38.0), "humidity": (10, 25, 60, 80),
        "vibration": (None, None, 2.0, 5.0), "door": "warning", "motion": "warning", "leak": "critical"},
    "boiler room": {
        "temperature": (2.0, 8.0, 45.0, 60.0), "pressure": (700, 900, 1600, 2000),
        "co2": (None, None, 1000, 2500), "vibration": (None, None, 4.5, 7.0), "leak": "critical"},
    "workshop": {
        "temperature": (3.0, 10.0, 33.0, 42.0), "vibration": (None, None, 6.0, 11.0),
        "co2": (None, None, 1200, 3000), "humidity": (None, None, 75, 90), "motion": "ok", "door": "ok"},
    "office": {
        "temperature": (10.0, 17.0, 27.0, 35.0), "humidity": (15, 30, 65, 85),
        "co2": (None, None, 1000, 2000), "battery": (3.00, 3.30, None, None), "leak": "critical", "motion": "ok"},
    "pump house": {
        "temperature": (1.0, 4.0, 40.0, 55.0), "pressure": (600, 800, 1400, 1800),
        "vibration": (None, None, 3.5, 6.5), "battery": (3.10, 3.40, None, None),
        "leak": "critical", "door": "warning"},
}
# critical events that switch the device off: (kind, sensor, side)
SHUTDOWN = {
    ("server rack", "temperature", "high"), ("server rack", "leak", "on"),
    ("boiler room", "temperature", "high"), ("boiler room", "pressure", "high"), ("boiler room", "co2", "high"),
    ("workshop", "vibration", "high"),
    ("pump house", "vibration", "high"), ("pump house", "pressure", "high"),
}
LOCATIONS = {
    "cold store": ["cold store", "cold store 1", "cold store 2", "cold store 3", "cold store 4"],
    "freezer": ["freezer", "freezer 1", "freezer 2", "freezer 3"],
    "greenhouse": ["greenhouse 1", "greenhouse 2", "greenhouse 3", "greenhouse 4", "greenhouse 5"],
    "server rack": ["server rack A", "server rack B", "server rack C", "server rack D"],
    "boiler room": ["boiler room", "boiler room 1", "boiler room 2"],
    "workshop": ["workshop", "workshop north", "workshop south"],
    "office": ["office", "office 1", "office 2", "office 3", "office 4"],
    "pump house": ["pump house", "pump house east", "pump house west"],
}
KINDS = list(PROFILES)
SEVERITY = {"ok": 0, "warning": 1, "critical": 2}
TRENDS = ["rising", "falling", "steady"]
SYSTEM = "You triage sensor readings."


def fmt(sensor, value):
    """Figure with its unit, as both the prompt and the reason write it."""
    _, unit, dec, _, _ = NUMERIC[sensor]
    return f"{value:.{dec}f}{unit}"


def judge(kind, sensor, value):
    """-> (status, side, limit) of one reading; value is a number, or True/False for booleans."""
    rule = PROFILES[kind][sensor]
    if sensor in BOOLEAN:
        return (rule, "on", None) if value and rule != "ok" else ("ok", None, None)
    lo_c, lo_w, hi_w, hi_c = rule
    if hi_c is not None and value > hi_c:
        return "critical", "high", hi_c
    if lo_c is not None and value < lo_c:
        return "critical", "low", lo_c
    if hi_w is not None and value > hi_w:
        return "warning", "high", hi_w
    if lo_w is not None and value < lo_w:
        return "warning", "low", lo_w
    return "ok", None, None


def triage(kind, readings):
    """readings: list of (sensor, value, trend or None) -> dict, the exact answer."""
    worst = None
    for sensor, value, trend in readings:
        status, side, limit = judge(kind, sensor, value)
        key = (-SEVERITY[status], PRIORITY.index(sensor))
        if status != "ok" and (worst is None or key < worst[0]):
            worst = (key, status, sensor, value, trend, side, limit)
    if worst is None:
        n = len(readings)
        return {"status": "ok", "sensor": "none",
                "reason": f"all {n} readings within limits" if n > 1 else "reading within limits", "action": "none"}
    _, status, sensor, value, trend, side, limit = worst
    if sensor in BOOLEAN:
        reason = BOOL_REASON[sensor]
    else:
        reason = f"{fmt(sensor, value)} {'above' if side == 'high' else 'below'} limit {fmt(sensor, limit)}"
    if status == "critical":
        action = "shutdown" if (kind, sensor, side) in SHUTDOWN else "notify"
    else:
        worsening = (side, trend) in {("high", "rising"), ("low", "falling")}
        action = "notify" if worsening else "log"
    return {"status": status, "sensor": sensor, "reason": reason, "action": action}


def dumps(obj):
    return json.dumps(obj, separators=(",", ":"))
