"""What the kernel is asked for: namespaces, mounts, a network of one's own."""

import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import time

# Source: linux/sched.h, linux/mount.h, linux/prctl.h, linux/if.h, linux/sockios.h.
NEWNS, NEWUTS, NEWUSER, NEWPID, NEWNET = 0x00020000, 0x04000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: None if text is None else text.encode()
    check(libc.mount(encode(source), encode(target), encode(kind), flags, encode(data)), f"mount {target}")


def bind(source, target, readonly=False):
    """Binds a file or folder, whatever is mounted below it included; makes the mount point."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            open(target, "w").close()
    mount(source, target, None, MS_BIND | MS_REC)
    if readonly:
        # A remount must keep the flags that the mount has.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | 8 | 1024 | 2048)
        mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def new_user(inside):
    """A user namespace in which this user is `inside` and may mount."""
    uid, gid = os.geteuid(), os.getegid()
    return lambda: (
        write("/proc/self/setgroups", "deny", tolerant=True),
        write("/proc/self/uid_map", f"{inside[0]} {uid} 1"),
        write("/proc/self/gid_map", f"{inside[1]} {gid} 1"),
    )


def write(path, text, tolerant=False):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        if not tolerant:
            raise


def bring_up_network(address):
    """Loopback, and the Pod's address on it: who listens on 127.0.0.1 only is not reached there, as in a cluster."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        packed = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(handle, SIOCSIFADDR, packed)
    # As containerd does: a container may listen on port 80 whoever it runs as.
    write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0", tolerant=True)


def start_init(proc):
    """The first process of the Pod: reaps orphans, and takes all of them along when it ends."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
            try:
                mount("proc", proc, "proc")
            except OSError:
                # Where the machine is itself a container, a fresh /proc may be refused.
                bind("/proc", proc)
            os.write(tell, b"1")
            os.closerange(0, 65536)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            while True:
                try:
                    os.waitpid(-1, 0)
                except ChildProcessError:
                    time.sleep(0.5)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(ready, "rb") as pipe:
        if pipe.read(1) != b"1":
            raise OSError(errno.EPERM, "the Pod's first process did not start")
    return pid
