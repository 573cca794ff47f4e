"""What the proofs share: counting claims, a broker of their own, the service manager's end of sd_notify."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import time

MODEL = "tests/golden/demo-model/sensor-triage-moe-q4_0.gguf"
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
LIMIT_S = 120  # For anything that must happen; generous, because the machine may be busy.


class Tally:
    """One line a claim; the last line is "N held, N failed"."""

    def __init__(self, name):
        self.name, self.held, self.failed = name, 0, 0

    def claim(self, holds, text, otherwise=""):
        if holds:
            self.held += 1
            print(f"held: {text}", flush=True)
        else:
            self.failed += 1
            print(f"NOT HELD: {text}{': ' + otherwise if otherwise else ''}", flush=True)
        return holds

    def note(self, text):
        print(f"{self.name}: {text}", flush=True)

    def finish(self):
        print(f"{self.held} held, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.held else 0


def skip(name, why):
    print(f"{name}: skipped, {why}")
    sys.exit(77)


class Broker:
    """mosquitto on a free port of loopback, ended by its id."""

    def __init__(self, work):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        path = os.path.join(work, "mosquitto.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                       "set_tcp_nodelay true\n")
        with open(os.path.join(work, "mosquitto.log"), "wb") as log:
            self._process = subprocess.Popen([program, "-c", path], stdout=log, stderr=log)
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.close()
                    raise RuntimeError("mosquitto did not start") from None
                time.sleep(0.05)

    def close(self):
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()


class NotifySocket:
    """The manager's end: an abstract address, which no read-only root hides."""

    def __init__(self):
        name = f"edge-prove-{os.getpid()}"
        self.address = f"@{name}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(f"\0{name}")

    def next(self, timeout):
        """The assignments of the next datagram, and under "from" its sender's process, as the kernel tells it; None
        when the time is over."""
        self._socket.settimeout(max(timeout, 0.001))
        try:
            data, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
        except (TimeoutError, BlockingIOError):
            return None
        states = dict(line.partition("=")[::2] for line in data.decode().splitlines())
        sender = next((item for level, kind, item in ancillary if kind == socket.SCM_CREDENTIALS), b"")
        return {**states, "from": CREDENTIALS.unpack(sender)[0] if len(sender) == CREDENTIALS.size else 0}

    def wait(self, name, alive):
        """Waits for NAME=…; None when the process ends first or the time is over."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end and alive():
            states = self.next(0.2)
            if states and name in states:
                return states
        return None

    def close(self):
        self._socket.close()


def is_alive(process):
    """Not yet ended; of a child that ended, the state is a zombie's until it is waited for."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def tail(path, count=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join("  " + line for line in file.readlines()[-count:])
    except OSError:
        return ""
