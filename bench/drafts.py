"""Whether the pocket keeps its constraints on a canvas that was written on: `python -m bench.drafts`.

For every seed a run of its own, and on its canvas another with the next seed: the last line of an acrostic held with
its end, the `def` line of a function held, the middle third of a story thrown back. Then texts of the corpus out of
which one or two stretches of 1 to 8 tokens are cut, as blanks of up to 8: whether they are found to be so long.
"""

# ruff: noqa: E402 - the faster BLAS must be loaded before MLX is imported.
from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator

from visualizer.model.blas import prefer_openblas

prefer_openblas()

from training.corpus import FAMILIES
from visualizer.bundled import POCKET_FOLDER
from visualizer.draft import NO_DRAFT, Draft
from visualizer.model import Checkpoint, TextTokens, load_checkpoint, read_card
from visualizer.run import fitted, run_info
from visualizer.run.frames import frames
from visualizer.settings import Settings
from visualizer.trace import Frame, Trace, hold, throw_back, trace_of

UP_TO = 8


def last_line_held(trace: Trace) -> tuple[Draft, str]:
    """The draft, and the text that is to stand in what it becomes."""
    cells, end = _cells(trace), trace.states[-1].answer_length
    start = max(place for place in range(end) if "\n" in cells[place]) + 1
    return hold(trace, len(trace.states) - 1, range(start, end + 1)), "".join(cells[start:end])


def first_line_held(trace: Trace) -> tuple[Draft, str]:
    """As above."""
    cells = _cells(trace)
    end = next(place for place, cell in enumerate(cells) if "\n" in cell)
    return hold(trace, len(trace.states) - 1, range(end + 1)), "".join(cells[:end])


def middle_thrown_back(trace: Trace) -> tuple[Draft, str]:
    """As above; of what stays, the end."""
    cells, end = _cells(trace), trace.states[-1].answer_length
    draft = throw_back(trace, len(trace.states) - 1, range(end // 3, 2 * end // 3))
    return draft, "".join(cells[2 * end // 3 : end])


TASKS: dict[str, tuple[str, Callable[[Trace], tuple[Draft, str]]]] = {
    "the last line of an acrostic held": ("acrostic", last_line_held),
    "the def line of a function held": ("function", first_line_held),
    "the middle of a story thrown back": ("story", middle_thrown_back),
}


def main() -> None:
    """Print one line a task."""
    parser = argparse.ArgumentParser(prog="python -m bench.drafts", description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    checkpoint = load_checkpoint(read_card(POCKET_FOLDER))
    for task, (name, make) in TASKS.items():
        family = FAMILIES[name]
        prompt = family.DEMO_PROMPT
        met = intact = 0
        for seed in range(1, seeds + 1):
            draft, text = make(_run(checkpoint, prompt, seed, NO_DRAFT))
            run = _run(checkpoint, prompt, seed + 1, draft)
            ids = [int(token_id) for state in run.states[-1:] for token_id in state.canvas_ids]
            intact += all(ids[place] == token_id for place, token_id in draft.pinned.items()) and text in run.answer
            met += not family.violations(prompt, run.answer)
        print(f"{task}: constraint met {met} of {seeds}, what was held intact {intact} of {seeds}", flush=True)
    for count, said in ((1, "one blank"), (2, "two blanks")):
        right = sum(_lengths_found(checkpoint, random.Random(seed), count) for seed in range(1, 2 * seeds + 1))
        print(f"{said} of up to {UP_TO} tokens: true lengths found {right} of {2 * seeds}", flush=True)


class _Here:
    """Stands where an engine stands: runs in this process."""

    loading = None

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def run(self, prompt: str, settings: Settings, draft: Draft) -> Iterator[Frame]:
        """The frames of a run."""
        return frames(self._checkpoint, prompt, settings, draft)


def _lengths_found(checkpoint: Checkpoint, rng: random.Random, count: int) -> bool:
    """Whether stretches that are cut out of a text get their lengths again."""
    card, settings = checkpoint.card, checkpoint.card.defaults.changed(seed=rng.randrange(1000))
    while True:
        example = FAMILIES[rng.choice(list(FAMILIES))].sample(rng)
        ids = TextTokens(card.folder, card.stop_ids).ids(example.answer)
        room = (len(ids) - 4) // count
        cuts = [
            (4 + place * room + rng.randrange(max(1, room - UP_TO - 3)), rng.randint(1, UP_TO))
            for place in range(count)
        ]
        if room > UP_TO + 3 and len(ids) + count * UP_TO < settings.canvas_length:
            break
    gone = {at + place for at, length in cuts for place in range(length)}
    text = dict(enumerate([*ids, TextTokens(card.folder, card.stop_ids).end_id or 0]))
    draft, added = Draft({at: token_id for at, token_id in text.items() if at not in gone}), 0
    loose = []
    for at, length in cuts:  # the blanks at their longest: what is behind them moves down
        more, start = UP_TO - length, at + added
        moved = {place + more if place > start else place: token_id for place, token_id in draft.pinned.items()}
        draft, added = Draft(moved), added + more
        loose.append((start, UP_TO))
    draft = Draft(draft.pinned, loose=tuple(loose))
    found = fitted(_Here(checkpoint), example.prompt, settings, draft, lambda _: None, lambda *_: True)
    return dict(found.pinned) == {at: token_id for at, token_id in text.items() if at not in gone}


def _run(checkpoint: Checkpoint, prompt: str, seed: int, draft: Draft) -> Trace:
    settings = checkpoint.card.defaults.changed(seed=seed)
    info = run_info(checkpoint.card, prompt, settings, draft)
    return trace_of(info, frames(checkpoint, prompt, settings, draft))


def _cells(trace: Trace) -> list[str]:
    return trace.shown_texts(len(trace.states) - 1)


if __name__ == "__main__":
    main()
