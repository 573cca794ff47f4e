"""The body of scripts/prove-watchdog: a decode loop that hangs is restarted, and nothing that was accepted is lost."""
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import job
import supervise
from unit import Unit

UNIT = "packaging/debian/edge-agent.service"
NODE, REPLIES = "proof", "clients/proof/rsp"
BEFORE, DURING = 8, 4
TRIES = 5


class Requester:
    """Asks through the broker's own clients and keeps every reply."""

    def __init__(self, port, work):
        self._port, self._path = port, os.path.join(work, "replies")
        self._topic, self._read = f"edgeai/v1/node/{NODE}/cmd/chat/req", 0
        self.accepted, self.finals = set(), collections.defaultdict(list)
        with open(self._path, "wb") as file:
            self._listener = subprocess.Popen(
                ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", REPLIES, "-t",
                 f"edgeai/v1/node/{NODE}/status"], stdout=file)

    def ask(self, ids):
        """Durable requests (QoS 1) of some hundred tokens each."""
        schema = {"type": "array", "items": {"enum": [0, 1, 2]}, "minItems": 150, "maxItems": 160}
        lines = [json.dumps({
            "messages": [{"role": "user", "content": f"reading {name}"}], "max_tokens": 400, "temperature": 1,
            "seed": 1, "request_id": name, "reply_to": REPLIES, "timeout_s": 1800,
            "response_format": {"type": "json_schema", "json_schema": {"name": "long", "schema": schema}}})
                 for name in ids]
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self._port), "-q", "1", "-t", self._topic, "-l"],
                       input="\n".join(lines) + "\n", text=True, check=True)

    def read(self):
        with open(self._path, encoding="utf-8") as file:
            file.seek(self._read)
            text = file.read()
        end = text.rfind("\n") + 1
        self._read += len(text[:end].encode())
        for line in text[:end].splitlines():
            edge = json.loads(line).get("edge", {})
            if edge.get("kind") == "accepted":
                self.accepted.add(edge["request_id"])
            elif edge.get("kind") in ("final", "error"):
                self.finals[edge["request_id"]].append((edge["kind"], line))

    def has_accepted(self, names):
        self.read()
        return self.accepted.issuperset(names)

    def has_answered(self, names):
        self.read()
        return all(self.finals[name] for name in names)

    def close(self):
        self._listener.terminate()
        self._listener.wait()


def freeze_in_a_reply(service, requester, times):
    """Hangs the loop over tokens while requests wait, at a place where the rest of the agent goes on: a thread that is
    stopped inside a lock would stop the others too, and that is another fault. Natively compiled threads have no names:
    the loop's is the one that computed most, as the model has no other thread."""
    thread = max((now - times.get(name, 0), name) for name, now in service.thread_times().items())[1]
    for attempt in range(TRIES):
        service.freeze(thread)
        probe = [f"probe-{attempt}"]
        requester.ask(probe)
        if service.until(lambda: requester.has_accepted(probe), min(5, service.watchdog_s / 2)):
            return probe
        service.thaw()
    raise RuntimeError(f"the agent took nothing in {TRIES} tries to stop its loop outside of a lock")


