"""Imposes the settings of a unit on a forked process, as systemd would, as far as that goes without systemd."""
import ctypes
import os
import pwd
import resource
import stat

import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_SLAVE = 1, 2, 4, 4096, 16384, 1 << 19
CLONE_NEWNS, CLONE_NEWUTS = 0x20000, 0x4000000
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_MDWE, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 65, 4

# What manages the process instead of confining it: scripts/prove-watchdog has these.
SUPERVISION = {"Type", "NotifyAccess", "ExecStart", "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec",
               "TimeoutAbortSec", "WatchdogSec", "WatchdogSignal", "KillSignal", "KillMode", "RestartMode"}
# Imposed here; each has a function below or a filter in seccomp.py.
IMPOSED = {"User", "Group", "StateDirectory", "StateDirectoryMode", "RuntimeDirectory", "NoNewPrivileges",
           "CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome", "PrivateTmp",
           "ProtectKernelTunables", "ProtectControlGroups", "ProtectProc", "UMask", "LimitMEMLOCK", "LimitCORE",
           "OOMScoreAdjust", "TasksMax", "DevicePolicy", "DeviceAllow", "SystemCallErrorNumber"} | set(seccomp.FILTERS)
LIMITS = {"LimitMEMLOCK": resource.RLIMIT_MEMLOCK, "LimitCORE": resource.RLIMIT_CORE}
CAP_SYS_RESOURCE = 24
# A value that asks for nothing.
NEUTRAL = {("PrivateDevices", "no"), ("ProcSubset", "all")}
NOT_HERE = {"RemoveIPC": "systemd acts on it after the service has ended",
            "LoadCredential": "systemd copies secrets at the start; a test of the agent takes them from such a folder"}


def call(function, *arguments):
    if function(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(arguments))


def mount(source, target, kind, flags=0, data=""):
    call(LIBC.mount, source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())


class Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "namespace")]


def read_only(path, on=True):
    attributes = Attributes(set=MS_RDONLY if on else 0, clear=0 if on else MS_RDONLY)
    call(LIBC.syscall, SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, ctypes.byref(attributes),
         ctypes.c_size_t(ctypes.sizeof(attributes)))


