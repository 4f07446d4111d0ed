"""What the app's processes hold: memory, threads and open files, as the system counts them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Held:
    """By one process. files: open ones; None where the system has no /proc, as threads."""

    resident_mb: float
    threads: int | None
    files: int | None


def held(process: int) -> Held:
    """What a process holds now; its memory is 0 where it has ended."""
    own = Path("/proc") / str(process)
    try:
        threads, files = (sum(1 for _ in (own / name).iterdir()) for name in ("task", "fd"))
    except OSError:
        return Held(_resident_mb(process), None, None)
    return Held(_resident_mb(process), threads, files)


def model_process(server: int) -> int | None:
    """The number of the model's process of a server; None while it has none.

    The server has another child: the one that cleans up after Python's multiprocessing, which is small.
    """
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children = [int(line.split()[0]) for line in told.splitlines() if int(line.split()[1]) == server]
    return max(children, key=_resident_mb, default=None)


def _resident_mb(process: int) -> float:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True).stdout
    return int(told or 0) / 1024
