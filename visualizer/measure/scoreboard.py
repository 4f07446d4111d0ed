"""Each constraint of a prompt over a recording: from which step it held, and where it was lost again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualizer.measure.asked import checks_of
from visualizer.measure.checks import NOISE, Check
from visualizer.trace import CanvasState, Part, Phase, Trace, trace_parts

STAND_SIGNS = {"met": "✓", "lost": "✕", "open": "–"}
"""Of a constraint that holds, that held and does not, and that has not held yet."""


@dataclass(frozen=True)
class Course:
    """A check, and the indices of the states at which its answer changes: at the first it is met, at the next lost."""

    check: Check
    turns: tuple[int, ...]

    def standing(self, index: int) -> str:
        """How it stands at a state, a key of STAND_SIGNS."""
        passed = sum(turn <= index for turn in self.turns)
        return "met" if passed % 2 else "lost" if passed else "open"

    @property
    def is_met(self) -> bool:
        """Whether it holds at the end."""
        return len(self.turns) % 2 == 1


class Scoring:
    """The constraints that a prompt names, asked at the states of its run, one after the other."""

    def __init__(self, prompt: str) -> None:
        self.checks = checks_of(prompt)
        self._held = (False,) * len(self.checks)
        self._text = StandingText()

    def turned(self, state: CanvasState, cells: Sequence[str], parts: np.ndarray) -> tuple[int, ...]:
        """Which checks, by number, are met or lost with this state. cells: the text shown at each position; parts: the
        Part of each."""
        before = self._text.last
        if not self.checks or self._text.read(state, cells, parts) == before:
            return ()
        was, self._held = self._held, tuple(check.holds(self._text.last) for check in self.checks)
        return tuple(number for number, held in enumerate(self._held) if held != was[number])


class StandingText:
    """The answer as it stands at the states of a run, read one after the other: all blocks up to there.

    What is not accepted is NOISE. last: that of the last state read.
    """

    def __init__(self) -> None:
        self.last = ""
        self._committed = ""

    def read(self, state: CanvasState, cells: Sequence[str], parts: np.ndarray) -> str:
        """The text with the next state."""
        answer = np.flatnonzero(parts == Part.ANSWER).tolist()
        self.last = self._committed + "".join(cells[place] if state.accepted[place] else NOISE for place in answer)
        if state.phase is Phase.COMMIT:
            self._committed = self.last
        return self.last


def scoreboard(trace: Trace) -> tuple[Course, ...]:
    """The constraints that the prompt names, over all states; none where it names none."""
    scoring, parts = Scoring(trace.info.prompt), trace_parts(trace)
    turns: list[list[int]] = [[] for _ in scoring.checks]
    for index, state in enumerate(trace.states):
        for number in scoring.turned(state, trace.shown_texts(index), parts[index]):
            turns[number].append(index)
    return tuple(Course(check, tuple(at)) for check, at in zip(scoring.checks, turns, strict=True))
