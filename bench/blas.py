"""Times the pocket checkpoint's step with the system's OpenBLAS, with OpenCV's, and with MLX's own reference BLAS.

`python -m bench.blas [--steps 40] [--rounds 3]` prints a Markdown table. Linux only. Each library is timed in processes
of its own, since one that was loaded once stays; the rounds take turns, so that a busy moment meets all of them.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import subprocess
import sys
import time

from visualizer.model.blas import SYSTEM_LIBRARY, carried_libraries

_PROMPT = "Why is the sky blue? Answer in exactly three sentences."
_WARM_UP = 3
_NONE = "none"


def main() -> None:
    """Print the table; with --child, one process's step times as JSON."""
    arguments = _parse()
    if arguments.child:
        print(json.dumps(time_steps(arguments.child, arguments.steps)))
        return
    libraries = {"none (MLX's reference BLAS)": _NONE, "the system's OpenBLAS": SYSTEM_LIBRARY}
    if carried := carried_libraries():
        libraries["OpenCV's OpenBLAS"] = carried[0]
    times: dict[str, list[float]] = {label: [] for label in libraries}
    for _ in range(arguments.rounds):
        for label, library in libraries.items():
            times[label] += _in_a_process(library, arguments.steps)
    print("| BLAS | median of a step | p95 | steps timed |\n|---|---|---|---|")
    for label, seconds in times.items():
        print(f"| {label} | {_row(seconds)} |")


def time_steps(library: str, steps: int) -> list[float]:
    """Seconds of each denoising step (128 positions) after a warm-up.

    Raises OSError when the library is not there.
    """
    if library != _NONE:
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    # MLX binds its BLAS when it is imported: what the app's own loader finds after that makes no difference.
    import mlx.core  # noqa: F401

    from visualizer.bundled import POCKET_FOLDER
    from visualizer.model import load_checkpoint, read_card
    from visualizer.run.frames import frames

    checkpoint = load_checkpoint(read_card(POCKET_FOLDER))
    settings = checkpoint.card.defaults.changed(max_steps=steps + _WARM_UP, stop_entropy=0.0, max_tokens=128, seed=1)
    seconds, before = [], time.perf_counter()
    for _ in frames(checkpoint, _PROMPT, settings):
        now = time.perf_counter()
        seconds.append(now - before)
        before = now
    return seconds[1 + _WARM_UP : -1]  # Neither the noise, nor the first steps, nor the commit.


def _in_a_process(library: str, steps: int) -> list[float]:
    command = [sys.executable, "-m", "bench.blas", "--child", library, "--steps", str(steps)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode == 0:
        return json.loads(finished.stdout)
    if "OSError" not in finished.stderr:
        raise RuntimeError(finished.stderr)
    return []


def _row(seconds: list[float]) -> str:
    if not seconds:
        return "not installed (apt install libopenblas0) | – | 0"
    p95 = sorted(seconds)[int(0.95 * (len(seconds) - 1))]
    return f"{statistics.median(seconds) * 1000:.0f} ms | {p95 * 1000:.0f} ms | {len(seconds)}"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the pocket's step with each BLAS.")
    parser.add_argument("--steps", type=int, default=40, help="steps timed in each process")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each library")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
