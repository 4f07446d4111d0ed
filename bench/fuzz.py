"""Whether anything that is sent hurts the app: `python -m bench.fuzz [--calls 10000] [--seed 1]`.

Serves it with an empty home and no hub, sends what no client sends (tests/support/fuzz.py), and prints what came of it.
Exit status 1 where anything did not hold. A seed repeats the calls.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.browser import served_process
from tests.support.fuzz import Fuzzer

_MOST_LOG_LINES = 200


def main() -> int:
    """Make the calls and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, help="the app's log, to be read afterwards")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        log = arguments.log or Path(home) / "log"
        with served_process(home=Path(home), log=log, HF_ENDPOINT="http://127.0.0.1:9") as served:
            fuzzer = Fuzzer(served.address, arguments.seed)
            fuzzer.run(100)
            before = _resident_mb(served.process.pid)
            found = fuzzer.run(arguments.calls)
            after = _resident_mb(served.process.pid)
            ended = served.process.poll() is not None
        lines = [line for line in log.read_text(errors="replace").splitlines() if " Run " not in line]
    for fault in found.faults:
        print(fault, file=sys.stderr)
    print("| calls | answered, by status | faults | slowest answer | resident | lines in the log beside one a run |")
    print("|---|---|---|---|---|---|")
    statuses = ", ".join(f"{count:,} × {status}" for status, count in sorted(found.statuses.items()))
    figures = f"{len(found.faults)} | {found.slowest_seconds:.1f} s | {before:.0f} MB, {after:.0f} MB | {len(lines)}"
    print(f"| {found.calls:,} | {statuses} | {figures} |")
    print(f"The slowest: {found.slowest[:200]}")
    return 1 if found.faults or ended or len(lines) >= _MOST_LOG_LINES else 0


def _resident_mb(process: int) -> float:
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True).stdout
    return int(said) / 1024


if __name__ == "__main__":
    sys.exit(main())
