"""Faults that a test asks for: entries of a JSON file, read anew when it changes."""

import json
from pathlib import Path
from typing import Any

from aws_errors import expired, failing, throttled

KINDS = {"throttled": throttled, "expired": expired, "failing": failing}


class Faults:
    """`[{"service": "secretsmanager", "action": "GetSecretValue", "fault": "throttled", "times": 2}]`;
    without `action` every action of the service, without `times` until the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._entries: list[dict[str, Any]] = []

    def _read(self) -> None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._entries = None, []
            return
        if self._stamp != (stat.st_mtime_ns, stat.st_size):
            self._entries = json.loads(self.path.read_text())
            self._stamp = (stat.st_mtime_ns, stat.st_size)

    def strike(self, service: str, action: str | None) -> None:
        self._read()
        for entry in self._entries:
            if entry["service"] != service or entry.get("action", action) != action or entry.get("times", 1) < 1:
                continue
            if "times" in entry:
                entry["times"] -= 1
            raise KINDS[entry["fault"]](service)
