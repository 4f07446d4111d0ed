"""Whether the app stays up and loses nothing: `python -m bench.soak [--runs 208] [--seed 1]`.

Ten programs and two pages of real browsers come at once, twice each, so that what is kept within bounds is full; then
twenty runs of one prompt alone; then all again, who stop, dawdle and vanish while the model's process is killed, hangs
and aborts; then twenty alone. All that they are told is checked as it comes, and at the end against the kept recordings
(tests/support/witness.py). Prints a Markdown table; exit status 1 where anything did not hold. A seed repeats what the
clients do, and after how many frames each fault comes.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.resident import Held, held, model_process
from tests.support.browser import Served, served_process
from tests.support.clients import ApiClient, use_page
from tests.support.witness import FAULTS, Asked, Fault, Witness
from visualizer.prompts import load_prompts
from visualizer.trace import Phase, load_trace

ALONE = 20
"""Runs before the faults, and after."""
_FILLING = 2
"""Runs of each before that."""
_PROGRAMS, _PAGES = 10, 2
_EVERY = (5, 40)
"""Frames between two faults."""
_MEASURED = {"max_tokens": 64, "canvas_length": 64, "max_steps": 24, "entropy_bound": 0.0}
"""One position is accepted at a step: all take as many."""
_MOST_SLOWER, _MOST_GROWTH, _MOST_THREADS, _MOST_FILES = 1.05, 0.03, 4, 4
_ALLOWED_SECONDS = {"killed": 2.0, "aborts": 2.0, "hangs": 22.0}
"""Until it is told; a silence is allowed 20 s (visualizer/run/engine.py)."""


@dataclass(frozen=True)
class Crowd:
    """Who comes at once. runs: of each program; rounds: of each page; faults: what is done to the model's process."""

    programs: int
    pages: int
    runs: int
    rounds: int
    faults: Sequence[Fault]
    every: tuple[int, int] = _EVERY


def let_in(crowd: Crowd, served: Served, home: Path, seed: int, witness: Witness) -> None:
    """Let them come, and return when all have gone. home: the app's."""
    luck, demos = random.Random(seed), {prompt.id: prompt.text for prompt in load_prompts()}
    folder = runs_folder(home)
    coming = [(luck.randint(*crowd.every), fault) for fault in crowd.faults]
    witness.let_faults_come(coming, lambda: model_process(served.process.pid))
    with ThreadPoolExecutor(crowd.programs + crowd.pages) as threads:
        everybody = []
        for number in range(crowd.programs):
            name = f"program {number}"
            own = random.Random(f"{seed} {name}")
            program = ApiClient(served.address, witness, name, own, list(demos.values()))
            everybody.append(threads.submit(program.run, crowd.runs))
        for number in range(crowd.pages):
            name = f"page {number}"
            own = random.Random(f"{seed} {name}")
            everybody.append(threads.submit(use_page, served.address, witness, name, own, demos, folder, crowd.rounds))
        while wait(everybody, timeout=1).not_done:
            witness.let_go_of_hangs()
    witness.let_faults_come([], lambda: None)
    for one in everybody:
        one.result()


def runs_folder(home: Path) -> Path:
    """Where the app of this home keeps finished runs."""
    return home / ".cache" / "diffusiongemma-visualizer" / "runs"


def main() -> int:
    """Soak, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=208)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=4, help="of each kind")
    parser.add_argument("--log", type=Path, help="the app's log, to be read afterwards")
    arguments = parser.parse_args()
    each = max(1 + _FILLING, (arguments.runs - 2 * ALONE) // (_PROGRAMS + _PAGES))
    coming = [fault for fault in FAULTS for _ in range(arguments.faults)]
    random.Random(arguments.seed).shuffle(coming)
    filling = Crowd(_PROGRAMS, _PAGES, _FILLING, _FILLING, [])
    crowd, witness = Crowd(_PROGRAMS, _PAGES, each - _FILLING, each - _FILLING, coming), Witness()
    with tempfile.TemporaryDirectory() as name:
        home, log = Path(name), arguments.log or Path(name) / "log"
        with served_process(home=home, log=log) as served:
            let_in(filling, served, home, -arguments.seed, witness)
            first, before = _alone(served, witness)
            let_in(crowd, served, home, arguments.seed, witness)
            last, after = _alone(served, witness)
        lost = witness.check_recordings(runs_folder(home))
        slower = _step_ms(last, home) / _step_ms(first, home)
    for sentence in witness.wrong:
        print(sentence, file=sys.stderr)
    print("\n".join(_table(witness, lost, slower, before, after)))
    return 0 if _holds(witness, lost, slower, before, after) else 1


def _alone(served: Served, witness: Witness) -> tuple[list[Asked], Held]:
    """Runs of one program that nobody disturbs, and what the page's process holds after them."""
    prompt = load_prompts()[0].text
    program = ApiClient(served.address, witness, "alone", random.Random(0), [prompt])
    asked = [program.ask(prompt, {**_MEASURED, "seed": seed}) for seed in range(ALONE)]
    return asked, held(served.process.pid)


def _step_ms(runs: Sequence[Asked], home: Path) -> float:
    """The median of a step in the recordings of some runs."""
    medians = []
    for asked in runs:
        trace = load_trace(runs_folder(home) / f"{asked.run_id}.jsonl.gz")
        times = [state.elapsed_ms for state in trace.states if state.phase is Phase.STEP]
        medians.append(float(np.median(np.diff(times))))
    return statistics.median(medians)


def _late(witness: Witness) -> list[str]:
    return [name for name, told in witness.told_seconds.items() if max(told) > _ALLOWED_SECONDS[name]]


def _holds(witness: Witness, lost: int, slower: float, before: Held, after: Held) -> bool:
    grew = after.resident_mb / before.resident_mb - 1
    return (
        not witness.wrong
        and not lost
        and not _late(witness)
        and slower <= _MOST_SLOWER
        and grew <= _MOST_GROWTH
        and (after.threads or 0) <= (before.threads or 0) + _MOST_THREADS
        and (after.files or 0) <= (before.files or 0) + _MOST_FILES
    )


def _table(witness: Witness, lost: int, slower: float, before: Held, after: Held) -> Iterator[str]:
    """Two columns: what, and its figure."""
    ends = ", ".join(f"{count} {name}" for name, count in witness.ends.most_common())
    resident = f"{before.resident_mb:.0f} → {after.resident_mb:.0f} MB"
    yield "| what | figure |"
    yield "|---|---|"
    yield f"| runs, by their ends | {ends} |"
    yield f"| frames of others, lost runs, all that cannot be | {witness.foreign}, {lost}, {len(witness.wrong)} |"
    yield f"| a step, last {ALONE} runs over first {ALONE} | {slower:.2f} |"
    yield f"| resident, after the first {ALONE} and at the end | {resident} |"
    yield f"| threads, open files | {before.threads} → {after.threads}, {before.files} → {after.files} |"
    for name, count in witness.faults_done.items():
        told = sorted(witness.told_seconds.get(name, []))
        spread = f", in {statistics.median(told):.2f} s, at most {told[-1]:.2f} s" if told else ""
        yield f"| the model's process {name} | {count} times, {len(told)} told to who listened{spread} |"


if __name__ == "__main__":
    sys.exit(main())
