"""The inside of one Pod: its own name, network, process and mount namespaces, in which containers of real programs run.

Started by the runner as `pod.py SPEC`, in the Pod's folder. Commands come as JSON lines on standard input, events leave
as JSON lines on standard output; when the input ends, everything in the Pod ends. Needs no root where the kernel lets
ordinary users make namespaces. Traffic crosses the border by unix sockets: `in.sock` leads to the Pod's own ports,
`out.sock` belongs to the runner and leads to Services.
"""

import asyncio
import contextlib
import datetime
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys

from containers import NotRunning, entering, joining
from guests import Guests
from namespaces import (
    MS_PRIVATE,
    MS_REC,
    NEWNET,
    NEWNS,
    NEWPID,
    NEWUSER,
    NEWUTS,
    PR_SET_PDEATHSIG,
    bring_up_network,
    check,
    libc,
    mount,
    new_user,
    start_init,
)

OUTPUT_LIMIT = 10 * 1024


class Pod:
    def __init__(self, spec):
        self.spec = spec
        self.containers = {}
        self.running = {}
        self.listeners = {}
        self.tasks = set()
        self.guests = Guests(self.enter, describe)

    def emit(self, **event):
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    def spawn(self, container, argv, prepare, **streams):
        return subprocess.Popen(argv, env=container["env"], preexec_fn=prepare, close_fds=True, **streams)

    def enter(self, name, argv, tty, streams):
        """Starts a command in a container that runs: in its file system, with its environment, as its user."""
        container, process = self.containers.get(name), self.running.get(name)
        if container is None or process is None or process.poll() is not None:
            raise NotRunning(f'container not found ("{name}")')
        stdin, stdout, stderr = streams
        with joining(self.spec, container, process.pid, tty) as prepare:
            return self.spawn(container, argv, prepare, stdin=stdin, stdout=stdout, stderr=stderr)

    async def run(self):
        loop = asyncio.get_running_loop()
        self.border = await asyncio.start_unix_server(self.inbound, path="in.sock")
        self.door = await self.guests.serve()
        reader = asyncio.StreamReader(limit=2**24)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        self.emit(event="ready")
        while line := await reader.readline():
            await self.command(json.loads(line))
        # The runner is gone or wants the end: the namespaces' first process takes everything along.
        sys.stdout.flush()
        os._exit(0)

    async def command(self, order):
        op = order.pop("op")
        if op == "start":
            self.containers[order["id"]] = order
            self.keep(self.start(order))
        elif op == "signal":
            process = self.running.get(order["id"])
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, order["signal"])
        elif op == "exec":
            self.keep(self.execute(order))
        elif op == "listen":
            await self.listen(order["address"], order["port"])
        elif op == "unlisten":
            server = self.listeners.pop((order["address"], order["port"]), None)
            if server is not None:
                server.close()

    def keep(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def start(self, container):
        name = container["id"]
        out, err = os.pipe(), os.pipe()
        try:
            prepare = entering(self.spec, container)
            process = self.spawn(container, container["argv"], prepare, stdin=subprocess.DEVNULL, stdout=out[1], stderr=err[1])
        except (OSError, subprocess.SubprocessError) as error:
            os.close(out[0])
            said = os.read(err[0], OUTPUT_LIMIT) if select_ready(err[0]) else b""
            os.close(err[0])
            self.emit(event="failed", id=name, message=said.decode(errors="replace").strip() or describe(error, container))
            return
        finally:
            os.close(out[1])
            os.close(err[1])
        self.running[name] = process
        self.emit(event="started", id=name, pid=process.pid)
        log = open(container["log"], "ab", buffering=0)
        copies = [asyncio.ensure_future(self.copy(pipe[0], stream, log)) for pipe, stream in ((out, b"stdout"), (err, b"stderr"))]
        code = await wait(process)
        # A program may leave children behind that hold its output; its container has ended all the same.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        self.guests.dismiss(name)
        await asyncio.wait(copies, timeout=1)
        for task in copies:
            task.cancel()
        log.close()
        self.running.pop(name, None)
        self.emit(event="exited", id=name, code=code if code >= 0 else 128 - code, signal=-code if code < 0 else 0)

    async def copy(self, descriptor, stream, log):
        """Writes lines as a container runtime does. Source: the CRI log format of k8s.io/cri-api."""
        reader = asyncio.StreamReader(limit=2**20)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb"))
        try:
            while True:
                try:
                    line = await reader.readuntil(b"\n")
                except asyncio.IncompleteReadError as end:
                    line = end.partial
                except asyncio.LimitOverrunError as long:
                    line = await reader.readexactly(long.consumed)
                if not line:
                    return
                now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
                log.write(now.encode() + b" " + stream + b" F " + line.rstrip(b"\n") + b"\n")
        finally:
            transport.close()

    async def execute(self, order):
        """A command inside a container, for probes; its output comes back with its exit code."""
        read, write_end = os.pipe()
        try:
            streams = [subprocess.DEVNULL, write_end, write_end]
            process = self.enter(order["container"], order["argv"], False, streams)
        except (OSError, subprocess.SubprocessError) as error:
            os.close(read)
            self.emit(event="execed", id=order["id"], code=126, output=describe(error, order))
            return
        finally:
            os.close(write_end)
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb"))
        try:
            code = await asyncio.wait_for(wait(process), order["timeout"])
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await wait(process)
            transport.close()
            self.emit(event="execed", id=order["id"], code=-1, output=f"no answer within {order['timeout']} s")
            return
        with contextlib.suppress(asyncio.TimeoutError):
            output = await asyncio.wait_for(reader.read(OUTPUT_LIMIT), 1)
        transport.close()
        self.emit(event="execed", id=order["id"], code=code, output=output.decode(errors="replace"))

    async def listen(self, address, port):
        """Makes `address:port` of a Service reachable in here; where the Pod itself has the port, its own wins."""
        if (address, port) in self.listeners:
            return
        try:
            server = await asyncio.start_server(lambda r, w: self.outbound(r, w, address, port), address, port)
        except OSError as error:
            self.emit(event="unreachable", address=address, port=port, message=os.strerror(error.errno or 0))
            return
        self.listeners[(address, port)] = server

    async def outbound(self, reader, writer, address, port):
        await self.splice(reader, writer, asyncio.open_unix_connection("out.sock"), f"{address} {port}\n".encode())

    async def inbound(self, reader, writer):
        header = (await reader.readline()).decode().strip()
        try:
            other = await asyncio.open_connection(self.spec["address"], int(header))
        except (OSError, ValueError) as error:
            writer.write(f"no {getattr(error, 'strerror', None) or error}\n".encode())
            writer.close()
            return
        writer.write(b"ok\n")
        await both_ways((reader, writer), other)

    async def splice(self, reader, writer, opening, header):
        try:
            other = await opening
            other[1].write(header)
            answer = await other[0].readline()
        except OSError:
            answer = b""
        if answer != b"ok\n":
            # Nobody behind the Service: a refused connection, as kube-proxy's rules give. A reset comes as near as a process can.
            handle = writer.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.close()
            return
        await both_ways((reader, writer), other)


async def both_ways(one, other):
    await asyncio.gather(pump(one[0], other[1]), pump(other[0], one[1]))
    for _, writer in (one, other):
        writer.close()


async def pump(reader, writer):
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def wait(process):
    """Ends with the process; a poll, because the standard library's watchers differ between Python's versions."""
    pause = 0.01
    while (code := process.poll()) is None:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return code


def select_ready(descriptor):
    os.set_blocking(descriptor, False)
    return bool(select.select([descriptor], [], [], 0)[0])


def describe(error, container):
    """As a container runtime words it. Source: runc, libcontainer/standard_init_linux.go."""
    program = container["argv"][0]
    if isinstance(error, NotRunning):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f'exec: "{program}": executable file not found in $PATH'
    if isinstance(error, PermissionError):
        return f'exec: "{program}": permission denied'
    return f'exec: "{program}": {error}'


def main():
    if sys.argv[1] == "--try":
        # Whether this machine lets us do it at all; says why not by failing.
        spec = {"address": "10.98.0.1", "hostname": "try"}
    else:
        with open(sys.argv[1]) as file:
            spec = json.load(file)
    here = os.getcwd()
    spec.update(root=f"{here}/root", proc=f"{here}/proc", hosts=f"{here}/hosts")
    for folder in (spec["root"], spec["proc"]):
        os.makedirs(folder, exist_ok=True)
    for name in ("in.sock", "exec.sock"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    take_on = new_user((0, 0))
    check(libc.unshare(NEWUSER | NEWNS | NEWUTS | NEWPID | NEWNET), "unshare")
    take_on()
    # Pods of a StatefulSet read their number from it. The kernel takes 64 characters, Kubernetes cuts at 63.
    socket.sethostname(spec["hostname"][:63])
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    bring_up_network(spec["address"])
    start_init(spec["proc"])
    if sys.argv[1] == "--try":
        open(spec["hosts"], "w").close()
        container = {"user": [1000, 1000], "cwd": "/", "binds": [], "readOnlyRoot": True}
        sys.exit(subprocess.run(["true"], preexec_fn=entering(spec, container), env={"PATH": "/usr/bin:/bin"}).returncode)
    asyncio.run(Pod(spec).run())


if __name__ == "__main__":
    main()