def prove(tally, service, requester):
    unit = service.unit
    service.start()
    if not tally.claim(service.until(lambda: service.run["ready"]), "Type=notify: READY=1 comes from the main process",
                       "\n" + job.tail(service.log)):
        return
    first = service.run["pid"]
    tally.claim(service.until(lambda: service.run["pings"] >= 5) and len(service.runs) == 1,
                f"WatchdogSec: a healthy agent says WATCHDOG=1 in time (5 times within {service.watchdog_s:g} s each)")
    times = service.thread_times()
    before = [f"before-{i}" for i in range(BEFORE)]
    requester.ask(before)
    tally.claim(service.until(lambda: requester.has_answered(before[:1])), "it answers requests")
    probe = freeze_in_a_reply(service, requester, times)
    requester.read()
    done = [name for name in before if requester.finals[name]]
    waiting = [name for name in before if name not in done]
    tally.note(f"thread {service.frozen} of process {first} is stopped; {len(done)} of {BEFORE} requests are answered")
    if not tally.claim(waiting, f"the loop hangs in the middle of its work: {len(waiting)} accepted requests wait"):
        return
    during = probe + [f"during-{i}" for i in range(DURING)]
    requester.ask(during[1:])
    tally.claim(service.until(lambda: requester.has_accepted(during)) and service.run["result"] is None,
                f"while it hangs the rest of the agent lives: {len(during)} more requests are journalled and accepted")
    service.until(lambda: service.run["result"] is not None)
    run = service.run
    if not tally.claim(run["result"] == "watchdog" and run["sent"] == service.signal,
                       f"WATCHDOG=1 stopped, and the manager sent {service.signal.name}", str(run)):
        return
    tally.claim(os.WIFSIGNALED(run["status"]) and os.WTERMSIG(run["status"]) == service.signal,
                "that signal ended it; SIGKILL was not needed", str(run["status"]))
    with open(service.log, encoding="utf-8", errors="replace") as file:
        tally.claim("no sign of life from the loop over tokens" in file.read(), "its log names the part that hung")
    requester.read()
    tally.claim(not any(requester.finals[name] for name in waiting + during), "no waiting request was answered before")
    tally.claim(service.restart_if_due() and service.until(lambda: service.run["ready"]),
                f"Restart={unit.text('Restart')}: it is started again, and ready", "\n" + job.tail(service.log))
    owed = waiting + during
    tally.claim(service.until(lambda: requester.has_answered(owed)),
                f"all {len(owed)} requests that it had accepted are answered after the restart",
                str([name for name in owed if not requester.finals[name]]))
    pings = service.run["pings"]
    service.until(lambda: service.run["pings"] >= pings + 3)  # Time for a second answer, if there were one.
    requester.read()
    names = before + during
    twice = [name for name in names if len({line for _, line in requester.finals[name]}) != 1]
    tally.claim(not twice, f"each of the {len(names)} requests has exactly one answer", str(twice))
    tally.claim(not any(kind == "error" for name in names for kind, _ in requester.finals[name]),
                "none of the answers is an error")
    repeated = sum(len(requester.finals[name]) - 1 for name in names)
    tally.note(f"{repeated} answers were delivered again with the same bytes, as QoS 1 allows")
    tally.claim(service.stop() == 0 and not service.restart_if_due(), "SIGTERM: it ends with 0 and stays ended")


def main(edge, seconds):
    unit, tally = Unit(UNIT), job.Tally("prove-watchdog")
    watchdog_s = unit.seconds("WatchdogSec", 0) if seconds == "unit" else float(seconds)
    tally.note(f"{UNIT}: WatchdogSec={unit.text('WatchdogSec')}, here {watchdog_s:g} s")
    work = tempfile.mkdtemp(prefix="edge-prove-")
    broker = job.Broker(work)
    requester, service = None, None
    try:
        requester = Requester(broker.port, work)
        for name in ("state", "run"):
            os.mkdir(os.path.join(work, name))
        service = supervise.Service(
            unit, [os.path.abspath(edge), "run", "--model", job.MODEL, "--broker", f"127.0.0.1:{broker.port}", "--node",
                   NODE, "--slots", "1", "--threads", "1"],
            {"PATH": os.environ["PATH"], "STATE_DIRECTORY": f"{work}/state", "RUNTIME_DIRECTORY": f"{work}/run"},
            os.path.join(work, "agent.log"), watchdog_s)
        prove(tally, service, requester)
    finally:
        if service:
            service.close()
        if requester:
            requester.close()
        broker.close()
        shutil.rmtree(work)
    return tally.finish()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that what was started is ended.
    sys.exit(main(*sys.argv[1:]))
