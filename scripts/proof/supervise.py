"""A service manager in small: starts a process, listens to sd_notify, watches, kills and restarts it as a unit says.
Source: systemd.service(5), sd_notify(3)."""
import ctypes
import os
import resource
import signal
import time

import job

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000
# Restart= → after what it restarts: failures are watchdog, signals and other exit codes than 0.
RESTARTS = {"no": (), "always": ("success", "exit-code", "signal", "watchdog"), "on-watchdog": ("watchdog",),
            "on-abnormal": ("signal", "watchdog"), "on-failure": ("exit-code", "signal", "watchdog")}


class Service:
    """One run after another of the same command."""

    def __init__(self, unit, command, environment, log, watchdog_s):
        self.unit, self.command, self.log, self.watchdog_s = unit, command, log, watchdog_s
        self.notify = job.NotifySocket()
        self.environment = {**environment, "NOTIFY_SOCKET": self.notify.address,
                            "WATCHDOG_USEC": str(int(watchdog_s * 1e6))}
        self.signal = getattr(signal, unit.text("WatchdogSignal", "SIGABRT"))
        self.abort_s = unit.seconds("TimeoutAbortSec", unit.seconds("TimeoutStopSec", 90))
        self.restart_s = unit.seconds("RestartSec", 0.1)
        self.runs = []  # Of each run what happened to it.
        self.frozen = None

    @property
    def run(self):
        return self.runs[-1]

    def start(self):
        process = os.fork()
        if process == 0:
            try:
                output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                os.dup2(output, 1)
                os.dup2(output, 2)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                os.execve(self.command[0], self.command, {**self.environment, "WATCHDOG_PID": str(os.getpid())})
            finally:
                os._exit(127)
        self.runs.append({"pid": process, "ready": False, "pings": 0, "last": None, "result": None, "status": None})

    def pump(self, seconds=0.05):
        """Takes one step of the manager's work; True when a run ended in it."""
        run, states = self.run, self.notify.next(seconds)
        # NotifyAccess=main: of others, or of the run before, nothing is believed.
        if states and states["from"] == run["pid"]:
            run["ready"] |= states.get("READY") == "1"
            if states.get("WATCHDOG") == "1":
                run["pings"] += 1
            if "READY" in states or "WATCHDOG" in states:
                run["last"] = time.monotonic()
        if run["ready"] and time.monotonic() > run["last"] + self.watchdog_s:
            self._end("watchdog", self.signal)
            return True
        done, status = os.waitpid(run["pid"], os.WNOHANG)
        if done:
            run["status"] = status
            run["result"] = ("signal" if os.WIFSIGNALED(status) else "exit-code") if status else "success"
            return True
        return False

    def until(self, condition, limit_s=job.LIMIT_S):
        """Works until the condition holds; False when the run ends or the time is over before."""
        end = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > end or self.pump():
                return condition()
        return True

    def restart_if_due(self):
        """What Restart= says to how the last run ended."""
        if self.run["result"] not in RESTARTS[self.unit.text("Restart", "no")]:
            return False
        time.sleep(self.restart_s)
        self.start()
        return True

    def _end(self, result, number):
        run = self.run
        run["result"], run["sent"] = result, number
        os.kill(run["pid"], number)
        end = time.monotonic() + self.abort_s
        while run["status"] is None:
            if self.frozen:  # A traced thread that died is seen by its tracer first.
                try:
                    os.waitpid(self.frozen, WALL | os.WNOHANG)
                except ChildProcessError:
                    self.frozen = None
            done, status = os.waitpid(run["pid"], os.WNOHANG)
            if done:
                run["status"] = status
            elif time.monotonic() > end:
                os.kill(run["pid"], signal.SIGKILL)
                end = float("inf")
            else:
                time.sleep(0.01)
        self.frozen = None

    def stop(self):
        """SIGTERM; the run's status."""
        if self.run["status"] is None:
            os.kill(self.run["pid"], signal.SIGTERM)
            self.until(lambda: self.run["status"] is not None)
        if self.run["status"] is None:
            self._end("timeout", signal.SIGKILL)
        return self.run["status"]

    def close(self):
        if self.runs and self.run["status"] is None:
            self._end("closed", signal.SIGKILL)
        self.notify.close()

    def thread_times(self):
        """What each thread has computed so far, in clock ticks."""
        folder, times = f"/proc/{self.run['pid']}/task", {}
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            times[int(thread)] = int(fields[11]) + int(fields[12])
        return times

    def freeze(self, thread):
        """Stops one thread, as if it hung; all others run on."""
        self._trace(PTRACE_SEIZE, thread)
        self._trace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
        self.frozen = thread

    def thaw(self):
        self._trace(PTRACE_DETACH, self.frozen)
        self.frozen = None

    @staticmethod
    def _trace(request, thread):
        if LIBC.ptrace(request, thread, None, None) < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"ptrace: {os.strerror(number)}")
