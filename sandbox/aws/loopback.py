"""Audit hook: no code in a process that has it, moto's or its libraries', can reach another machine."""

from typing import Any

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1", "0.0.0.0", None, ""}


def _is_local(host: Any) -> bool:
    text = host.decode() if isinstance(host, bytes) else host
    return text in LOCAL_NAMES or (isinstance(text, str) and text.startswith("127."))


def stay_on_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        raise PermissionError(f"the sandbox reaches no address outside this machine: {host}")
