"""Our step beside the references', over many runs: `python -m bench.parity` (or `make parity`).

Every run takes another prompt, seed and settings, all drawn from the run's number. In float32 the reference is
transformers, with quantized weights it is mlx-vlm. The reference gets our noise and follows our decisions
(`bench.oracles`); compared is what it would have decided itself. Each side is run twice: step by step, where every step
of the reference makes its self-conditioning from our logits, so that both compute the same; and by itself, where it
feeds on its own, so that what rounding does in one step comes back in the next. Of decisions that differ, those that
lie within 1e-4 of their bound, where a rounding error decides, are counted apart. With --keep finished runs are kept in
a file and not run again, as long as the checkpoint is the same; remove it after a change of the code.
"""

# ruff: noqa: E402 - the faster BLAS must be loaded before MLX is imported.
from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import NamedTuple

from visualizer.model.blas import prefer_openblas

prefer_openblas()

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from bench.oracles import Follow, OracleRun, OurRun, Transformers, run_mlx_vlm, run_ours
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import Checkpoint, load_checkpoint, read_card
from visualizer.model.files import fingerprint
from visualizer.prompts import load_prompts
from visualizer.settings import Settings
from visualizer.trace import CanvasState

NEAR = 1e-4
ENTROPY_TOLERANCE = 1e-3
_WAYS = {Follow.LOGITS: "step by step", Follow.DECISIONS: "by itself"}
_OTHER_PROMPTS = (
    "Name three rivers.",
    "Write a haiku about an old lighthouse at night.",
    "def fibonacci(n):",
    "Warum ist der Himmel blau? 🌍 日本語でも。",
    "List the numbers from one to twenty, each with the one before and the one after it. " * 6,
)


@dataclass(frozen=True)
class Tally:
    """One run compared. *_off: decisions that differ by more than a rounding error; *_near: those on a bound."""

    steps: int = 0
    blocks: int = 0
    positions: int = 0
    masks_off: int = 0
    masks_near: int = 0
    candidates_off: int = 0
    candidates_near: int = 0
    stops_off: int = 0
    stops_near: int = 0
    commits_off: int = 0
    entropies_off: int = 0
    largest_entropy_gap: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        sums = {field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Tally)}
        return Tally(**sums | {"largest_entropy_gap": max(self.largest_entropy_gap, other.largest_entropy_gap)})


def draw_run(number: int, defaults: Settings) -> tuple[str, Settings]:
    """Prompt and settings of a run: mixed, and the same for the same number."""
    dice = random.Random(number)
    prompts = [prompt.text for prompt in load_prompts()] + list(_OTHER_PROMPTS)
    length = dice.choice([16, 32, 64, defaults.canvas_length])
    low = dice.choice([0.2, 0.4, 0.6])
    settings = defaults.changed(
        canvas_length=length,
        max_tokens=length * dice.choice([1, 1, 2, 3] if length < 64 else [1]),
        max_steps=dice.choice([6, 12, 24, 48] if length < 64 else [12, 24]),
        entropy_bound=dice.choice([0.01, 0.1, 0.1, 1.0, 10.0]),
        temperature=dice.choice([0.0, 0.0, 0.5, 1.0]),
        t_min=low,
        t_max=low + dice.choice([0.2, 0.4, 1.0]),
        stability_steps=dice.choice([1, 1, 2, 3]),
        stop_entropy=dice.choice([0.0, 0.005, 0.005, 0.1]),
        seed=dice.randrange(2**32),
    )
    return prompts[number % len(prompts)], settings


def compare(ours: OurRun, theirs: OracleRun, settings: Settings) -> Tally:
    """Count the decisions of a reference that followed `ours` and would have been others."""
    total = Tally(blocks=ours.states[-1].block + 1)
    total += Tally(commits_off=int(len(theirs.steps) != len(ours.steps)))
    for state, step, stopped in zip(ours.steps, theirs.steps, ours.stops(), strict=False):
        gap = np.abs(state.entropy_nats - step.entropy_nats)
        near_mask = _near_the_bound(state, settings.entropy_bound)
        near_candidate = np.log(state.top_probabilities[:, 0] / state.top_probabilities[:, 1]) < NEAR
        masks = state.accepted != step.accepted
        candidates = state.candidate_ids != step.candidate_ids
        # At the last possible step the block ends whatever the rule says.
        stops = step.stops != stopped and state.step < state.max_steps
        near_stop = abs(state.mean_entropy_nats - settings.stop_entropy) < NEAR or near_candidate.any()
        total += Tally(
            steps=1,
            positions=len(gap),
            masks_off=int((masks & ~near_mask).sum()),
            masks_near=int((masks & near_mask).sum()),
            candidates_off=int((candidates & ~near_candidate).sum()),
            candidates_near=int((candidates & near_candidate).sum()),
            stops_off=int(stops and not near_stop),
            stops_near=int(stops and near_stop),
            entropies_off=int((gap > ENTROPY_TOLERANCE).sum()),
            largest_entropy_gap=float(gap.max()),
        )
    return total


