"""Things that the sandbox must refuse: each is tried outside, in the sandbox, and as root under its setting alone."""
import ctypes
import errno
import mmap
import os
import signal
import socket
import struct
import sys

import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
FORKS = 160
EPERM, EROFS, ENOENT, EACCES = errno.EPERM, errno.EROFS, errno.ENOENT, errno.EACCES


def raw(call, *arguments):
    """A system call by its name, past the C library."""
    if LIBC.syscall(ctypes.c_long(seccomp.number(call)), *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def map_write_execute():
    memory = LIBC.mmap(None, 4096, mmap.PROT_WRITE | mmap.PROT_EXEC, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if memory == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")


def make_executable():
    memory = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    if LIBC.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ | mmap.PROT_EXEC) < 0:
        raise OSError(ctypes.get_errno(), "mprotect")


def write_file(path):
    def probe():
        with open(path, "w", encoding="ascii"):
            os.unlink(path)
    return probe


def open_for(path, flags):
    return lambda: os.close(os.open(path, flags))


def other_architecture():
    # The x32 call table: a kernel without it says ENOSYS, a filter for one architecture kills.
    LIBC.syscall(ctypes.c_long(0x40000000 | 39))


def many_forks():
    children = []
    try:
        for _ in range(FORKS):
            child = os.fork()
            if child == 0:
                os._exit(0)
            children.append(child)  # Until it is waited for, it counts.
    finally:
        for child in children:
            os.waitpid(child, 0)


def look_home():
    for path in ("/root", "/home"):
        if os.path.isdir(path) and os.listdir(path):
            return
    raise OSError(EACCES, "nothing is to be seen")


def trace_me():
    raw("ptrace", 0, 0, 0, 0)


def set_suid():
    path = f"/tmp/edge-probe-{os.getpid()}"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.fchmod(descriptor, 0o4755)
    finally:
        os.close(descriptor)
        os.unlink(path)


def add_key():
    raw("add_key", b"user", b"edge-probe", b"x", ctypes.c_size_t(1), -1)  # To the thread's own ring.


def table(box, outside_file):
    """Setting, what is tried, how, the errno of a refusal (negative: a signal). A probe that cannot succeed even
    outside fails there with another errno."""
    sched_param = struct.pack("i", 1)
    group = next(iter(box.groups.values()), None)
    rows = [
        ("MemoryDenyWriteExecute", "a mapping that can be written and executed", map_write_execute, EPERM),
        ("MemoryDenyWriteExecute", "making written memory executable", make_executable, EPERM),
        ("ProtectSystem", "a new file in /usr", write_file("/usr/edge-probe"), EROFS),
        ("ProtectSystem", "a new file in /etc", write_file("/etc/edge-probe"), EROFS),
        ("SystemCallFilter", "a key of the kernel's keyring (@keyring)", add_key, EPERM),
        ("SystemCallFilter", "being traced (@debug)", trace_me, EPERM),
        ("SystemCallFilter", "chroot (@mount)", lambda: raw("chroot", b"/"), EPERM),
        ("SystemCallFilter", "swapoff of nothing (@swap, never allowed)", lambda: raw("swapoff", b"/edge"), EPERM),
        ("RestrictAddressFamilies", "an AF_PACKET socket",
         lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
         errno.EAFNOSUPPORT),
        ("RestrictAddressFamilies", "an AF_NETLINK socket",
         lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(), errno.EAFNOSUPPORT),
        ("RestrictNamespaces", "a network namespace", lambda: raw("unshare", 0x40000000), EPERM),
        ("RestrictNamespaces", "a user namespace", lambda: raw("unshare", 0x10000000), EPERM),
        ("RestrictRealtime", "real-time scheduling", lambda: raw("sched_setscheduler", 0, 1, sched_param), EPERM),
        ("RestrictSUIDSGID", "a set-user-id file", set_suid, EPERM),
        ("LockPersonality", "another personality", lambda: raw("personality", 0x0040000), EPERM),
        ("ProtectClock", "the clock's adjustment", lambda: raw("adjtimex", bytes(512)), EPERM),
        ("ProtectHostname", "the host's name (the same)",
         lambda: socket.sethostname(socket.gethostname()), EPERM),
        ("ProtectKernelLogs", "the kernel's log", lambda: raw("syslog", 10, None, 0), EPERM),
        ("ProtectKernelModules", "unloading a module (there is none of that name)",
         lambda: raw("delete_module", b"edge_probe", os.O_NONBLOCK), EPERM),
        ("ProtectKernelTunables", "writing to /proc/sys",
         open_for("/proc/sys/vm/overcommit_memory", os.O_WRONLY), EROFS),
        ("ProtectHome", "looking into /root and /home", look_home, EACCES),
        ("PrivateTmp", "a file of /tmp", lambda: os.stat(outside_file), ENOENT),
        ("ProtectProc", "looking at process 1", lambda: os.stat("/proc/1/status"), ENOENT),
    ]
    if os.uname().machine == "x86_64":
        rows.append(("SystemCallArchitectures", "a system call of x32", other_architecture, -signal.SIGSYS))
    if group:
        rows.append(("ProtectControlGroups", "writing to /sys/fs/cgroup",
                     open_for(f"{group}/cgroup.procs", os.O_WRONLY), EROFS))
    if "devices" in box.groups:
        device = next((path for path in ("/dev/mem", "/dev/loop-control", "/dev/fuse", "/dev/net/tun")
                       if os.path.exists(path)), None)
        if device:
            rows.append(("DevicePolicy", f"{device}, which is not listed", open_for(device, os.O_RDWR), EPERM))
    if "pids" in box.groups:
        rows.append(("TasksMax", f"{FORKS} processes", many_forks, errno.EAGAIN))
    return [row for row in rows if row[0] not in box.not_imposed]


def attempt(probe, enter=None):
    """Runs the probe in a child, inside what `enter` enters; returns the errno, minus the signal, or 0."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 255
        try:
            if enter:
                entered(enter)
            probe()
            code = 0
        except OSError as problem:
            code = problem.errno or 255
        finally:
            os.write(writing, bytes([code]))
            os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    result = os.read(reading, 1)
    os.close(reading)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else result[0]


def entered(enter):
    try:
        enter()
    except Exception as problem:  # It must not look like a refusal.
        print(f"the sandbox cannot be entered: {problem}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGABRT)


def name_of(code):
    if code < 0:
        return f"death by {signal.Signals(-code).name}"
    return errno.errorcode.get(code, f"code {code}") if code else "success"
