"""Makes the gallery, `assets/recordings/`: of each demo prompt the best of many runs, by a score that is said here.

`python -m training.recordings [--model MODEL] [--seeds 200] [--prompt ID]` (or `make recordings`) runs every prompt
from so many seeds as a click on its card does, and keeps the run with the highest score; the file says among how many.

A run is fit when the model has ended it, every constraint that the prompt names is met, and no word stands twice in a
row; of the pocket checkpoint also, when each of its sentences is one that the corpus could have written. Of the fit
ones the score is the sum of three shares: the probability that scaffold settles before content; the changes of mind
that it shows, whole from four on; and its length, whole from 12 to 30 steps and less by a twelfth for each step beyond.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from training.corpus import FAMILIES
from training.evaluate import broken_sentences, count_steps, prose, sampled_language, spliced_sentences, stutters
from visualizer.bundled import POCKET_FOLDER, RECORDINGS_FOLDER
from visualizer.errors import VisualizerError
from visualizer.hub import default_hub, obtain
from visualizer.measure import scaffold_first, scoreboard
from visualizer.model import Checkpoint, load_checkpoint
from visualizer.prompts import Prompt, load_prompts
from visualizer.run import run_info
from visualizer.run.frames import frames
from visualizer.trace import Part, Trace, changed, reverted, save_trace, trace_of, trace_parts

_SHORTEST, _LONGEST, _STEPS_TO_NOTHING = 12, 30, 12
_ENOUGH_CHANGES = 4


def score(trace: Trace) -> float:
    """From 0 to 3; see above."""
    steps = count_steps(trace.states)
    beyond = max(_SHORTEST - steps, steps - _LONGEST, 0)
    return (
        (scaffold_first(trace).probability or 0.0)
        + min(count_changes_of_mind(trace) / _ENOUGH_CHANGES, 1.0)
        + max(1 - beyond / _STEPS_TO_NOTHING, 0.0)
    )


def is_fit(trace: Trace) -> bool:
    """Whether the model has ended the run, with every constraint of its prompt met and no word twice in a row."""
    return trace.ended == "stop" and all(course.is_met for course in scoreboard(trace)) and not stutters(trace.answer)


def count_changes_of_mind(trace: Trace) -> int:
    """How often a token of the answer was accepted and then taken back, or replaced by another."""
    parts = trace_parts(trace)
    pairs = enumerate(pairwise(trace.states), start=1)
    return sum(
        int(((reverted(before, state) | changed(before, state)) & (parts[index] == Part.ANSWER)).sum())
        for index, (before, state) in pairs
    )


def best_of(checkpoint: Checkpoint, prompt: Prompt, seeds: int) -> Trace | None:
    """The run of a prompt with the highest score, of equals the first; None where no seed gives a fit one."""
    corpus = _Corpus(prompt) if checkpoint.card.folder == POCKET_FOLDER else None
    fit = (run for run in _runs(checkpoint, prompt, seeds) if is_fit(run) and (corpus is None or corpus.has(run)))
    best = max(fit, key=score, default=None)
    return best and replace(best, info=replace(best.info, chosen_among=seeds))


def _runs(checkpoint: Checkpoint, prompt: Prompt, seeds: int) -> Iterator[Trace]:
    for seed in range(1, seeds + 1):
        settings = checkpoint.card.defaults.changed(max_tokens=prompt.budget, seed=seed)
        info = run_info(checkpoint.card, prompt.text, settings)
        print(f"\r{prompt.title}: seed {seed} of {seeds}", end="", file=sys.stderr, flush=True)
        yield trace_of(info, frames(checkpoint, prompt.text, settings))
    print(file=sys.stderr)


class _Corpus:
    """What the pocket checkpoint has learned to answer a demo prompt with."""

    def __init__(self, prompt: Prompt) -> None:
        self._family = next(family for family, corpus in FAMILIES.items() if prompt.text == corpus.DEMO_PROMPT)
        self._language = sampled_language(self._family)

    def has(self, trace: Trace) -> bool:
        """Whether it could have written each sentence of the answer."""
        prompt, text = trace.info.prompt, prose(self._family, trace.answer)
        return not (
            broken_sentences(text, self._language)
            or spliced_sentences(text, prompt, self._language)
            or FAMILIES[self._family].violations(prompt, trace.answer)
        )


def main(arguments: list[str] | None = None) -> int:
    """Make the gallery's recordings. Returns the exit status."""
    prompts = load_prompts()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket", help="pocket (default), a checkpoint folder or a hub id")
    parser.add_argument("--seeds", type=int, default=200, help="runs of each prompt, from seed 1 on (default 200)")
    parser.add_argument("--prompt", choices=[prompt.id for prompt in prompts], help="only this one (default: all)")
    parser.add_argument("--folder", type=Path, default=RECORDINGS_FOLDER, help="where to write")
    asked = parser.parse_args(arguments)
    if asked.seeds < 1:
        parser.error("--seeds must be at least 1")
    try:
        checkpoint = load_checkpoint(obtain(asked.model, default_hub(), sys.stderr))
        asked.folder.mkdir(parents=True, exist_ok=True)
        for prompt in prompts:
            if asked.prompt in (None, prompt.id):
                _record(checkpoint, prompt, asked.seeds, asked.folder / f"{prompt.id}.jsonl.gz")
    except (VisualizerError, OSError) as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def _record(checkpoint: Checkpoint, prompt: Prompt, seeds: int, path: Path) -> None:
    best = best_of(checkpoint, prompt, seeds)
    if best is None:
        print(f"{prompt.title}: none of {seeds} seeds gave a fit run; the recording stays as it is.", flush=True)
        return
    save_trace(best, path)
    kb = path.stat().st_size / len(best.states) / 1000
    print(
        f"{path.name}: seed {best.info.settings.seed}, score {score(best):.2f}, {count_steps(best.states)} steps, "
        f"{count_changes_of_mind(best)} changes of mind, {kb:.1f} KB a state\n  " + best.answer.replace("\n", "\n  "),
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
