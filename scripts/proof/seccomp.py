"""Filters of system calls as systemd makes them from a unit, loaded through libseccomp. Source: systemd.exec(5)."""
import ctypes
import errno
import functools
import os
import socket
import stat
import subprocess

ALLOW, KILL = 0x7FFF0000, 0x80000000
NE, LT, EQ, GT, MASKED = 1, 2, 4, 6, 7
BAD_ARCH, NO_NEW_PRIVS = 2, 3
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
NAMESPACES = {"time": 0x80, "mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000,
              "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}
SCHED_FIFO, SCHED_RR, SCHED_IDLE = 1, 2, 5


def error(number):
    return 0x00050000 | number


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


@functools.cache
def library():
    lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                           ctypes.POINTER(Comparison)]
    lib.seccomp_load.argtypes = [ctypes.c_void_p]
    lib.seccomp_release.argtypes = [ctypes.c_void_p]
    return lib


@functools.cache
def number(call):
    """The call's number on this machine; negative where it has none."""
    return library().seccomp_syscall_resolve_name(call.encode())


class Filter:
    """One filter: a default action and rules that differ from it."""

    def __init__(self, default=ALLOW, other_architectures=ALLOW):
        self._context = library().seccomp_init(default)
        library().seccomp_attr_set(self._context, BAD_ARCH, other_architectures)
        library().seccomp_attr_set(self._context, NO_NEW_PRIVS, 0)  # A setting of its own.

    def add(self, action, call, *comparisons):
        if number(call) < 0:
            return
        array = (Comparison * max(1, len(comparisons)))(*(Comparison(*c) for c in comparisons))
        result = library().seccomp_rule_add_array(self._context, action, number(call), len(comparisons), array)
        if result < 0:
            raise OSError(-result, f"a seccomp rule for {call}: {os.strerror(-result)}")

    def load(self):
        result = library().seccomp_load(self._context)
        library().seccomp_release(self._context)
        if result < 0:
            raise OSError(-result, f"a seccomp filter cannot be loaded: {os.strerror(-result)}")


@functools.cache
def call_set(name):
    """The calls of a set such as @system-service, as this machine's systemd knows them."""
    out = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    calls = set()
    for line in out.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= call_set(word) if word.startswith("@") else {word}
    return frozenset(calls)


def allowed_calls(lines):
    """What SystemCallFilter= lines leave; the first line says whether they allow or deny."""
    if lines[0].startswith("~"):
        raise ValueError("a SystemCallFilter that starts by denying is not translated")
    calls = set(call_set("@default"))
    for line in lines:
        named = set()
        for word in line.lstrip("~").split():
            named |= call_set(word) if word.startswith("@") else {word}
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def system_calls(unit):
    denied = error(getattr(errno, unit.text("SystemCallErrorNumber", "EPERM")))
    filter_ = Filter(denied)
    for call in sorted(allowed_calls(unit.lines("SystemCallFilter"))):
        filter_.add(ALLOW, call)
    return filter_


def architectures(unit):
    if unit.text("SystemCallArchitectures") != "native":
        raise ValueError("only SystemCallArchitectures=native is translated")
    filter_ = Filter(ALLOW, KILL)
    # A filter without a rule is none: this one says what holds anyway.
    filter_.add(error(errno.ENOSYS), "uselib")
    return filter_


def no_write_and_execute(_):
    filter_, refused = Filter(), error(errno.EPERM)
    filter_.add(refused, "mmap", (2, MASKED, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC))
    filter_.add(refused, "mprotect", (2, MASKED, PROT_EXEC, PROT_EXEC))
    filter_.add(refused, "pkey_mprotect", (2, MASKED, PROT_EXEC, PROT_EXEC))
    filter_.add(refused, "shmat", (2, MASKED, SHM_EXEC, SHM_EXEC))
    return filter_


def address_families(unit):
    allowed = sorted(int(getattr(socket, name)) for name in unit.words("RestrictAddressFamilies"))
    filter_, refused = Filter(), error(errno.EAFNOSUPPORT)
    filter_.add(refused, "socket", (0, LT, allowed[0], 0))
    filter_.add(refused, "socket", (0, GT, allowed[-1], 0))
    for family in range(allowed[0], allowed[-1]):
        if family not in allowed:
            filter_.add(refused, "socket", (0, EQ, family, 0))
    return filter_


def no_namespaces(_):
    filter_, refused = Filter(), error(errno.EPERM)
    # Its flags lie in memory, where a filter cannot look; the C library falls back to clone.
    filter_.add(error(errno.ENOSYS), "clone3")
    filter_.add(refused, "setns", (1, EQ, 0, 0))
    for flag in NAMESPACES.values():
        filter_.add(refused, "unshare", (0, MASKED, flag, flag))
        filter_.add(refused, "setns", (1, MASKED, flag, flag))
        # 0x80 lies in the exit signal's byte of clone: no new time namespace comes that way.
        if flag > 0xFF:
            filter_.add(refused, "clone", (0, MASKED, flag, flag))
    return filter_


def no_realtime(_):
    filter_, refused = Filter(), error(errno.EPERM)
    for policy in (SCHED_FIFO, SCHED_RR):
        filter_.add(refused, "sched_setscheduler", (1, EQ, policy, 0))
    filter_.add(refused, "sched_setscheduler", (1, GT, SCHED_IDLE, 0))
    return filter_


def no_suid(_):
    filter_, refused = Filter(), error(errno.EPERM)
    for bit in (stat.S_ISUID, stat.S_ISGID):
        for call, mode in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2), ("mknod", 1),
                           ("mknodat", 2), ("creat", 1)):
            filter_.add(refused, call, (mode, MASKED, bit, bit))
        for call, flags in (("open", 1), ("openat", 2)):
            filter_.add(refused, call, (flags, MASKED, os.O_CREAT, os.O_CREAT), (flags + 1, MASKED, bit, bit))
    filter_.add(error(errno.ENOSYS), "openat2")
    return filter_


def locked_personality(_):
    filter_ = Filter()
    filter_.add(error(errno.EPERM), "personality", (0, NE, 0, 0))
    return filter_


def without(*calls):
    def make(_):
        filter_ = Filter()
        for name in calls:
            for call in call_set(name) if name.startswith("@") else (name,):
                filter_.add(error(errno.EPERM), call)
        return filter_
    return make


# In systemd's order: where two filters refuse, the later one's errno is returned.
FILTERS = {
    "RestrictAddressFamilies": address_families,
    "MemoryDenyWriteExecute": no_write_and_execute,
    "RestrictRealtime": no_realtime,
    "RestrictSUIDSGID": no_suid,
    "RestrictNamespaces": no_namespaces,
    "ProtectHostname": without("sethostname", "setdomainname"),
    "ProtectKernelModules": without("@module"),
    "ProtectKernelLogs": without("syslog"),
    "ProtectClock": without("@clock"),
    "SystemCallArchitectures": architectures,
    "LockPersonality": locked_personality,
    "SystemCallFilter": system_calls,
}
