"""Whether anything that is sent hurts the app: `python -m bench.fuzz [--calls 10000] [--seed 1]`.

Serves it with an empty home and no hub, sends what no client sends (tests/support/fuzz.py), and prints what came of it.
Exit status 1 where anything did not hold. A seed repeats the calls.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.resident import held, model_process
from tests.support.browser import served_process
from tests.support.fuzz import Fuzzer

_MOST_LOG_LINES = 200
_FILLING_CALLS = 500
"""Until what is kept within bounds is full; memory is measured from there."""
_MOST_GROWTH = 0.05


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
            fuzzer.run(min(_FILLING_CALLS, arguments.calls))
            before = _resident_mb(served.process.pid)
            found = fuzzer.run(arguments.calls)
            after = _resident_mb(served.process.pid)
            ended = served.process.poll() is not None
        lines = [line for line in log.read_text(errors="replace").splitlines() if " Run " not in line]
    for fault in found.faults:
        print(fault, file=sys.stderr)
    print("| calls | answered, by status | faults | slowest answer | resident, the page's process and the model's "
          "| lines in the log beside one a run |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    statuses = ", ".join(f"{count:,} × {status}" for status, count in sorted(found.statuses.items()))
    resident = ", ".join(f"{one:.0f} → {other:.0f} MB" for one, other in zip(before, after, strict=True))
    figures = f"{len(found.faults)} | {found.slowest_seconds:.1f} s | {resident} | {len(lines)}"
    print(f"| {found.calls:,} | {statuses} | {figures} |")
    print(f"The slowest: {found.slowest[:200]}")
    grew = after[0] > before[0] * (1 + _MOST_GROWTH)
    return 1 if found.faults or ended or grew or len(lines) >= _MOST_LOG_LINES else 0


def _resident_mb(server: int) -> tuple[float, float]:
    """Of the page's process and of the model's."""
    model = model_process(server)
    return held(server).resident_mb, held(model).resident_mb if model is not None else 0.0


if __name__ == "__main__":
    sys.exit(main())
