"""Whether any file can hurt the reader of recordings: `python -m bench.damaged [--files 10000]`.

Damages a real recording in thousands of ways, plain and packed, and loads each: it loads or is refused with one
sentence. Prints the slowest load and the most memory that this process ever had.
"""

from __future__ import annotations

import argparse
import gzip
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.support.mutations import mutate
from visualizer.errors import TraceError
from visualizer.trace import load_trace

RECORDINGS = Path(__file__).resolve().parent.parent / "assets" / "recordings"


def main() -> int:
    """Damage, load, count. Returns 1 when a file was neither loaded nor refused with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--recording", type=Path, default=next(iter(sorted(RECORDINGS.glob("*.jsonl.gz"))), None))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    plain, packed = _both_forms(arguments.recording)
    draw, loaded, refused, slowest_s = random.Random(arguments.seed), 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.files):
            whole, name = ((plain, "run.jsonl"), (packed, "run.jsonl.gz"))[number % 2]
            path = Path(folder) / name
            path.write_bytes(mutate(whole, draw))
            started = time.perf_counter()
            try:
                load_trace(path)
                loaded += 1
            except TraceError as exc:
                refused += 1
                if "\n" in str(exc) or not str(exc).endswith("."):
                    print(f"file {number} (seed {arguments.seed}): not one sentence: {exc!r}", file=sys.stderr)
                    return 1
            slowest_s = max(slowest_s, time.perf_counter() - started)
    unit = 1 if sys.platform == "darwin" else 1024
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    print(f"{loaded} loaded, {refused} refused; slowest {slowest_s:.3f} s; most memory {memory_mb:.0f} MB")
    return 0


def _both_forms(recording: Path) -> tuple[bytes, bytes]:
    """The recording's lines, and the packed file. A packed one that is damaged is seldom read far."""
    packed = recording.read_bytes()
    return gzip.decompress(packed), packed


if __name__ == "__main__":
    sys.exit(main())
