"""The body of scripts/prove-sandbox: the main job in the unit's sandbox, then what the sandbox must refuse."""
import json
import os
import shutil
import signal
import sys
import tempfile

import impose
import job
import probes
import seccomp
from unit import Unit

REPLIES = 5


def lay_out(tree, edge, port):
    """The package's files, as packaging/debian installs them, and an operator's conf.d."""
    with open("packaging/defaults.json", encoding="utf-8") as file:
        model = json.load(file)["model"]
    files = [(edge, "/usr/bin/edge"), ("packaging/defaults.json", "/usr/share/edge-agent/defaults.json"),
             (job.MODEL, model)]
    for source, target in files:
        os.makedirs(os.path.dirname(tree + target), exist_ok=True)
        shutil.copy(source, tree + target)
    os.makedirs(f"{tree}/etc/edge-agent/conf.d")
    with open(f"{tree}/etc/edge-agent/conf.d/proof.json", "w", encoding="ascii") as file:
        json.dump({"node": "proof", "mqtt": {"port": port}, "telemetrySeconds": 2}, file)


def status_of(process):
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def limit_of(process, name):
    with open(f"/proc/{process}/limits", encoding="ascii") as file:
        row = next(line for line in file if line.startswith(name))
    return row[len(name):].split()[0]


def check_process(tally, box, process):
    """What the kernel says of the running agent."""
    unit, status = box.unit, status_of(process)
    tally.claim(status["Uid"].split()[0] == str(box.uid) and box.uid != 0, f"User: it runs as user {box.uid}, not root",
                status["Uid"])
    tally.claim(status["Gid"].split()[0] == str(box.gid), f"Group: it runs as group {box.gid}", status["Gid"])
    tally.claim(status["NoNewPrivs"] == "1", "NoNewPrivileges: the kernel says so")
    capabilities = {"CapabilityBoundingSet": ("CapBnd", "CapEff", "CapPrm"), "AmbientCapabilities": ("CapAmb",)}
    for name, fields in capabilities.items():
        tally.claim(unit.text(name) == "" and all(int(status[field], 16) == 0 for field in fields),
                    f"{name}: no capability is left", str({field: status[field] for field in fields}))
    count = int(status.get("Seccomp_filters", len(box.filters)))
    tally.claim(count == len(box.filters) and status["Seccomp"] == "2",
                f"seccomp: {count} filters are on it: {', '.join(box.filters)}", str(len(box.filters)))
    tally.claim(int(status["Umask"], 8) == int(unit.text("UMask", "0022"), 8), f"UMask: {status['Umask']}")
    for name, row in (("LimitMEMLOCK", "Max locked memory"), ("LimitCORE", "Max core file size")):
        if unit.has(name) and name not in box.not_imposed:
            value = limit_of(process, row)
            tally.claim(value == {"infinity": "unlimited"}.get(unit.text(name), unit.text(name)), f"{name}: {value}")
    if unit.has("OOMScoreAdjust"):
        with open(f"/proc/{process}/oom_score_adj", encoding="ascii") as file:
            value = file.read().strip()
        tally.claim(value == unit.text("OOMScoreAdjust"), f"OOMScoreAdjust: {value}")
    for controller, folder in box.groups.items():
        with open(f"{folder}/cgroup.procs", encoding="ascii") as file:
            tally.claim(str(process) in file.read().split(), f"it is in the {controller} control group of the proof")


