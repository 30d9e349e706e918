"""The file system that a container sees, and how a process gets into it."""

import contextlib
import fcntl
import os
import signal
import termios

from namespaces import (
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    NEWNS,
    NEWUSER,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    bind,
    check,
    libc,
    mount,
    new_user,
    write,
)

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Enough for programs to find their libraries, certificates and alternatives; nothing that tells of this machine's users.
ETC = ("alternatives", "ca-certificates", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "os-release", "pki", "ssl")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def populate(root, spec, container):
    """The container's file system: programs of this machine, read-only, and what the Pod mounts."""
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    for name in SYSTEM:
        source = f"/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), f"{root}/{name}")
        elif os.path.isdir(source):
            bind(source, root + source, readonly=True)
    os.mkdir(f"{root}/etc")
    for name in ETC:
        if os.path.exists(f"/etc/{name}"):
            bind(f"/etc/{name}", f"{root}/etc/{name}", readonly=True)
    uid, gid = container["user"]
    accounts = "" if uid == 0 else f"app:x:{uid}:{gid}::/:/bin/sh\n"
    write(f"{root}/etc/passwd", f"root:x:0:0:root:/root:/bin/sh\n{accounts}")
    write(f"{root}/etc/group", f"root:x:0:\n{'' if gid == 0 else f'app:x:{gid}:'}\n")
    write(f"{root}/etc/hostname", spec["hostname"] + "\n")
    # Names are those of Services; there is nobody else to ask.
    write(f"{root}/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    bind(spec["hosts"], f"{root}/etc/hosts", readonly=True)
    bind(spec["proc"], f"{root}/proc")
    os.makedirs(f"{root}/dev/shm")
    # Writable whatever the root file system is, as containerd makes it.
    mount("shm", f"{root}/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=64m")
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            bind(f"/dev/{name}", f"{root}/dev/{name}")
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{root}/dev/{name}")
    for name in ("tmp", "var/tmp", "run", "root"):
        os.makedirs(f"{root}/{name}")
        os.chmod(f"{root}/{name}", 0o1777)
    os.symlink("../run", f"{root}/var/run")
    os.makedirs(root + container["cwd"], exist_ok=True)
    # Shorter paths first, so that a mount inside another one is not covered by it.
    for source, target, readonly in sorted(container["binds"], key=lambda entry: entry[1]):
        make_room(root, target)
        bind(source, root + target, readonly)
    if container["readOnlyRoot"]:
        mount(None, root, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def make_room(root, target):
    """Lets a mount point be made where this machine's read-only folders are: the folder above it becomes a writable copy."""
    above = os.path.dirname(target)
    while not os.path.isdir(root + above):
        above = os.path.dirname(above)
    if os.access(root + above, os.W_OK) or os.path.exists(root + target):
        return
    names = os.listdir(root + above)
    mount("tmpfs", root + above, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    for name in names:
        source = f"{above}/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), root + source)
        else:
            bind(source, root + source, readonly=True)


def entering(spec, container):
    """Runs in the child before it becomes the container's program."""
    user = container["user"]
    take_on = new_user(user)

    def enter():
        try:
            os.setsid()
            check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
            check(libc.unshare(NEWUSER | NEWNS), "unshare")
            take_on()
            mount(None, "/", None, MS_REC | MS_PRIVATE)
            populate(spec["root"], spec, container)
            os.chroot(spec["root"])
            os.chdir(container["cwd"])
            os.umask(0o022)
            check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
        except BaseException as error:
            os.write(2, f"sandbox: the container's file system could not be made: {error}\n".encode())
            raise

    return enter


class NotRunning(OSError):
    """There is no container to enter."""


@contextlib.contextmanager
def joining(spec, container, pid, tty):
    """What runs in the child before it becomes a command in the container whose process is `pid`."""
    spaces = []
    try:
        for kind, name in ((NEWUSER, "user"), (NEWNS, "mnt")):
            spaces.append((kind, os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)))
    except OSError:
        for _, space in spaces:
            os.close(space)
        raise NotRunning(f'container not found ("{container["id"]}")') from None

    def enter():
        os.setsid()
        if tty:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
        for kind, space in spaces:
            check(libc.setns(space, kind), "setns")
        os.chroot(spec["root"])
        os.chdir(container["cwd"])
        os.umask(0o022)
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")

    try:
        yield enter
    finally:
        for _, space in spaces:
            os.close(space)