def _near_the_bound(state: CanvasState, bound: float) -> np.ndarray:
    """Positions (bool L) whose acceptance a change of 1e-4 nats could turn.

    Their sum lies that near to the bound, or their entropy that near to the last accepted or the first rejected one,
    with which they would change places.
    """
    entropies = state.entropy_nats.astype(np.float64)
    order = np.argsort(entropies, kind="stable")
    before = np.empty_like(entropies)
    before[order] = np.cumsum(entropies[order]) - entropies[order]
    edges = [entropies[state.accepted].max()] + ([] if state.accepted.all() else [entropies[~state.accepted].min()])
    at_an_edge = np.min([np.abs(entropies - edge) for edge in edges], axis=0) < NEAR
    return (np.abs(before - bound) < NEAR) | at_an_edge


class Side(NamedTuple):
    """Weights and a reference. transformers None: it is mlx-vlm. follow: what it takes over from our run."""

    checkpoint: Checkpoint
    transformers: Transformers | None
    follow: Follow


def compare_runs(side: Side, numbers: Sequence[int]) -> Iterator[Tally]:
    """One tally a run."""
    checkpoint, transformers, follow = side
    model, stop_ids = checkpoint.model, checkpoint.card.stop_ids
    for number in numbers:
        prompt, settings = draw_run(number, checkpoint.card.defaults)
        ids = checkpoint.prompt_ids(prompt, settings)
        ours = run_ours(model, ids, settings, stop_ids, keep_logits=follow == Follow.LOGITS)
        if transformers is not None:
            theirs = transformers.run(ids, settings, stop_ids, ours, follow)
            tally = compare(ours, theirs, settings)
            tally += Tally(commits_off=int(not np.array_equal(theirs.committed, ours.committed)))
        else:
            theirs = run_mlx_vlm(model, ids, settings, stop_ids, ours, follow)
            tally = compare(ours, theirs, settings)
        yield tally


def quantized(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint in 4 and 8 bits, as mlx-vlm quantizes this model."""
    nn.quantize(checkpoint.model, group_size=64, bits=4, class_predicate=checkpoint.model.quant_predicate)
    mx.eval(checkpoint.model.parameters())
    return checkpoint


def _row(name: str, runs: int, total: Tally) -> str:
    def pair(off: int, near: int) -> str:
        return f"{off:,} (+ {near:,})"

    return (
        f"| {name} | {runs} | {total.blocks} | {total.steps:,} | {total.positions:,} | "
        f"{pair(total.masks_off, total.masks_near)} | {pair(total.candidates_off, total.candidates_near)} | "
        f"{pair(total.stops_off, total.stops_near)} | {total.commits_off} | {total.entropies_off} | "
        f"{total.largest_entropy_gap:.1e} |"
    )


def _measured(name: str, side_of: Callable[[], Side], runs: int, kept: dict, keep: Path | None) -> Tally:
    done = kept.setdefault(name, {})
    missing = [number for number in range(runs) if str(number) not in done]
    tallies = compare_runs(side_of(), missing) if missing else ()
    for number, tally in zip(missing, tallies, strict=True):
        done[str(number)] = asdict(tally)
        print(f"{name}: run {number + 1} of {runs}", file=sys.stderr, flush=True)
        if keep is not None:
            _write_whole(keep, json.dumps(kept))
    return sum((Tally(**done[str(number)]) for number in range(runs)), Tally())


def _write_whole(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).replace(path)


def main() -> int:
    """Compare and print; 1 when anything differs, step by step, that does not lie on a bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--model", type=Path, default=POCKET_FOLDER)
    parser.add_argument("--keep", type=Path, help="JSON file of finished runs, read and written")
    arguments = parser.parse_args()
    kept = json.loads(arguments.keep.read_text()) if arguments.keep and arguments.keep.exists() else {}
    mark = fingerprint(arguments.model)
    if kept.get("checkpoint") != mark:
        kept = {"checkpoint": mark}
    card = read_card(arguments.model)
    sides = {
        "float32, transformers": lambda follow: Side(load_checkpoint(card), Transformers(arguments.model), follow),
        "quantized, mlx-vlm": lambda follow: Side(quantized(load_checkpoint(card)), None, follow),
    }
    totals = {
        (name, follow): _measured(f"{name}, {way}", partial(side_of, follow), arguments.runs, kept, arguments.keep)
        for follow, way in _WAYS.items()
        for name, side_of in sides.items()
    }
    print(
        "Decisions that differ from the reference's (in brackets, those within 1e-4 of their bound):\n\n"
        "| weights, reference | runs | blocks | steps | positions | accepted | candidates | stops | commits | "
        "entropies off by > 1e-3 nats | largest gap |\n" + "|---" * 11 + "|"
    )
    for (name, follow), total in totals.items():
        print(_row(f"{name}, {_WAYS[follow]}", arguments.runs, total))
    off = ("masks_off", "candidates_off", "stops_off", "commits_off", "entropies_off")
    checked = [total for (_, follow), total in totals.items() if follow is Follow.LOGITS]
    return int(any(getattr(total, name) for total in checked for name in off))


if __name__ == "__main__":
    sys.exit(main())
