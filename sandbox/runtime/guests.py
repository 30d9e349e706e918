"""Commands that somebody runs inside a container, as `kubectl exec` does.

The runner connects to the Pod's `exec.sock` and sends one JSON line: container, argv, stdin, tty. Then frames go both
ways: one byte for the channel, four for the length (big endian), the payload. The command ends when the connection
does, and when its container does.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import termios

# An empty frame of STDIN ends it; END is the last frame, and the only one on its channel.
STDIN, STDOUT, STDERR, END, SIZE = range(5)
CHUNK = 65536
ORDER_LIMIT = 2**22


class Gone(Exception):
    """Whoever asked for the command went away."""


class Guests:
    """`enter` starts a command: (container's name, argv, tty, streams) -> process; `explain` words why it could not."""

    def __init__(self, enter, explain):
        self.enter = enter
        self.explain = explain
        self.inside = {}

    async def serve(self):
        return await asyncio.start_unix_server(self.receive, path="exec.sock", limit=ORDER_LIMIT)

    def dismiss(self, container):
        """The container has ended, and with it all that runs in it."""
        for leader in self.inside.get(container, ()):
            end_session(leader)

    async def receive(self, reader, writer):
        guest = None
        try:
            order = json.loads(await reader.readline())
            try:
                guest = Guest(writer, *self.start(order))
            except (OSError, subprocess.SubprocessError) as error:
                await send(writer, END, json.dumps({"failed": self.explain(error, order)}).encode())
                return
            leaders = self.inside.setdefault(order["container"], set())
            leaders.add(guest.process.pid)
            try:
                code = await guest.stay(reader)
            finally:
                leaders.discard(guest.process.pid)
            await send(writer, END, json.dumps({"code": code if code >= 0 else 128 - code}).encode())
        except (Gone, OSError, ValueError):
            pass
        finally:
            writer.close()

    def start(self, order):
        if order["tty"]:
            ours, theirs = os.openpty()
            try:
                process = self.enter(order["container"], order["argv"], True, [theirs] * 3)
            except BaseException:
                os.close(ours)
                raise
            finally:
                os.close(theirs)
            return process, ours if order["stdin"] else None, {STDOUT: ours}
        pipes = [os.pipe() for _ in range(3)]
        (in_end, into), (out, out_end), (err, err_end) = pipes
        if not order["stdin"]:
            os.close(into)
        try:
            process = self.enter(order["container"], order["argv"], False, [in_end, out_end, err_end])
        except BaseException:
            for descriptor in (out, err, *([into] if order["stdin"] else [])):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (in_end, out_end, err_end):
                os.close(descriptor)
        return process, into if order["stdin"] else None, {STDOUT: out, STDERR: err}


class Guest:
    def __init__(self, writer, process, stdin, outputs):
        self.writer = writer
        self.process = process
        self.stdin = stdin
        self.outputs = outputs
        self.turn = asyncio.Lock()
        for descriptor in self.descriptors():
            os.set_blocking(descriptor, False)

    def descriptors(self):
        return {*self.outputs.values(), *(() if self.stdin is None else (self.stdin,))}

    async def stay(self, reader):
        """Its exit code, once all of its output was sent. Raises Gone when nobody wants it any more."""
        copies = [asyncio.ensure_future(self.copy(*output)) for output in self.outputs.items()]
        feeding = asyncio.ensure_future(self.feed(reader))
        leaving = asyncio.gather(*copies, return_exceptions=True)
        try:
            await asyncio.wait((feeding, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not leaving.done() or any(leaving.result()):
                raise Gone
            while (code := self.process.poll()) is None:
                # It closed its output before its end.
                if feeding.done():
                    raise Gone
                await asyncio.sleep(0.02)
            return code
        finally:
            for task in (feeding, *copies):
                task.cancel()
            await asyncio.gather(feeding, *copies, return_exceptions=True)
            for descriptor in self.descriptors():
                os.close(descriptor)
            if self.process.poll() is None:
                end_session(self.process.pid)
                await asyncio.get_running_loop().run_in_executor(None, self.process.wait)

    async def copy(self, channel, descriptor):
        while True:
            await until_ready(descriptor, "reader")
            try:
                chunk = os.read(descriptor, CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                # So does a terminal say that its last user has gone.
                return
            if not chunk:
                return
            async with self.turn:
                await send(self.writer, channel, chunk)

    async def feed(self, reader):
        """Takes what the client sends until it goes away."""
        while True:
            channel, length = struct.unpack(">BI", await reader.readexactly(5))
            payload = await reader.readexactly(length)
            if channel == SIZE:
                self.resize(json.loads(payload))
            elif channel == STDIN and self.stdin is not None:
                await self.write(payload)

    def resize(self, size):
        # Source: linux/asm-generic/termios.h, struct winsize.
        packed = struct.pack("HHHH", size["Height"], size["Width"], 0, 0)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.outputs[STDOUT], termios.TIOCSWINSZ, packed)

    async def write(self, payload):
        if not payload:
            self.end_input()
        while payload and self.stdin is not None:
            if not await until_ready(self.stdin, "writer", 1) and hung_up(self.writer):
                raise Gone
            try:
                payload = payload[os.write(self.stdin, payload) :]
            except BlockingIOError:
                continue
            except OSError:
                # It reads no more; what comes is dropped.
                self.end_input()

    def end_input(self):
        # A terminal has one descriptor for both ways.
        if self.stdin is not None and self.stdin not in self.outputs.values():
            os.close(self.stdin)
        self.stdin = None


async def send(writer, channel, payload):
    writer.write(struct.pack(">BI", channel, len(payload)) + payload)
    await writer.drain()


async def until_ready(descriptor, way, timeout=None):
    """True once one can read or write, false when the time is over."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    add, remove = getattr(loop, f"add_{way}"), getattr(loop, f"remove_{way}")
    add(descriptor, lambda: ready.done() or ready.set_result(True))
    try:
        return bool((await asyncio.wait((ready,), timeout=timeout))[0])
    finally:
        remove(descriptor)


def hung_up(writer):
    """Whether the other side has gone, although what it sent before was not read yet."""
    poll = select.poll()
    poll.register(writer.get_extra_info("socket").fileno(), select.POLLHUP)
    return bool(poll.poll(0))


def end_session(leader):
    """Ends a command and all that it started, but for what made a session of its own."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        # Of another user's, or just gone.
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat") as file:
                # After the name in parentheses: state, parent, group, session. Source: proc_pid_stat(5).
                session = int(file.read().rpartition(")")[2].split()[3])
            if session == leader:
                os.kill(int(name), signal.SIGKILL)
