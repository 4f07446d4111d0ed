"""Whether the system has killed for lack of memory: only then is that what a person is told."""

from __future__ import annotations

import re
from pathlib import Path

_COUNTERS = Path("/proc/vmstat")


def memory_kills(counters: Path = _COUNTERS) -> int | None:
    """How often this system has killed a process because memory ran out; None where it does not say."""
    try:
        found = re.search(r"^oom_kill (\d+)$", counters.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