class Box:
    """The sandbox of one unit. `tree` is what the package would install; `work` keeps the state and run folders."""

    def __init__(self, unit, tree, work):
        self.unit, self.tree, self.work = unit, tree, work
        self.user, self.uid, self.gid = user_of(unit)
        self.state = unit.text("StateDirectory")
        self.run = unit.text("RuntimeDirectory")
        self.folders = {"state": f"/var/lib/{self.state}", "run": f"/run/{self.run}"}
        self.groups = {}  # cgroup controller -> folder
        self.not_imposed = {}  # setting -> why
        for name, mode in (("state", int(unit.text("StateDirectoryMode", "0755"), 8)), ("run", 0o755)):
            os.makedirs(os.path.join(work, name), exist_ok=True)
            os.chmod(os.path.join(work, name), mode)
            os.chown(os.path.join(work, name), self.uid, self.gid)
        for folder in self.folders.values():
            os.makedirs(tree + folder, exist_ok=True)
        for name in unit.names("Service"):
            if (name, unit.text(name)) in NEUTRAL or name in SUPERVISION:
                continue
            if name not in IMPOSED:
                self.not_imposed[name] = NOT_HERE.get(name, "this script does not know it")
        for name in LIMITS:
            if unit.has(name) and is_beyond(limit_of(unit, name), LIMITS[name]) and not may_raise_limits():
                self.not_imposed[name] = "raising a limit takes CAP_SYS_RESOURCE, which root has not here"
        # In the parent: making them runs systemd-analyze.
        self.filters = {name: make(unit) for name, make in seccomp.FILTERS.items() if self._wants(name)}

    def _wants(self, name):
        if name in ("SystemCallFilter", "RestrictAddressFamilies", "SystemCallArchitectures"):
            return bool(self.unit.lines(name))
        return self.unit.is_on(name)

    def make_groups(self):
        """cgroups (v1) for TasksMax and DevicePolicy; what the machine has no controller for is not imposed."""
        self._group("pids", "TasksMax", lambda folder: write(f"{folder}/pids.max", self.unit.text("TasksMax")))
        self._group("devices", "DevicePolicy", self._limit_devices)
        if "DevicePolicy" in self.not_imposed and self.unit.has("DeviceAllow"):
            self.not_imposed["DeviceAllow"] = self.not_imposed["DevicePolicy"]

    def _group(self, controller, setting, limit):
        root = f"/sys/fs/cgroup/{controller}"
        if not self.unit.has(setting):
            return
        if not os.path.isdir(root):
            self.not_imposed[setting] = f"this machine has no {root} (cgroup v1)"
            return
        folder = f"{root}/edge-prove-{os.getpid()}"
        os.makedirs(folder, exist_ok=True)
        self.groups[controller] = folder
        limit(folder)

    def _limit_devices(self, folder):
        if self.unit.text("DevicePolicy") != "closed":
            raise ValueError("only DevicePolicy=closed is translated")
        write(f"{folder}/devices.deny", "a")
        allowed = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"]
        rules = [(path, "rwm") for path in allowed] + [("char-pts", "rw")]
        rules += [(line.split()[0], line.split()[1]) for line in self.unit.lines("DeviceAllow")]
        with open("/proc/devices", encoding="ascii") as file:
            majors = {row.split()[1]: row.split()[0] for row in file.read().split("Block")[0].splitlines()
                      if len(row.split()) == 2}
        for device, access in rules:
            if device.startswith("char-"):
                if major := majors.get(device[5:]):
                    write(f"{folder}/devices.allow", f"c {major}:* {access}")
            elif os.path.exists(device):
                number = os.stat(device).st_rdev
                write(f"{folder}/devices.allow", f"c {os.major(number)}:{os.minor(number)} {access}")

    def remove_groups(self):
        for folder in self.groups.values():
            os.rmdir(folder)

    def enter(self, only=None):
        """In a child: everything, in the order in which systemd does it. With `only`, that setting alone, as root: a
        control that no other setting, nor the user's rights, can explain."""
        unit = self.unit

        def on(name):
            return only in (None, name) and unit.has(name) and name not in self.not_imposed
        for controller, setting in (("pids", "TasksMax"), ("devices", "DevicePolicy")):
            if on(setting):
                write(f"{self.groups[controller]}/cgroup.procs", str(os.getpid()))
        if on("OOMScoreAdjust"):
            write("/proc/self/oom_score_adj", unit.text("OOMScoreAdjust"))
        for name, limit in LIMITS.items():
            if on(name):
                number = limit_of(unit, name)
                resource.setrlimit(limit, (number, number))
        if on("UMask"):
            os.umask(int(unit.text("UMask"), 8))
        own_name = on("ProtectHostname") and unit.is_on("ProtectHostname")
        call(LIBC.unshare, CLONE_NEWNS | (CLONE_NEWUTS if own_name else 0))
        mount("none", "/", "none", MS_REC | MS_SLAVE)
        if only is None:
            self._install()
        self._mounts(lambda name: on(name) and unit.text(name) != "no")
        os.chdir("/")
        if on("NoNewPrivileges") and unit.is_on("NoNewPrivileges"):
            call(LIBC.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if only is None:
            self._drop()
        if only is None and unit.is_on("MemoryDenyWriteExecute"):
            LIBC.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # Kernels before 6.3 do not know it; the filter below does the same.
        for name, filter_ in self.filters.items():
            if on(name):
                filter_.load()

    def _drop(self):
        if self.unit.text("CapabilityBoundingSet") == "":
            with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
                for capability in range(int(file.read()) + 1):
                    call(LIBC.prctl, PR_CAPBSET_DROP, capability, 0, 0, 0)
        if self.unit.text("AmbientCapabilities") == "":
            call(LIBC.prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)

    def _install(self):
        """The package's files as if they were installed; the machine itself is not touched."""
        for name in os.listdir(self.tree):
            target = {"var": "/var/lib"}.get(name, f"/{name}")
            mount("edge", target, "overlay", 0, f"lowerdir={self.tree}{target}:{target}")
        for name, target in self.folders.items():
            mount(f"{self.work}/{name}", target, "none", MS_BIND)

    def _mounts(self, on):
        if on("ProtectSystem"):
            if self.unit.text("ProtectSystem") != "strict":
                raise ValueError("only ProtectSystem=strict is translated")
            read_only("/")
            for path in ("/dev", "/proc", "/sys", *self.folders.values()):
                if os.path.exists(path):
                    read_only(path, on=False)
        if on("PrivateTmp"):
            for path in ("/tmp", "/var/tmp"):
                mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
        if on("ProtectHome"):
            for path in ("/home", "/root", "/run/user"):
                hide(path)
        if on("ProtectProc"):
            mount("proc", "/proc", "proc", 0, f"hidepid={self.unit.text('ProtectProc')}")
        if on("ProtectKernelTunables"):
            for path in ("acpi", "apm", "asound", "bus", "fs", "irq", "latency_stats", "mtrr", "scsi", "sys",
                         "sysrq-trigger", "timer_stats"):
                bind_read_only(f"/proc/{path}")
            bind_read_only("/sys")
        if on("ProtectControlGroups"):
            bind_read_only("/sys/fs/cgroup")
        if on("ProtectKernelLogs"):
            hide("/proc/kmsg")
            hide("/dev/kmsg")
        if on("ProtectKernelModules"):
            hide("/usr/lib/modules")

    def environment(self, notify=None, watchdog_us=None):
        """What systemd tells the process."""
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8",
                       "USER": self.user, "LOGNAME": self.user, "HOME": f"/var/lib/{self.state}",
                       "STATE_DIRECTORY": f"/var/lib/{self.state}", "RUNTIME_DIRECTORY": f"/run/{self.run}"}
        if notify:
            environment["NOTIFY_SOCKET"] = notify
        if watchdog_us:
            environment["WATCHDOG_USEC"] = str(watchdog_us)
        return environment

    def start(self, command, environment, log, output=None):
        """Forks, enters, becomes the command; returns the process id."""
        child = os.fork()
        if child:
            return child
        try:
            errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) if output else errors, 1)
            os.dup2(errors, 2)
            self.enter()
            os.execve(command[0], command, {**environment, "WATCHDOG_PID": str(os.getpid())})
        except BaseException as problem:  # The child must end here, whatever it was.
            os.write(2, f"the sandbox cannot be entered: {problem}\n".encode())
        finally:
            os._exit(127)


def limit_of(unit, name):
    value = unit.text(name)
    return resource.RLIM_INFINITY if value == "infinity" else int(value)


def is_beyond(number, limit):
    hard = resource.getrlimit(limit)[1]
    return hard != resource.RLIM_INFINITY and (number == resource.RLIM_INFINITY or number > hard)


def may_raise_limits():
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    return bool(effective >> CAP_SYS_RESOURCE & 1)


def user_of(unit):
    """The unit's user where the package is installed; else a number of system users that nobody has."""
    name = unit.text("User", "root")
    try:
        entry = pwd.getpwnam(name)
        return name, entry.pw_uid, entry.pw_gid
    except KeyError:
        taken = {entry.pw_uid for entry in pwd.getpwall()}
        uid = next(number for number in range(990, 100, -1) if number not in taken)
        return name, uid, uid


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def bind_read_only(path):
    if os.path.exists(path):
        mount(path, path, "none", MS_BIND | MS_REC)
        read_only(path)


def hide(path):
    """Puts nothing in its place, as systemd's InaccessiblePaths= does."""
    if not os.path.lexists(path):
        return
    if stat.S_ISDIR(os.stat(path).st_mode):
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=000,size=4k")
    else:
        mount("/dev/null", path, "none", MS_BIND)
