"""What every position of a state shows: its text and how it looks. No places, no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from typing import NamedTuple

import numpy as np

from visualizer.trace import CanvasState, CellState, Part, Trace, Writing, cell_states, changed, reverted

SURE_LEVELS = 4
STRUCTURE_SIGN, _TAIL_SIGN = "◇", "◼"
TAIL_WORDS = {"one": f"{_TAIL_SIGN} end · 1 position", "many": f"{_TAIL_SIGN} end · {{count}} positions"}
"""What stands for the positions after the end."""
_TIED = "\u00a0"
"""A space at which no line breaks."""


class Mark(IntEnum):
    """What happened to a position at this step, beside its state."""

    NONE = 0
    REVERTED = 1
    CHANGED = 2


class Look(NamedTuple):
    """What a cell is drawn as. sure: 0 to 3, of noise: how probable its candidate is. part: all but the answer is
    quiet. lit: the eye is led to it. heat: where its colour is not its state's, how strong it is, from 0. held: a draft
    put it there, and it stays: nothing happens to it."""

    state: CellState
    mark: Mark = Mark.NONE
    sure: int = 0
    part: Part = Part.ANSWER
    lit: bool = False
    heat: int | None = None
    held: bool = False


_LOOK_SHAPE = (len(CellState), len(Mark), SURE_LEVELS, len(Part))
_ALL_LOOKS = [
    Look(CellState(state), Mark(mark), sure, Part(part)) for state, mark, sure, part in np.ndindex(_LOOK_SHAPE)
]


@dataclass(frozen=True, eq=False)
class Shown:
    """One state ready to be placed: every position's text and look (None: nothing is drawn), and its part.

    Neighbours that are structure are one sign, the tail is one remark (of a typed text the stop token alone); both
    stand at their first position, and the others have no text. After a thought a line stays free.
    """

    texts: list[str]
    looks: list[Look | None]
    parts: list[Part]


def shown_of(trace: Trace, index: int, parts: Sequence[int] | np.ndarray, before: str = "") -> Shown:
    """Texts and looks of a state's positions.

    parts: of every position. before: the text of a thought that the block before leaves open.
    """
    state = trace.states[index]
    kinds = [Part(part) for part in parts]
    looks: list[Look | None] = list(_looks(trace.states[index - 1] if index else None, state, parts))
    for position in np.flatnonzero(state.pinned).tolist():
        looks[position] = Look(CellState.COMMITTED, part=kinds[position], held=True)
    texts = trace.shown_texts(index)
    for position in np.flatnonzero(~state.accepted & np.isin(state.shown_ids(), list(trace.special))).tolist():
        texts[position] = special_sign(texts[position])  # noise in the room of its candidate, which would be a sign
    thought, end = before, 0
    for part, run in groupby(kinds):
        start, end = end, end + len(list(run))
        if part is Part.THOUGHT:
            thought = texts[end - 1]
        elif part is Part.STRUCTURE:
            texts[start] = _break_after(thought) if thought else f"{STRUCTURE_SIGN} "
            looks[start] = None if thought else looks[start]
        elif part is Part.TAIL and trace.info.writing is not Writing.DENOISED:
            texts[start], looks[start] = _typed_end(texts[:start], looks[start], int(state.accepted[start:end].sum()))
        elif part is Part.TAIL:
            calm = CellState.COMMITTED if looks[start] == Look(CellState.COMMITTED, part=part) else CellState.DRAFT
            texts[start] = tail_remark(end - start, "".join(texts[:start])[-1:])
            looks[start] = Look(calm, part=part)
        if part in (Part.STRUCTURE, Part.TAIL):
            texts[start + 1 : end] = [""] * (end - start - 1)
            looks[start + 1 : end] = [None] * (end - start - 1)
        thought = thought if part is Part.THOUGHT else ""
    return Shown(texts, looks, kinds)


def _typed_end(before: Sequence[str], look: Look | None, written: int) -> tuple[str, Look | None]:
    """What stands at the end of a typed text: the stop token, where it is written, and nothing after it."""
    return (tail_remark(written, "".join(before)[-1:]), look) if written else ("", None)


def tail_remark(count: int, before: str = " ") -> str:
    """What stands for so many positions after the end, apart from the character before."""
    words = TAIL_WORDS["one" if count == 1 else "many"].format(count=f"{count:,}").replace(" ", _TIED)
    return f" {words}" if before.strip() else words


def special_sign(text: str) -> str:
    """The small sign that stands for a special token."""
    if "pad" in text:
        return "·"
    return _TAIL_SIGN if "turn|" in text or "eos" in text or "end" in text else STRUCTURE_SIGN


def _break_after(thought: str) -> str:
    """The line breaks after a thought, so that one line stays free."""
    return "\n" if thought.endswith("\n") else "\n\n"


def _looks(before: CanvasState | None, state: CanvasState, parts: Sequence[int] | np.ndarray) -> list[Look]:
    codes = cell_states(before, state).astype(int)
    marks = Mark.REVERTED * reverted(before, state) + Mark.CHANGED * changed(before, state)
    sure = np.minimum((state.probability * SURE_LEVELS).astype(int), SURE_LEVELS - 1) * (codes == CellState.MASKED)
    places = np.ravel_multi_index((codes, marks, sure, np.asarray(parts, dtype=int)), _LOOK_SHAPE)
    return [_ALL_LOOKS[place] for place in places.tolist()]
