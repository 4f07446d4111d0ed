"""Each constraint of a prompt over a recording: from which step it held, and where it was lost again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualizer.measure.asked import checks_of
from visualizer.measure.checks import NOISE, Check
from visualizer.trace import Part, Phase, Trace, trace_parts

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


def scoreboard(trace: Trace) -> tuple[Course, ...]:
    """The constraints that the prompt names, over all states; none where it names none."""
    checks = checks_of(trace.info.prompt)
    if not checks:
        return ()
    answers: dict[str, tuple[bool, ...]] = {}
    for text in dict.fromkeys(texts := standing_texts(trace)):
        answers[text] = tuple(check.holds(text) for check in checks)
    before = [(False,) * len(checks), *(answers[text] for text in texts)]
    return tuple(
        Course(check, tuple(index for index in range(len(texts)) if before[index][n] != before[index + 1][n]))
        for n, check in enumerate(checks)
    )


def standing_texts(trace: Trace) -> list[str]:
    """The answer at every state as it stands, all blocks up to there: what is not accepted is NOISE."""
    parts = trace_parts(trace)
    texts, written = [], ""
    for index, state in enumerate(trace.states):
        shown = trace.shown_texts(index)
        answer = np.flatnonzero(parts[index] == Part.ANSWER).tolist()
        text = written + "".join(shown[position] if state.accepted[position] else NOISE for position in answer)
        if state.phase is Phase.COMMIT:
            written = text
        texts.append(text)
    return texts
