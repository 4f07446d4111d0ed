"""When the first line of an answer stood whole, and when all of it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualizer.measure.standing import standing_of
from visualizer.trace import Flags, Trace, trace_parts


@dataclass(frozen=True)
class Milestones:
    """The first states at which some line of the answer stands whole, and at which all of it does; None: never.

    A line stands when all its tokens are accepted with their final texts, whether or not they are taken back later.
    """

    line: int | None
    answer: int | None


def milestones_of(trace: Trace) -> Milestones:
    """Of the answer as it is in the end."""
    there, line_of = _tokens(trace)
    if not len(line_of):
        return Milestones(None, None)
    lines = (_first_whole(there[:, line_of == line]) for line in np.unique(line_of[line_of >= 0]))
    return Milestones(min((at for at in lines if at is not None), default=None), _first_whole(there))


def _tokens(trace: Trace) -> tuple[Flags, np.ndarray]:
    """Which of the answer's A tokens stand at each of the S states (bool S×A), and in which line each is (int A).

    Blank lines are none (-1).
    """
    parts = trace_parts(trace)
    texts: list[str] = []
    standings = [standing_of(trace, block, parts) for block in trace.blocks]
    there = np.zeros((len(trace.states), sum(len(standing.texts) for standing in standings)), dtype=bool)
    start = 0
    for standing in standings:
        own = slice(start, start + len(standing.texts))
        there[standing.block.first : standing.block.last + 1, own] = standing.there
        there[standing.block.last + 1 :, own] = standing.there[-1]
        texts += standing.texts
        start = own.stop
    lines, line = [], 0
    for text in texts:
        lines.append(line)
        line += "\n" in text  # a token that holds a line break ends its line
    written = {line for line, text in zip(lines, texts, strict=True) if text.strip()}
    return there, np.array([line if line in written else -1 for line in lines], dtype=int)


def _first_whole(there: Flags) -> int | None:
    """The first state at which all tokens stand (there: bool S×A)."""
    whole = np.flatnonzero(there.all(axis=1))
    return int(whole[0]) if len(whole) else None
