"""Runs a command and writes what it took, with all that it started, as JSON.

usage: meter.py FIGURES COMMAND...
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time

EVERY_S = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


def parents():
    """Parent by process id, of all processes there are."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    found[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    return found


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def family(root):
    by_parent = {}
    for pid, parent in parents().items():
        by_parent.setdefault(parent, []).append(pid)
    members, new = [root], [root]
    while new:
        new = [child for parent in new for child in by_parent.get(parent, [])]
        members += new
    return members


def main():
    figures, command = sys.argv[1], sys.argv[2:]
    peak = 0
    ended = threading.Event()
    started = time.monotonic()
    child = subprocess.Popen(command)

    def watch():
        nonlocal peak
        while not ended.wait(EVERY_S):
            peak = max(peak, sum(resident(pid) for pid in family(child.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = child.wait()
    wall = time.monotonic() - started
    ended.set()
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(figures, "w") as out:
        largest_mib = used.ru_maxrss / 2**10
        found = {
            "code": code,
            "wallS": wall,
            "cpuS": used.ru_utime + used.ru_stime,
            "peakMiB": max(peak / 2**20, largest_mib),
            "largestMiB": largest_mib,
        }
        json.dump(found, out)
    sys.exit(code if code >= 0 else 128 - code)


main()
