"""What every position of a canvas is part of: the answer, a thought, structure, or the tail after the end.

Derived from the texts of its positions and the answer's length, so that a recording need not say it. A thought stands
in a channel (`<|channel>thought`, a line break, the thought, `<channel|>`) or, as plain text at the head of the answer,
between `<think>` and `</think>`. The model mostly opens with an empty one: that is structure and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from visualizer.trace.canvas import CanvasState, Phase
from visualizer.trace.trace import Trace

CHANNEL_OPENER, CHANNEL_CLOSER = "<|channel>", "<channel|>"
_PLAIN_THOUGHT = re.compile(r"\s*<think>\s*(?P<thought>.*?)(?:\s*</think>\s*|\s*\Z)", re.DOTALL)


class Part(IntEnum):
    """What a position is part of. STRUCTURE: markers of thoughts, empty thoughts, other special tokens. TAIL: the stop
    token and all that follows it, and what lies beyond the budget."""

    ANSWER = 0
    THOUGHT = 1
    STRUCTURE = 2
    TAIL = 3


def canvas_parts(
    cells: Sequence[str],
    special: Sequence[bool] | np.ndarray,
    accepted: Sequence[bool] | np.ndarray,
    answer_length: int,
    opened: bool = False,
) -> np.ndarray:
    """The Part of every position (uint8 L).

    cells: the text shown at each; special: whether its token marks structure; answer_length: leading positions before
    the end. accepted: a special token that is still noise opens and marks nothing. opened: the text before has named
    a channel and left it open.
    """
    parts = np.full(len(cells), Part.ANSWER, dtype=np.uint8)
    parts[answer_length:] = Part.TAIL
    cells = cells[:answer_length]
    place = _mark_channel(parts, cells, 0, named=True) if opened else 0
    for position, cell in enumerate(cells):
        if position < place or not (special[position] and accepted[position]):
            continue
        parts[position] = Part.STRUCTURE
        if cell == CHANNEL_OPENER:
            place = _mark_channel(parts, cells, position + 1, named=False)
    _mark_plain_thought(parts, cells)
    return parts


class PartReader:
    """Reads the parts of a run's states one after the other: a thought can go on from block to block.

    begins_in_thought: the prompt ends in a channel that it has named and leaves open.
    """

    def __init__(self, begins_in_thought: bool = False) -> None:
        self._opened = begins_in_thought
        self._cells: list[str] = []
        self._special: list[bool] = []

    def read(self, state: CanvasState, cells: Sequence[str], special: frozenset[int]) -> np.ndarray:
        """The Part of every position (uint8 L). special: ids that mark structure, those of the state among them."""
        marks = np.isin(state.shown_ids(), list(special)).tolist()
        before = len(self._cells)
        parts = canvas_parts(
            [*self._cells, *cells],
            [*self._special, *marks],
            [*[True] * before, *state.accepted],
            before + state.answer_length,
            self._opened,
        )
        if state.phase is Phase.COMMIT:
            self._cells += cells[: state.answer_length]
            self._special += marks[: state.answer_length]
        return parts[before:]


def trace_parts(trace: Trace) -> tuple[np.ndarray, ...]:
    """The Part of every position (uint8 L), one array per state."""
    reader = PartReader(trace.begins_in_thought)
    return tuple(
        reader.read(state, trace.shown_texts(index), trace.special) for index, state in enumerate(trace.states)
    )


def _mark_channel(parts: np.ndarray, cells: Sequence[str], start: int, named: bool) -> int:
    """Mark a channel from its name, in a line of its own (named: that came before), to before its closer.

    Returns where it ends.
    """
    closer = next((place for place in range(start, len(cells)) if cells[place] == CHANNEL_CLOSER), None)
    end = len(cells) if closer is None else closer
    begin = start if named else _after_line(cells, start, end)
    parts[start:end] = Part.STRUCTURE
    if "".join(cells[begin:end]).strip():
        parts[begin:end] = Part.THOUGHT
    return end


def _after_line(cells: Sequence[str], start: int, end: int) -> int:
    """Where the next line's text begins: after the line break, or with it where letters stand in the same position."""
    for place in range(start, end):
        if "\n" in cells[place]:
            return place if cells[place].partition("\n")[2].strip() else place + 1
    return end


def _mark_plain_thought(parts: np.ndarray, cells: Sequence[str]) -> None:
    """Mark a thought in plain text, where the answer begins with one; a position that is partly text counts as text."""
    places = np.flatnonzero(parts == Part.ANSWER).tolist()
    found = _PLAIN_THOUGHT.match("".join(cells[place] for place in places))
    if found is None:
        return
    begin, end = found.span("thought")
    offset = 0
    for place in places:
        if offset >= found.end():
            break
        first, offset = offset, offset + len(cells[place])
        if begin < end and first < end and offset > begin:
            parts[place] = Part.THOUGHT
        elif offset <= found.end():
            parts[place] = Part.STRUCTURE
