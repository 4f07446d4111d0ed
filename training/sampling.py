"""Compares ways to sample from a checkpoint, on seeds of the demo prompts: what its generation_config.json should ask.

`python -m training.sampling [CHECKPOINT_FOLDER] [--seeds 20] [--bounds 0.003 0.1] [--temperatures 0.5-0.1 0.6-0.2]`
prints a Markdown table with one row for every entropy bound (nats) with every temperature schedule (first-last).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from training.corpus import FAMILIES
from training.evaluate import DemoFigures, markdown_table, measure_demo, percent
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import Checkpoint, load_checkpoint, read_card
from visualizer.run import run_info
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import Trace, trace_of

_HEADER = (
    "entropy bound", "temperatures", "constraint met", "the least of the six", "no stutter", "no spliced sentence",
    "mean steps, of each prompt", "reversions a run",
)  # fmt: skip


def runs(checkpoint: Checkpoint, family: str, settings: Settings, seeds: int) -> Iterator[Trace]:
    """A demo prompt from each seed."""
    prompt = FAMILIES[family].DEMO_PROMPT
    for seed in range(seeds):
        seeded = settings.changed(seed=seed)
        yield trace_of(run_info(checkpoint.card, prompt, seeded), frames(checkpoint, prompt, seeded))


def row(bound: float, schedule: tuple[float, float], figures: Sequence[DemoFigures]) -> tuple[str, ...]:
    """What one way to sample gives: means over the demo prompts."""

    def mean(name: str) -> float:
        return sum(getattr(demo, name) for demo in figures) / len(figures)

    return (
        f"{bound:g}",
        "{:g}–{:g}".format(*schedule),
        percent(mean("meets_constraint")),
        percent(min(demo.meets_constraint for demo in figures)),
        percent(mean("free_of_stutters")),
        percent(mean("free_of_spliced_sentences")),
        f"{mean('mean_steps'):.1f} ({', '.join(f'{demo.mean_steps:.0f}' for demo in figures)})",
        f"{mean('mean_reversions'):.1f}",
    )


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=POCKET_FOLDER, help="the checkpoint (default: pocket)")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each demo prompt (default 20)")
    parser.add_argument("--bounds", type=float, nargs="+", default=[0.003, 0.01, 0.03, 0.1], help="in nats")
    parser.add_argument("--temperatures", type=_schedule, nargs="+", default=[(0.5, 0.1), (0.6, 0.2)])
    asked = parser.parse_args()
    checkpoint = load_checkpoint(read_card(asked.folder))
    rows = []
    for bound, (first, last) in product(asked.bounds, asked.temperatures):
        settings = checkpoint.card.defaults.changed(entropy_bound=bound, t_max=first, t_min=last)
        figures = [measure_demo(family, list(runs(checkpoint, family, settings, asked.seeds))) for family in FAMILIES]
        rows.append(row(bound, (first, last), figures))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    print(markdown_table(_HEADER, rows))
    return 0


def _schedule(text: str) -> tuple[float, float]:
    first, last = map(float, text.split("-"))
    return first, last


if __name__ == "__main__":
    sys.exit(main())