def run_job(tally, box, broker, work):
    """Broker, agent and simulated sensor; every reply must satisfy the schema."""
    notify, log = job.NotifySocket(), os.path.join(work, "agent.log")
    watchdog_us = int(box.unit.seconds("WatchdogSec", 0) * 1e6)
    process = box.start(box.unit.text("ExecStart").split(), box.environment(notify.address, watchdog_us), log)
    try:
        ready = notify.wait("READY", lambda: job.is_alive(process))
        if not tally.claim(ready, "ExecStart: the native binary starts in the sandbox and says READY=1",
                           "\n" + job.tail(log)):
            return
        tally.claim(notify.wait("WATCHDOG", lambda: job.is_alive(process)), "WatchdogSec: it says WATCHDOG=1")
        check_process(tally, box, process)
        printed = os.path.join(work, "sense.out")
        sensor = box.start(
            ["/usr/bin/edge", "sense", "--simulate", "--json", "--broker", f"127.0.0.1:{broker.port}",
             "--node", "proof", "--count", str(REPLIES), "--interval", "0.2", "--timeout", str(job.LIMIT_S)],
            box.environment(), os.path.join(work, "sense.log"), printed)
        _, status = os.waitpid(sensor, 0)
        with open(printed, encoding="utf-8") as file:
            reports = [json.loads(line) for line in file if line.strip()]
        valid = [report for report in reports if report["valid"]]
        for report in valid:
            tally.note(f"{report['reading']} -> {report['reply']}")
        tally.claim(status == 0 and len(valid) == REPLIES == len(reports),
                    f"the main job, agent and sensor in the sandbox: {len(valid)} of {REPLIES} replies are valid",
                    "\n" + job.tail(os.path.join(work, "sense.log")) + job.tail(log))
        state = os.listdir(os.path.join(work, "state"))
        tally.claim(any(name.startswith("journal") for name in state), "StateDirectory: the journal is written there",
                    str(state))
        mode = os.stat(os.path.join(work, "state")).st_mode & 0o777
        tally.claim(mode == int(box.unit.text("StateDirectoryMode", "0755"), 8), f"StateDirectoryMode: {mode:04o}")
        tally.claim("health.sock" in os.listdir(os.path.join(work, "run")),
                    "RuntimeDirectory: the health socket is there")
    finally:
        os.kill(process, signal.SIGTERM)
        _, status = os.waitpid(process, 0)
        notify.close()
    tally.claim(status == 0, "SIGTERM: it drains and ends with 0", f"status {status}\n{job.tail(log)}")
    with open(log, encoding="utf-8", errors="replace") as file:
        bad = [line.strip() for line in file if not line.startswith("info: ")]
    tally.claim(not bad, "no line of its log is a warning or an error", "; ".join(bad[:3]))


def refuse(tally, box, outside_file):
    """Each is allowed outside, refused to the service, and refused to root under that one setting."""
    for setting, what, probe, refusal in probes.table(box, outside_file):
        if not box.unit.has(setting):
            tally.claim(False, f"{setting} refuses {what}", "the unit does not have it")
            continue
        outside = probes.attempt(probe)
        service = probes.attempt(probe, box.enter)
        # Who may see all processes also sees them there: this one is about the others.
        alone = service if setting == "ProtectProc" else probes.attempt(probe, lambda: box.enter(only=setting))
        tally.claim(outside != refusal and service != 0 and alone == refusal,
                    f"{setting} refuses {what}: {probes.name_of(alone)}; outside: {probes.name_of(outside)}",
                    f"in the whole sandbox: {probes.name_of(service)}")
    for path in (f"/var/lib/{box.state}/probe", f"/run/{box.run}/probe", "/tmp/edge-probe"):
        code = probes.attempt(probes.write_file(path), box.enter)
        tally.claim(code == 0, f"the service may write {os.path.dirname(path)}", probes.name_of(code))


def main(edge, path):
    unit, tally = Unit(path), job.Tally("prove-sandbox")
    work = tempfile.mkdtemp(prefix="edge-prove-")
    os.chmod(work, 0o755)
    tree = os.path.join(work, "tree")
    broker, box = job.Broker(work), None
    try:
        lay_out(tree, edge, broker.port)
        box = impose.Box(unit, tree, work)
        box.make_groups()
        calls = seccomp.allowed_calls(unit.lines("SystemCallFilter"))
        tally.note(f"{path}: {len(calls)} system calls are allowed")
        run_job(tally, box, broker, work)
        outside_file = os.path.join(work, "outside")
        with open(outside_file, "w", encoding="ascii"):
            refuse(tally, box, outside_file)
        for setting, why in box.not_imposed.items():
            tally.note(f"not imposed: {setting}, {why}")
        unknown = [name for name in box.not_imposed if box.not_imposed[name] == "this script does not know it"]
        tally.claim(not unknown, "every setting of the unit is imposed, or it is named why not", ", ".join(unknown))
    finally:
        broker.close()
        if box:
            box.remove_groups()
        shutil.rmtree(work)
    return tally.finish()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that what was started is ended.
    sys.exit(main(*sys.argv[1:]))
